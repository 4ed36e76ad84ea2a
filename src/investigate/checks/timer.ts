/** The timer: when it runs, in words and times, whether it is active, whose file it is. */
import type { DiskUnit } from '../../timers/disk.ts';
import { nextRuns, whenOf, type When } from '../../timers/schedule.ts';
import { isTrue, lastOf } from '../../host/units.ts';
import { messageOf } from '../../model/errors.ts';
import { legible } from '../../model/text.ts';
import type { Moment, Sign } from '../result.ts';
import { settings, type Check, type Outcome } from './check.ts';
import { fileRows, unitFileSigns, unknownOf } from './unit-file.ts';

/** How often is too often for a job that anyone wants to be seen. */
const OFTEN_MS = 60_000;
/** Settings that are shown, and calendars of which the next runs are asked for: a program each, all at once. */
const MOST_SETTINGS = 60;
const MOST_CALENDARS = 20;

export const timer: Check = {
  id: 'timer',
  title: { en: 'The timer: when it runs and whose it is', 'zh-CN': '计时器:何时运行,属于谁' },
  async look(evidence) {
    const { units, managedTimer } = evidence;
    const [unit, ...others] = units.timers;
    if (unit === undefined) return { ...settings([]), skipped: units.serviceName === undefined ? 'the event is of no timer and of no service that one starts' : `no timer starts ${legible(units.serviceName)}` };
    const whens = whenOf(unit.entries);
    const { runs, warnings } = await runsOf(whens, managedTimer?.next);
    const rows = settings([
      ['unit', legible(unit.name)],
      ['of', unit.user ?? unit.scope],
      ...fileRows(evidence, unit),
      ['state', managedTimer?.active ?? 'not known: no service manager was asked'],
      ['enabled', managedTimer?.enabled || enabledOf(unit)],
      ...whens.slice(0, MOST_SETTINGS).map((when): [string, string] => [when.setting, legible(`${when.value} — ${when.words}`)]),
      ...runs.map((time, index): [string, string] => [index === 0 ? 'next run' : `run ${index + 1}`, time]),
      ['last run', managedTimer?.last],
      ['catches up after a boot', isTrue(lastOf(unit.entries, 'Timer', 'Persistent')) ? 'yes (Persistent=)' : 'no'],
      ['random delay', lastOf(unit.entries, 'Timer', 'RandomizedDelaySec')],
      ['starts', legible(units.serviceName ?? '')],
      ['other timers of the service', others.map(({ name }) => legible(name)).join(', ')],
    ]);
    return { ...rows, warnings: [...(units.note === undefined ? [] : [units.note]), ...units.unread, ...unknownOf(evidence, unit), ...warnings], signs: [...unitFileSigns(evidence, unit), ...scheduleSigns(runs, whens)], moments: momentsOf(runs, managedTimer?.last, unit) } satisfies Outcome;
  },
};

async function runsOf(whens: readonly When[], next: string | undefined): Promise<{ runs: string[]; warnings: string[] }> {
  const calendars = [...new Set(whens.flatMap(({ setting, value }) => (setting === 'OnCalendar' ? [value] : [])))];
  const warnings = [
    ...(whens.length > MOST_SETTINGS ? [`only the first ${MOST_SETTINGS} of ${whens.length} times are shown`] : []),
    ...(calendars.length > MOST_CALENDARS ? [`the next runs are those of the first ${MOST_CALENDARS} of ${calendars.length} calendars`] : []),
  ];
  const all = await Promise.all(calendars.slice(0, MOST_CALENDARS).map(async (value) => {
    try {
      const runs = await nextRuns(value);
      if (runs === undefined) warnings.push('systemd-analyze is not installed: the next runs are not known');
      return runs ?? [];
    } catch (error) {
      warnings.push(`${legible(value)}: ${messageOf(error)}`);
      return [];
    }
  }));
  const runs = [...new Set([...all.flat(), ...(next === undefined ? [] : [next])])].sort().slice(0, 5);
  return { runs, warnings: [...new Set(warnings)] };
}

function enabledOf(unit: DiskUnit): string {
  if (unit.masked) return 'masked';
  return unit.pulledIn ? 'enabled (a link pulls it in)' : 'no link pulls it in';
}

function scheduleSigns(runs: readonly string[], whens: readonly When[]): Sign[] {
  const [first, second] = runs;
  const often = first !== undefined && second !== undefined && Date.parse(second) - Date.parse(first) <= OFTEN_MS;
  const repeated = whens.find(({ setting, value }) => setting.startsWith('OnUnit') && /^(?:[1-5]?\d|60)(?:s(?:ec)?)?$|^1\s?m(?:in)?$/.test(value));
  return often || repeated !== undefined ? [{ id: 'runs-often', weight: 'weak', text: 'the timer runs every minute or more often' }] : [];
}

function momentsOf(runs: readonly string[], last: string | undefined, unit: DiskUnit): Moment[] {
  const name = legible(unit.name);
  return [...(last === undefined ? [] : [{ time: last, kind: 'run' as const, what: `${name} ran` }]), ...runs.slice(0, 1).map((time): Moment => ({ time, kind: 'run', what: `${name} is to run` }))];
}

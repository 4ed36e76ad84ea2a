/** `tickward restore`: what is in the quarantine, and giving it back, also when the journal of the run that took it is lost. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { quarantinedIn, type Kept } from '../../actions/index.ts';
import { TickwardError } from '../../model/errors.ts';
import type { Json } from '../../model/journal.ts';
import { printable } from '../../model/text.ts';
import type { Context, Register } from '../context.ts';
import { stream } from '../listing.ts';
import { advice } from '../named.ts';
import { carryOutOne } from '../single.ts';
import { refuseUnheeded } from '../unheeded.ts';

interface Options {
  start: boolean;
  dryRun?: true;
}

export const restore: Register = (program, act) => {
  program
    .command('restore [what]')
    .description('lists the quarantine, or gives back from it what was taken: a run, a unit, a path, or one file by its SHA-256')
    .option('--no-start', 'leaves what was active stopped')
    .option('--dry-run', 'shows exactly what would be done and changes nothing')
    .addHelpText('after', `
Examples:
  sudo tickward restore
  sudo tickward restore backup.timer --dry-run
  sudo tickward restore /etc/systemd/system/backup.timer --no-start
  sudo tickward restore 0193… --yes --json

A unit or a path gives back all that was last taken together with it. Without an argument --json gives one document
a line; "state" is taken (nothing has that name now), back (it is there as it was), replaced (something else has that
name), lost (the copy is gone) or damaged (the copy was changed). tickward undo RUN takes back all of a run, also
what is in no quarantine.`)
    .action(act((context, what: string | undefined, options: Options, command: Command) => {
      if (what === undefined) refuseUnheeded(command, ['start', 'dryRun'], 'the list of the quarantine', 'name what to give back: tickward restore UNIT');
      return run(context, what, options);
    }));
};

function run(context: Context, what: string | undefined, { start, dryRun }: Options): number | Promise<number> {
  const all = quarantinedIn(join(context.store().directory, 'quarantine'));
  if (what === undefined) return stream(context, all.map(({ shown }) => shown), ['taken', 'run', 'what', 'state', 'sha256 or target'], (each) => [each.time, each.run, each.path, each.state, each.sha256 ?? `link to ${each.target ?? ''}`]);
  return carryOutOne(context, 'restore_timer', { ...meant(what, all), start }, dryRun === true);
}

/** The parameters of restore_timer for what a person named. */
function meant(what: string, all: readonly Kept[]): { [name: string]: Json } {
  if (all.some(({ shown }) => shown.run === what)) return { run: what };
  if (all.some(({ shown }) => shown.sha256 === what)) return { sha256: what };
  const path = what.includes('/') ? pathMeant(what, all) : pathOfUnit(what, all);
  if (path === undefined) throw new TickwardError('NOT_FOUND', `nothing of ${printable(what)} is in the quarantine: it has no such run, unit, path or SHA-256`, { hint: advice([...new Set(all.map(({ exact }) => nameIn(exact)))].filter((name) => name.startsWith(`${what}.`)), 'tickward restore lists what it has') });
  return { path };
}

/** As it is, else as it is shown. */
function pathMeant(what: string, all: readonly Kept[]): string | undefined {
  const typed = [what, resolve(what)];
  const exact = typed.find((path) => all.some((each) => each.exact === path));
  if (exact !== undefined) return exact;
  const [found, another] = new Set(all.filter(({ shown }) => typed.includes(shown.path)).map((each) => each.exact));
  if (another !== undefined) throw new TickwardError('USAGE', `more than one path in the quarantine reads ${printable(what)}`, { hint: 'give the run or the SHA-256: tickward restore lists them' });
  return found;
}

/** Where a unit of this name was last taken; a unit that was taken at one time has all its paths in one step. */
function pathOfUnit(name: string, all: readonly Kept[]): string | undefined {
  const exact = all.filter((each) => nameIn(each.exact) === name);
  const named = exact.length > 0 ? exact : all.filter(({ shown }) => nameIn(shown.path) === name);
  const last = named.at(-1);
  const together = named.filter(({ shown }) => shown.run === last?.shown.run && shown.step === last.shown.step).map((each) => each.exact);
  const elsewhere = named.map((each) => each.exact).filter((path) => !together.includes(path));
  if (last === undefined || elsewhere.length === 0) return last?.exact;
  throw new TickwardError('USAGE', `a unit ${printable(name)} was taken from more than one place: ${[...new Set([...elsewhere, last.exact])].map(printable).join(', ')}`, { hint: 'give its path, or the run' });
}

function nameIn(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

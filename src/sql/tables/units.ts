/** The units that the system's manager knows, by busctl(1) and systemctl(1): what `systemd_units` and `startup_items` show. */
import { runSync } from '../../exec-sync.ts';
import { askForUnits, secondsUntil, type Answer, type Call } from '../../host/manager-units.ts';
import { slowFiles } from '../../host/slow-units.ts';
import { isBooted } from '../../host/systemd.ts';
import { messageOf, TickwardError } from '../../model/errors.ts';
import type { QueryContext } from '../../model/table.ts';
import { firstLineOf } from '../../model/text.ts';

const TIMEOUT_MS = 15_000;
const PROPERTIES = ['Id', 'Description', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Following', 'FragmentPath', 'SourcePath', 'User'];

/** Properties by systemd's names; those that a unit does not have are ''. */
export interface ManagedUnit {
  property(name: string): string;
}

export interface Job {
  id: string;
  type: string;
}

/** None, with a warning, where no manager runs or it does not answer. */
export function managedUnits(context: QueryContext): ManagedUnit[] {
  if (!isBooted()) {
    context.warn('systemd is not running here: there are no units to list');
    return [];
  }
  // What is known by then has to be told in time, too.
  const end = performance.now() + Math.min(TIMEOUT_MS, context.msLeft() * 0.8);
  const asking = askForUnits('*', ['--property', PROPERTIES.join(',')], slowFiles(), false);
  let step = asking.next();
  while (step.done !== true) step = asking.next(said(step.value, context, end));
  step.value.notes.forEach((note) => context.warn(note));
  return step.value.blocks.map(unitOf);
}

/** Jobs that wait or run, by unit. */
export function jobs(context: QueryContext): Map<string, Job> {
  return isBooted() ? parseJobs(said({ program: 'systemctl', args: ['list-jobs', '--full', '--plain', '--no-legend'] }, context).stdout) : new Map();
}

function said({ program, args }: Call, context: QueryContext, end = performance.now() + TIMEOUT_MS): Answer {
  try {
    const { stdout, stderr, exitCode } = runSync(program, ['--no-pager', ...args], { timeout: Math.min(secondsUntil(end), Math.ceil(context.msLeft())), maxBuffer: 64 * 1024 * 1024 });
    if (exitCode !== 0 && program === 'systemctl') context.warn(`the manager of the system does not answer: ${firstLineOf(stderr)}`);
    return { stdout, isLast: performance.now() > end };
  } catch (error) {
    context.checkpoint();
    if (program === 'busctl' && error instanceof TickwardError && error.code === 'UNSUPPORTED') return { stdout: '' };
    context.warn(messageOf(error));
    return { stdout: '', isLast: true };
  }
}

/** A block of `NAME=VALUE` lines. */
export function unitOf(block: string): ManagedUnit {
  const values = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  return { property: (name) => values.get(name) ?? '' };
}

/** `123 x.service start running`. */
export function parseJobs(text: string): Map<string, Job> {
  return new Map(text.split('\n').flatMap((line) => {
    const [id, unit, type] = line.trim().split(/\s+/);
    return id === undefined || unit === undefined || type === undefined || !/^\d+$/.test(id) ? [] : [[unit, { id, type }] as const];
  }));
}

/** The units that the system's manager knows, by systemctl(1): what `systemd_units` and `startup_items` show. */
import { runSync } from '../../exec-sync.ts';
import { isBooted } from '../../host/systemd.ts';
import { messageOf } from '../../model/errors.ts';
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
  return parseUnits(systemctl(['show', '*', '--all', '--property', PROPERTIES.join(',')], context));
}

/** Jobs that wait or run, by unit. */
export function jobs(context: QueryContext): Map<string, Job> {
  return isBooted() ? parseJobs(systemctl(['list-jobs', '--full', '--plain', '--no-legend'], context)) : new Map();
}

function systemctl(args: readonly string[], context: QueryContext): string {
  try {
    const { stdout, stderr, exitCode } = runSync('systemctl', ['--no-pager', ...args], { timeout: Math.min(TIMEOUT_MS, context.msLeft()), maxBuffer: 64 * 1024 * 1024 });
    if (exitCode !== 0) context.warn(`the manager of the system does not answer: ${firstLineOf(stderr)}`);
    return stdout;
  } catch (error) {
    context.checkpoint();
    context.warn(messageOf(error));
    return '';
  }
}

/** Blocks of `NAME=VALUE` lines. */
export function parseUnits(text: string): ManagedUnit[] {
  return text.split('\n\n').filter((block) => block.trim() !== '').map((block) => {
    const values = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    return { property: (name) => values.get(name) ?? '' };
  });
}

/** `123 x.service start running`. */
export function parseJobs(text: string): Map<string, Job> {
  return new Map(text.split('\n').flatMap((line) => {
    const [id, unit, type] = line.trim().split(/\s+/);
    return id === undefined || unit === undefined || type === undefined || !/^\d+$/.test(id) ? [] : [[unit, { id, type }] as const];
  }));
}

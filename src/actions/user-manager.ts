/** The managers of users, as the kernel shows them: a user can stop the own one, and then it answers nobody. */
import { run } from '../exec.ts';
import { isFreezing, isFrozen, isPopulated, thaw, unitsBelow } from '../host/cgroups.ts';
import { statOf, statusOf } from '../host/proc.ts';
import { shownProperty } from '../host/systemd.ts';
import type { UnitState } from './manager.ts';
import { idOf, running, signal, type ProcessId } from './processes.ts';
import { templateOf } from './unit-files.ts';

/** Where a user's manager and all that it starts has its control groups, and its first process. */
export interface UserManager {
  cgroup: string;
  process: ProcessId;
}

/** By the user's number; those that the system manager knows nothing of are left out. */
export async function userManagers(uids: readonly number[]): Promise<Map<number, UserManager>> {
  if (uids.length === 0) return new Map();
  const { stdout } = await run('systemctl', ['--no-pager', 'show', '-p', 'Id,MainPID,ControlGroup', '--', ...uids.map((uid) => `user@${uid}.service`)]);
  return new Map(stdout.split('\n\n').flatMap((block) => {
    const value = (name: string): string => shownProperty(block, name);
    const stat = statOf(Number(value('MainPID')));
    return stat === undefined ? [] : [[Number(/\d+/.exec(value('Id'))?.[0]), { cgroup: value('ControlGroup'), process: idOf(stat) }] as const];
  }));
}

export interface Hold {
  /** Behind the manager's name. */
  why: string;
  /** Whether `letGo` ends it: who froze all of the user had the right to, and a debugger holds on. */
  canLetGo: boolean;
}

/** What keeps it from answering; undefined where nothing does. */
export function holdOf({ cgroup, process }: UserManager): Hold | undefined {
  const own = ownGroup(cgroup);
  const state = running(process)?.state;
  if (isFrozen(own)) return { why: `is frozen (control group ${isFreezing(own) ? own : cgroup})`, canLetGo: isFreezing(own) && !isFreezing(cgroup) };
  if (state === 't') return { why: `is held by a debugger (process ${statusOf(process.pid)?.get('TracerPid') ?? 'unknown'} holds process ${process.pid})`, canLetGo: false };
  return state === 'T' ? { why: `is stopped (process ${process.pid}, by a signal)`, canLetGo: true } : undefined;
}

export function letGo({ cgroup, process }: UserManager): void {
  thaw(ownGroup(cgroup));
  signal(process, 'SIGCONT');
}

/** Of the manager alone; whoever it belongs to may freeze it. */
function ownGroup(cgroup: string): string {
  return `${cgroup}/init.scope`;
}

/** What can be said of units without asking: which have processes. Of any other it is not known whether it is active. */
export function statesBelow({ cgroup }: UserManager, units: readonly string[]): UnitState[] {
  const groups = unitsBelow(cgroup).flatMap((path) => {
    const id = path.slice(path.lastIndexOf('/') + 1);
    return units.includes(id) || units.includes(templateOf(id) ?? '') ? [{ id, load: '', active: isPopulated(path) ? 'active' : 'inactive', freezer: '', cgroup: path, fragment: '', invocation: '' }] : [];
  });
  const rest = units.filter((id) => !id.includes('@.') && !groups.some((group) => group.id === id));
  return [...groups, ...rest.map((id) => ({ id, load: '', active: '', freezer: '', cgroup: '', fragment: '', invocation: '' }))];
}

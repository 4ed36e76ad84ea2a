/** The part of a removal that managers are told: what they shall stop, and that they shall read their units again. */
import { isPopulated, killAll } from '../host/cgroups.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import { isActive, isOwnCgroup, isRunning, type Manager, type UnitState } from './manager.ts';
import { refusalOf } from './processes.ts';
import { hasEscaped, killEscaped } from './removal-escaped.ts';
import type { Announce } from './removal-take.ts';
import type { Operation } from './removal.ts';
import { waitUntil } from './suspension.ts';

type Of<Kind extends Operation['kind']> = Extract<Operation, { kind: Kind }>;

/** What was asked of a manager as soon as it went on, before anything that would change it. */
export type Known = Map<Manager, UnitState[]>;

/** One that does not answer is told nothing: the rest is done without it, and the verification says so. */
export async function tell(manager: Manager, ...args: string[]): Promise<void> {
  if (manager.silence !== undefined) return;
  try {
    await manager.command(...args);
  } catch (error) {
    // It has fallen silent by that.
    if (manager.silence === undefined) throw error;
  }
}

/** What runs is frozen by now, so that it goes on alone. */
export async function wake({ manager, units }: Of<'wake'>, known: Known, announce: Announce): Promise<undefined> {
  announce({ kind: 'wake', manager: manager.id, active: [] });
  manager.wake();
  const states = await manager.states(units, 'loaded');
  known.set(manager, states);
  if (manager.silence === undefined) announce({ kind: 'wake', manager: manager.id, active: states.filter(isActive).map(({ id }) => id) });
}

export async function end({ manager, units }: Of<'end'>, known: Known, context: ActionContext, announce: Announce): Promise<string | undefined> {
  const remarks: string[] = [];
  const states = known.get(manager) ?? (await manager.states(units));
  for (const state of inOrder(states.filter((each) => isRunning(each) || hasEscaped(each)))) {
    const cgroup = isOwnCgroup(state) ? state.cgroup : '';
    const refused = cgroup === '' ? undefined : refusalOf(cgroup, context);
    if (refused !== undefined) throw new TickwardError('REFUSED', `${printable(state.id)} cannot be stopped from here: ${refused}`, { hint: 'do it from a shell outside of it' });
    // What was active is in the journal since it was asked.
    const remark = await stop({ manager, unit: state.id, active: false, cgroup, invocation: state.invocation }, context, announce);
    if (remark !== undefined) remarks.push(remark);
  }
  return remarks.length === 0 ? undefined : remarks.join('; ');
}

/** Timers first: what a service is stopped for, its timer shall not start again. */
export function inOrder(states: readonly UnitState[]): UnitState[] {
  return states.toSorted((one, other) => Number(other.id.endsWith('.timer')) - Number(one.id.endsWith('.timer')));
}

export async function stop({ manager, unit, active, cgroup, invocation }: Omit<Of<'stop'>, 'kind' | 'text' | 'target'>, context: ActionContext, announce: Announce): Promise<string | undefined> {
  announce({ kind: 'stop', manager: manager.id, unit, active });
  if (unit.endsWith('.service') && (cgroup === '' || !killAll(cgroup))) await killByManager(manager, unit);
  await tell(manager, 'stop', '--', unit);
  if (isPopulated(cgroup)) killAll(cgroup);
  // Who is killed takes a moment to be gone, and nobody has waited for that where the manager is silent.
  await waitUntil(() => !isPopulated(cgroup));
  return unit.endsWith('.service') ? killEscaped(unit, invocation, context) : undefined;
}

/** `--kill-whom` is the word since systemd 252, `--kill-who` before. A service that ended on its own in between has nothing to kill. */
async function killByManager(manager: Manager, unit: string): Promise<void> {
  for (const option of ['--kill-whom=all', '--kill-who=all']) {
    try {
      return await tell(manager, 'kill', '--signal=SIGKILL', option, '--', unit);
    } catch {
      // The other word, or nothing left to kill: the stop that follows decides.
    }
  }
}

export async function reload({ manager, forget, restart }: Of<'reload'>, announce: Announce): Promise<undefined> {
  announce({ kind: 'reload', manager: manager.id, restart });
  await tell(manager, 'daemon-reload');
  for (const unit of restart) await tell(manager, 'try-restart', '--', unit);
  // A unit that is no longer loaded has no failure to forget; the others are forgotten all the same.
  if (forget.length > 0) await tell(manager, 'reset-failed', '--', ...forget).catch(() => undefined);
}

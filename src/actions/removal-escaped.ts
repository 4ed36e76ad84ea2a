/**
 * Processes of a service that have left its control group, so that no stop of it reaches them: whoever may write to the tree of control groups can move there, and a session is
 * opened elsewhere. systemd marks what it starts (INVOCATION_ID, systemd.exec(5)), and what that starts inherits the mark.
 */
import { readFileSync } from 'node:fs';
import { cgroupOf, processIds, statOf, type ProcessStat } from '../host/proc.ts';
import { listed, printable } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import type { UnitState } from './manager.ts';
import { idOf, refusal, running, signal } from './processes.ts';

const MARK = /^[0-9a-f]{32}$/;
/** Who is killed may have started another meanwhile. */
const MOST_ROUNDS = 10;

/** Ends them, and says which those were. */
export function killEscaped(unit: string, invocation: string, context: ActionContext): string | undefined {
  if (!MARK.test(invocation)) return undefined;
  const told = new Map<string, string>();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const found = markedWith(invocation).flatMap((pid) => statOf(pid) ?? []).filter((stat) => running(idOf(stat)) !== undefined && refusal(stat, context) === undefined);
    if (found.length === 0) break;
    for (const stat of found) {
      told.set(`${stat.pid} ${stat.startTicks}`, shown(stat));
      signal(idOf(stat), 'SIGKILL');
    }
  }
  return told.size === 0 ? undefined : `of ${printable(unit)} had left its control group, and were ended too: ${listed([...told.values()])}`;
}

/** What a plan says of them. */
export function escapedNotes(states: readonly (Marked & Pick<UnitState, 'cgroup'>)[], context: ActionContext): string[] {
  return states.filter(isMarked).flatMap(({ id, invocation, cgroup }) => {
    const outside = markedWith(invocation).flatMap((pid) => statOf(pid) ?? []).filter((stat) => !isBelow(cgroupOf(stat.pid), cgroup));
    const refused = outside.flatMap((stat) => refusal(stat, context) ?? []);
    const ended = outside.filter((stat) => refusal(stat, context) === undefined).map(shown);
    return [
      ...(ended.length === 0 ? [] : [`of ${printable(id)} have left its control group, and are ended too: ${listed(ended)}`]),
      ...(refused.length === 0 ? [] : [`of ${printable(id)} have left its control group, and are left alone: ${listed(refused)}`]),
    ];
  });
}

function isBelow(path: string | undefined, group: string): boolean {
  return group !== '' && (path === group || path?.startsWith(`${group}/`) === true);
}

function shown({ pid, comm }: ProcessStat): string {
  return `${pid} (${printable(comm)})`;
}

/** Also of a service that has ended since. */
export function hasEscaped(state: Marked): boolean {
  return isMarked(state) && markedWith(state.invocation).length > 0;
}

type Marked = Pick<UnitState, 'id' | 'invocation'>;

function isMarked({ id, invocation }: Marked): boolean {
  return id.endsWith('.service') && MARK.test(invocation);
}

function markedWith(invocation: string): number[] {
  const mark = Buffer.from(`INVOCATION_ID=${invocation}\0`);
  return processIds().filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`);
      return environment.subarray(0, mark.length).equals(mark) || environment.includes(Buffer.concat([Buffer.from('\0'), mark]));
    } catch {
      // It has ended, or is not ours to look at.
      return false;
    }
  });
}

/** Stops a group of processes so that none of them can fork any more: the unit by its control group, others one by one until no new one appears. */
import { uptime } from 'node:os';
import { constants } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { isFreezing, isFrozen, setFrozen } from '../host/cgroups.ts';
import { USER_HZ } from '../host/kernel.ts';
import { processIds, statOf, statusOf, type ProcessStat } from '../host/proc.ts';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import type { ActionContext } from './action.ts';
import { idOf, membersOf, refusal, signal, type Group, type ProcessId } from './processes.ts';

/** How long is waited for what was told to stop or to end. */
export const PATIENCE_MS = 5_000;
const POLL_MS = 10;
/** Each round finds what was forked while the round before was stopping its parents. */
const MOST_ROUNDS = 1_000;
/** A look through /proc may miss one that is forked meanwhile. */
const QUIET_ROUNDS = 2;
/** Between the announcement of a stop and the stop. */
const SLACK_TICKS = USER_HZ;

export interface Announce {
  process(id: ProcessId): void;
  processGroup(stop: GroupStop): void;
  cgroup(path: string): void;
}

/** Enough to let a process group go on again: those of it that had not been stopped before, and nobody who has its number by then. */
export interface GroupStop {
  pgrp: number;
  /** Its members started before that; clock ticks since the boot. */
  started_before: string;
  stopped_before: ProcessId[];
}

/** `announce` is called before each change. Gives what was stopped, also what had stopped before. Throws where more appear without end. */
export async function suspendGroup(group: Group, context: ActionContext, announce: Announce): Promise<ProcessId[]> {
  return group.cgroup === undefined ? suspendTree(group, context, announce) : await suspendUnit(group, group.cgroup, context, announce);
}

async function suspendUnit(group: Group, cgroup: string, context: ActionContext, announce: Announce): Promise<ProcessId[]> {
  refuseMembers(membersOf(group), context);
  if (!isFreezing(cgroup)) {
    announce.cgroup(cgroup);
    freeze(cgroup);
  }
  await waitUntil(() => isFrozen(cgroup) || membersOf(group).length === 0);
  return membersOf(group).map(idOf);
}

/** A process group is stopped as a whole: the kernel lets no fork of it slip through (fork(2) is begun anew when a signal is pending), as looking through /proc would. */
function suspendTree(group: Group, context: ActionContext, announce: Announce): ProcessId[] {
  const seen = new Map<string, ProcessId>();
  const stopped = new Set<number>();
  for (let round = 0, quiet = 0; round < MOST_ROUNDS; round += 1) {
    const members = membersOf(group, [...seen.values()]);
    const fresh = members.filter((stat) => !seen.has(keyOf(idOf(stat))));
    quiet = fresh.length === 0 ? quiet + 1 : 0;
    if (quiet === QUIET_ROUNDS) return [...seen.values()];
    refuseMembers(fresh, context);
    for (const stat of fresh) seen.set(keyOf(idOf(stat)), idOf(stat));
    const pids = new Set([group.root, ...seen.values()].map(({ pid }) => pid));
    const own = group.scope === 'process' ? [] : [...new Set(fresh.map(({ pgrp }) => pgrp))].filter((pgrp) => pids.has(pgrp) && !stopped.has(pgrp));
    for (const pgrp of own) {
      announce.processGroup({ pgrp, started_before: String(ticksNow() + SLACK_TICKS), stopped_before: members.filter((stat) => stat.pgrp === pgrp && isStopped(stat)).map(idOf) });
      signalGroup(pgrp, 'SIGSTOP');
      stopped.add(pgrp);
    }
    for (const stat of fresh) {
      if (stopped.has(stat.pgrp) || isStopped(stat)) continue;
      announce.process(idOf(stat));
      signal(idOf(stat), 'SIGSTOP');
    }
  }
  throw new TickwardError('FAILED', `process ${group.root.pid} forks faster than it can be stopped`, { hint: 'take the whole unit: scope: unit' });
}

/** Those that a stop of their group stopped. */
export function stoppedBy({ pgrp, started_before, stopped_before }: GroupStop): ProcessId[] {
  const before = new Set(stopped_before.map(keyOf));
  return processIds().flatMap((pid) => statOf(pid) ?? []).filter((stat) => stat.pgrp === pgrp && isStopped(stat) && stat.startTicks <= BigInt(started_before) && !before.has(keyOf(idOf(stat)))).map(idOf);
}

function signalGroup(pgrp: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pgrp, name);
  } catch (error) {
    // It ended meanwhile.
    if (errnoOf(error) !== 'ESRCH') throw new TickwardError('FAILED', `the process group ${pgrp} cannot be signalled`, { hint: 'run as root', cause: error });
  }
}

function ticksNow(): number {
  return Math.floor(uptime() * USER_HZ);
}

/**
 * T and t of proc(5): by a signal, or by a debugger. Who waits for a child of vfork(2) that was stopped before its exec stays in D, but has the signal before it: it stops
 * before it does anything else.
 */
export function isStopped(stat: ProcessStat): boolean {
  return stat.state === 'T' || stat.state === 't' || (stat.state === 'D' && isToStop(stat.pid));
}

function isToStop(pid: number): boolean {
  const status = statusOf(pid);
  const bit = 1n << BigInt(constants.signals.SIGSTOP - 1);
  return ['SigPnd', 'ShdPnd'].some((name) => (BigInt(`0x${status?.get(name) ?? '0'}`) & bit) !== 0n);
}

/** False when it did not come about in time. */
export async function waitUntil(condition: () => boolean): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; !condition(); await setTimeout(POLL_MS)) if (performance.now() > end) return false;
  return true;
}

function refuseMembers(members: readonly ProcessStat[], context: ActionContext): void {
  const reason = members.map((stat) => refusal(stat, context)).find((each) => each !== undefined);
  if (reason !== undefined) throw new TickwardError('REFUSED', reason, { hint: 'name another process, or scope: process' });
}

function freeze(cgroup: string): void {
  try {
    setFrozen(cgroup, true);
  } catch (error) {
    throw new TickwardError('FAILED', `the control group ${cgroup} cannot be frozen: ${messageOf(error)}`, { hint: 'run as root; control groups of version 2 can freeze from Linux 5.2 on', cause: error });
  }
}

function keyOf({ pid, startTicks }: ProcessId): string {
  return `${pid} ${startTicks}`;
}

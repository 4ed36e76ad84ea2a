/** Which processes an action means, which are never touched, and signals that reach no other: a pid alone may belong to another process by now. */
import { z } from 'zod';
import { existsCgroup, processesBelow, unifiedPathOf, unitCgroup } from '../host/cgroups.ts';
import { executablePathOf } from '../host/executable.ts';
import { holdProcess } from '../host/pidfd.ts';
import { ancestorsOf, argumentsOf, isOver, isSameStart, processIds, startedAt, statOf, statusOf, type ProcessStat } from '../host/proc.ts';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import type { ActionContext, Plan, PlanStep } from './action.ts';

/** Parameters of the actions on processes; without `pid` the process of the alert is meant. */
export const processParams = z.strictObject({
  pid: z.int().min(1).optional(),
  /** ISO 8601, as `process.start` of the alert. */
  start: z.iso.datetime({ offset: true }).optional(),
  executable: z.string().optional(),
  /** The process alone, with all that it started, or with all of its unit. */
  scope: z.enum(['process', 'tree', 'unit']).default('tree'),
});

export type ProcessParams = z.infer<typeof processParams>;

/** A process for ever: the number with the clock ticks since the boot at which it started. */
export interface ProcessId {
  pid: number;
  startTicks: string;
}

export interface Group {
  scope: ProcessParams['scope'];
  root: ProcessId;
  /** Of scope `unit`: a path in version 2. */
  cgroup?: string;
}

const SHOWN = 120;
const MOST_NAMED = 5;
const SCOPE_NOTES: Record<ProcessParams['scope'], string> = {
  process: 'what it started goes on: `scope: tree` or `scope: unit` reaches that as well',
  tree: 'what it started and let go of into a session of its own (a daemon) is not reached: `scope: unit` reaches all of its unit',
  unit: 'the manager may start the unit again: `remove_timer` takes it out',
};
const NO_GROUP: Group = { scope: 'process', root: { pid: 0, startTicks: '0' } };

/** `does`: what is done, as in "suspend". */
export function planFor(given: ProcessParams, context: ActionContext, does: string): Plan<Group> {
  const { pid } = given;
  const wanted = pid === undefined ? context.target.process : { ...given, pid };
  if (wanted === undefined) return nothing('the alert names no process');
  const stat = statOf(wanted.pid);
  if (stat === undefined || isOver(stat)) return nothing(`process ${wanted.pid} is gone`);
  if (wanted.start !== undefined && !isSameStart(startedAt(stat), wanted.start)) return nothing(`process ${wanted.pid} is gone: another one, started at ${startedAt(stat)}, has its number now`);
  const cgroup = given.scope === 'unit' ? unitOf(stat.pid) : undefined;
  const group: Group = { scope: given.scope, root: idOf(stat), ...(cgroup === undefined ? {} : { cgroup }) };
  const members = membersOf(group);
  const planned = { steps: [stepFor(group, stat, does)], notes: [...othersNow(group, members), ...changedImage(executablePathOf(stat.pid), wanted.executable), SCOPE_NOTES[given.scope]], data: group };
  const reason = unknownStart(stat, wanted.start) ?? (given.scope === 'unit' && cgroup === undefined ? `process ${stat.pid} is in no unit of its own` : undefined) ?? [stat, ...members].map((each) => refusal(each, context)).find((each) => each !== undefined);
  return reason === undefined ? { state: 'ready', ...planned } : { state: 'blocked', reason, ...planned };
}

/** Those of the group that run now. `seen`: what was found to belong to it before, and may have ended since. */
export function membersOf({ scope, root, cgroup }: Group, seen: readonly ProcessId[] = []): ProcessStat[] {
  if (scope === 'unit') return cgroup === undefined ? present([root.pid]).filter((stat) => isSame(stat, root)) : present(processesBelow(cgroup));
  if (scope === 'process') return running(root) === undefined ? [] : present([root.pid]);
  return treeOf([root, ...seen], present(processIds()));
}

/**
 * What descends from these processes, themselves included. Who forks and ends leaves children to another parent, but they stay in its session and its process group, and nobody
 * else gets that number while those last.
 */
export function treeOf(roots: readonly ProcessId[], all: readonly ProcessStat[]): ProcessStat[] {
  const byPid = new Map(all.map((stat) => [stat.pid, stat]));
  /** Numbers that are a root's still: of one that has ended, nobody else's. */
  const known = new Set(roots.filter((root) => byPid.get(root.pid) === undefined || roots.some((each) => isSame(byPid.get(root.pid), each))).map(({ pid }) => pid));
  const found = new Set<ProcessStat>();
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const stat of all) {
      if (found.has(stat) || ![stat.pid, stat.ppid, stat.session, stat.pgrp].some((each) => known.has(each))) continue;
      known.add(stat.pid);
      found.add(stat);
    }
  }
  return [...found];
}

export function idOf(stat: ProcessStat): ProcessId {
  return { pid: stat.pid, startTicks: String(stat.startTicks) };
}

export function running(id: ProcessId): ProcessStat | undefined {
  const stat = statOf(id.pid);
  return stat !== undefined && isSame(stat, id) && !isOver(stat) ? stat : undefined;
}

/** False when that process is gone. Held by a descriptor while it is looked at, where the kernel has that. */
export function signal(id: ProcessId, name: NodeJS.Signals): boolean {
  const held = holdProcess(id.pid);
  if (held === 'gone') return false;
  using process_ = held;
  if (running(id) === undefined) return false;
  try {
    if (process_ !== undefined) return process_.signal(name);
    return process.kill(id.pid, name);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    throw new TickwardError('FAILED', `process ${id.pid} cannot be signalled`, { hint: 'run as root', cause: error });
  }
}

/** Why this process is never touched. */
export function refusal(stat: ProcessStat, context: ActionContext): string | undefined {
  if (stat.pid === 1) return 'process 1 is the system itself';
  if (stat.kernelThread) return `process ${stat.pid} is a thread of the kernel`;
  if (stat.pid === process.pid) return `process ${stat.pid} is Tickward itself`;
  if (ancestorsOf(process.pid).includes(stat.pid)) return `Tickward itself runs under process ${stat.pid}`;
  if (stat.pid === statOf(process.pid)?.session) return `process ${stat.pid} leads the session that Tickward runs in`;
  if (context.protectedPids.includes(stat.pid)) return `process ${stat.pid} is protected`;
  if (context.uid === 0) return undefined;
  const uid = statusOf(stat.pid)?.get('Uid')?.split('\t')[0];
  // It may have ended since.
  return uid === undefined || uid === String(context.uid) ? undefined : `process ${stat.pid} belongs to another user: run as root`;
}

/** Why what is in a control group may not be ended as a whole; undefined where it may. */
export function refusalOf(cgroup: string, context: ActionContext): string | undefined {
  return present(processesBelow(cgroup)).map((stat) => refusal(stat, context)).find((reason) => reason !== undefined);
}

function nothing(reason: string): Plan<Group> {
  return { state: 'nothing-to-do', reason, steps: [], notes: [], data: NO_GROUP };
}

/** Without what changes from one moment to the next: who goes on with a run finds the same step again. */
function stepFor(group: Group, stat: ProcessStat, does: string): PlanStep {
  const what = `process ${stat.pid} (${describe(stat)})`;
  switch (group.scope) {
    case 'process':
      return { text: `${does} ${what}`, target: `pid ${stat.pid}` };
    case 'tree':
      return { text: `${does} ${what} and what descends from it`, target: `pid ${stat.pid}` };
    case 'unit':
      return { text: `${does} all of ${printable(group.cgroup ?? 'its unit')}: ${what} and what else is in it`, target: printable(group.cgroup ?? `pid ${stat.pid}`) };
  }
}

function othersNow(group: Group, members: readonly ProcessStat[]): string[] {
  const others = members.filter(({ pid }) => pid !== group.root.pid);
  if (others.length === 0) return [];
  const names = others.slice(0, MOST_NAMED).map(({ pid, comm }) => `${pid} ${printable(comm)}`).join(', ');
  return [`with it go ${others.length} more now: ${names}${others.length > MOST_NAMED ? ', …' : ''}`];
}

function unitOf(pid: number): string | undefined {
  const unit = unitCgroup(unifiedPathOf(pid) ?? '');
  return unit !== undefined && existsCgroup(unit) ? unit : undefined;
}

function describe(stat: ProcessStat): string {
  const command = (argumentsOf(stat.pid) ?? []).join(' ');
  return `${printable(executablePathOf(stat.pid) ?? stat.comm)}${command === '' ? '' : `, "${shorten(command, SHOWN)}"`}, started ${startedAt(stat)}`;
}

function unknownStart(stat: ProcessStat, start: string | undefined): string | undefined {
  return start === undefined ? `it is not known when process ${stat.pid} started: another process may have this number by now` : undefined;
}

/** The same process may run another program by now: pid and start time stay through execve(2). */
function changedImage(now: string | undefined, then: string | undefined): string[] {
  if (then === undefined || now === undefined) return [];
  return now === then ? [] : [`the process ran ${printable(then)} when it made the file and runs ${printable(now)} now`];
}

function present(pids: readonly number[]): ProcessStat[] {
  return pids.flatMap((pid) => statOf(pid) ?? []).filter((stat) => !isOver(stat));
}

function isSame(stat: ProcessStat | undefined, id: ProcessId): boolean {
  return stat?.pid === id.pid && String(stat.startTicks) === id.startTicks;
}

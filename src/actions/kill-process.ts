/** Ends one process, known by its pid and its start time: a pid alone may belong to another process by now. */
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { argumentsOf, executableOf, startedAt, statOf, statusOf, type ProcessStat } from '../host/proc.ts';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import type { Action, ActionContext, Plan } from './action.ts';

const params = z.strictObject({
  pid: z.int().min(1).optional(),
  /** ISO 8601, as `process.start` of the alert. */
  start: z.iso.datetime({ offset: true }).optional(),
  executable: z.string().optional(),
});

type Params = z.infer<typeof params>;

interface Data {
  pid: number;
  startTicks: string;
}

/** The boot time that start times are counted from is kept in whole seconds and follows the clock. */
const START_TOLERANCE_MS = 2_000;
/** How long a process has after each signal. */
const PATIENCE_MS = 3_000;
const POLL_MS = 20;
const KTHREADD = 2;
const NO_DATA: Data = { pid: 0, startTicks: '0' };

export const killProcess: Action<Params, Data> = {
  name: 'kill_process',
  summary: 'ends the process that made the file, if it still runs: SIGTERM, then SIGKILL',
  example: 'action: kill_process\nparams: {pid: "{{process.pid}}", start: "{{process.start}}", executable: "{{process.executable}}"}',
  needs: [],
  undoable: false,
  reversible: 'not: a process that was ended does not come back',
  params,

  async plan(given, context) {
    const { pid } = given;
    const wanted = pid === undefined ? context.target.process : { ...given, pid };
    if (wanted === undefined) return nothing('the alert names no process');
    const stat = statOf(wanted.pid);
    if (stat === undefined || isOver(stat)) return nothing(`process ${wanted.pid} is gone`);
    if (wanted.start !== undefined && Math.abs(Date.parse(startedAt(stat)) - Date.parse(wanted.start)) > START_TOLERANCE_MS) return nothing(`process ${wanted.pid} is gone: another one, started at ${startedAt(stat)}, has its number now`);
    const executable = executableOf(stat.pid);
    const steps = [{ text: `end process ${stat.pid} (${describe(stat, executable)}): SIGTERM, and SIGKILL if it still runs after ${PATIENCE_MS / 1000} s`, target: `pid ${stat.pid}` }];
    const data: Data = { pid: stat.pid, startTicks: String(stat.startTicks) };
    const notes = changedImage(executable, wanted.executable);
    const reason = refusal(stat, wanted.start, context) ?? missingRight(stat, context);
    return reason === undefined ? { state: 'ready', steps, notes, data } : { state: 'blocked', reason, steps, notes, data };
  },

  async apply(plan, _context, record) {
    const [step] = plan.steps;
    const { pid, startTicks } = plan.data;
    if (running(plan.data) === undefined) return [`process ${pid} was gone already`];
    record({ ...(step === undefined ? {} : { text: step.text }), data: { kind: 'signal', pid, start_ticks: startTicks, signal: 'SIGTERM' } });
    signal(plan.data, 'SIGTERM');
    if (await ended(plan.data)) return [];
    record({ data: { kind: 'signal', pid, start_ticks: startTicks, signal: 'SIGKILL' } });
    signal(plan.data, 'SIGKILL');
    if (await ended(plan.data)) return [`process ${pid} did not heed SIGTERM and was killed`];
    throw new TickwardError('FAILED', `process ${pid} still runs after SIGKILL: it waits in the kernel`, { hint: `see where: cat /proc/${pid}/stack` });
  },

  async verify(plan) {
    const { pid } = plan.data;
    return running(plan.data) === undefined ? { ok: true, text: `process ${pid} is gone` } : { ok: false, text: `process ${pid} still runs` };
  },

  async undo() {
    return { done: [], already: [], failed: [] };
  },
};

function nothing(reason: string): Plan<Data> {
  return { state: 'nothing-to-do', reason, steps: [], notes: [], data: NO_DATA };
}

function describe(stat: ProcessStat, executable: string | undefined): string {
  const command = (argumentsOf(stat.pid) ?? []).join(' ');
  return `${printable(executable ?? stat.comm)}${command === '' ? '' : `, "${shorten(command, 120)}"`}, started ${startedAt(stat)}`;
}

/** Z and X of proc(5): it ended, and only its parent has not asked yet. */
function isOver(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

function refusal(stat: ProcessStat, start: string | undefined, context: ActionContext): string | undefined {
  if (stat.pid === 1) return 'process 1 is the system itself';
  if (stat.pid === KTHREADD || stat.ppid === KTHREADD) return `process ${stat.pid} is a thread of the kernel`;
  if (stat.pid === process.pid) return `process ${stat.pid} is Tickward itself`;
  if (ancestorsOf(process.pid).includes(stat.pid)) return `Tickward itself runs under process ${stat.pid}`;
  if (context.protectedPids.includes(stat.pid)) return `process ${stat.pid} is protected`;
  if (start === undefined) return `it is not known when process ${stat.pid} started: another process may have this number by now`;
  return undefined;
}

/** The same process may run another program by now: pid and start time stay through execve(2). */
function changedImage(now: string | undefined, then: string | undefined): string[] {
  if (then === undefined || now === undefined) return [];
  const same = now === then || now.replace(/ \(deleted\)$/, '') === then;
  return same ? [] : [`the process ran ${printable(then)} when it made the file and runs ${printable(now)} now`];
}

function missingRight(stat: ProcessStat, context: ActionContext): string | undefined {
  if (context.uid === 0) return undefined;
  const uid = statusOf(stat.pid)?.get('Uid')?.split('\t')[0];
  return uid === String(context.uid) ? undefined : `process ${stat.pid} belongs to another user: run as root`;
}

function ancestorsOf(pid: number): number[] {
  const found: number[] = [];
  for (let at = statOf(pid)?.ppid ?? 0; at > 0 && !found.includes(at); at = statOf(at)?.ppid ?? 0) found.push(at);
  return found;
}

function running({ pid, startTicks }: Data): ProcessStat | undefined {
  const stat = statOf(pid);
  return stat === undefined || isOver(stat) || String(stat.startTicks) !== startTicks ? undefined : stat;
}

/** Looks once more right before: between the look and the signal there are microseconds, too few for the number to come round again. */
function signal(data: Data, name: 'SIGTERM' | 'SIGKILL'): void {
  if (running(data) === undefined) return;
  try {
    process.kill(data.pid, name);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return;
    throw new TickwardError('FAILED', `process ${data.pid} cannot be signalled`, { hint: 'run as root', cause: error });
  }
}

async function ended(data: Data): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; running(data) !== undefined; await setTimeout(POLL_MS)) {
    if (performance.now() > end) return false;
  }
  return true;
}

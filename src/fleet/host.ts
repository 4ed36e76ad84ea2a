/** A task carried out on this host by the program's own commands, with a deadline, and never two that change something at once. */
import { lstatSync } from 'node:fs';
import { run } from '../exec.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { bytesOfText } from '../model/text.ts';
import { changes, commandOf, failed, type Answer, type GivenTask, type HostState } from './task.ts';

export interface HostOptions {
  /** How the program is called: its path, or the interpreter with it. */
  program: readonly [string, ...string[]];
  /** Where state is kept; the lock is there too. */
  stateDir: string;
  /** The record of a run, as `runs show` gives it: it goes with the answer, so that the controller keeps it whatever becomes of the host. */
  recordOf: (run: string) => unknown;
}

/** flock(1) ends with it when another one has the lock. Not used by the program's own commands. */
const BUSY = 75;

/** Exit codes of the program (DESIGN: command line). */
const FAILED = 1;
const FINDINGS = 3;

/** Never throws: what went wrong is the answer. */
export async function carryOut(given: GivenTask, options: HostOptions): Promise<Answer> {
  const { task } = given;
  const command = [...options.program, ...commandOf(given), '--state-dir', options.stateDir];
  const locked = changes(task) && !given.check ? ['flock', '--no-fork', '--nonblock', '--conflict-exit-code', String(BUSY), `${options.stateDir}/fleet.lock`, ...command] : command;
  try {
    const [file = '', ...args] = locked;
    const { exitCode, stdout, stderr } = await run(file, args, { timeout: task.deadline_seconds * 1_000, maxBuffer: MOST_ANSWERED });
    if (exitCode === BUSY) return failed('busy', 'another run is changing this host: nothing was done');
    const data = documentsOf(stdout);
    if (isAbsent(given, data)) return { changed: false, reason: 'absent', msg: 'there is no such file on this host', state: changes(task) ? 'unchanged' : 'ok', data };
    const id = (data as RunData | null)?.run;
    const answered = { data, ...(typeof id === 'string' ? { record: options.recordOf(id) } : {}) };
    if (exitCode !== 0 && exitCode !== FINDINGS) return { ...failed('error', textOf(errorIn(data)?.message) ?? failedStepIn(data) ?? (stderr.trim().split('\n').at(-1) || `ended with ${exitCode ?? 'a signal'}`)), ...answered };
    const state = stateOf(given, exitCode, data);
    return { changed: state === 'changed' || state === 'would-change', msg: state, state, ...answered };
  } catch (error) {
    const timedOut = error instanceof TickwardError && error.code === 'TIMEOUT';
    return failed(timedOut ? 'timed-out' : 'error', timedOut ? `gave no answer within ${task.deadline_seconds} s and was ended; what it had done until then is in its journal (tickward runs)` : messageOf(error));
  }
}

/** Of a fleet, most hosts do not have the file: there is nothing to do there. A playbook can be unknown as well. */
function isAbsent({ task }: GivenTask, data: unknown): boolean {
  if (task.do !== 'respond' && task.do !== 'investigate') return false;
  return errorIn(data)?.code === 'NOT_FOUND' && lstatSync(bytesOfText(task.path), { throwIfNoEntry: false }) === undefined;
}

/** Of one host. */
const MOST_ANSWERED = 16 * 1024 * 1024;

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** What was not looked into may hold what was not found. */
export function answerOfSweep(traces: readonly unknown[], notes: readonly string[], isComplete: boolean): Answer {
  if (traces.length === 0 && !isComplete) return failed('timed-out', `nothing was found, but ${notes.find((note) => note.startsWith('not everything')) ?? 'not everything was looked into'}`);
  return { changed: false, msg: `${traces.length} trace(s)`, state: traces.length > 0 ? 'found' : 'ok', data: { traces, notes } };
}

/** One document, or one a line. */
function documentsOf(stdout: string): unknown {
  const text = stdout.trim();
  if (text === '') return [];
  try {
    return JSON.parse(text);
  } catch {
    return text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        return [];
      }
    });
  }
}

function errorIn(data: unknown): { code?: unknown; message?: unknown } | undefined {
  return (data as { error?: { code?: unknown; message?: unknown } } | null)?.error;
}

interface RunData {
  run?: unknown;
  steps?: { id?: unknown; state?: unknown; summary?: unknown }[];
}

/** The first is the reason: what follows was not tried for it. */
function failedStepIn(data: unknown): string | undefined {
  const step = (data as RunData | null)?.steps?.find(({ state }) => state === 'failed');
  return step === undefined ? undefined : `${String(step.id)}: ${String(step.summary)}`;
}

/** What the steps of a run say together: a change counts before a question for a person. */
export function stateOf({ task, check }: GivenTask, exitCode: number | undefined, data: unknown): HostState {
  if (!changes(task)) return exitCode === FINDINGS || (task.do === 'status' && Array.isArray(data) && data.length > 0) ? 'found' : 'ok';
  const states = ((data as RunData | null)?.steps ?? []).map(({ state }) => String(state));
  if (states.includes('failed') || exitCode === FAILED) return 'failed';
  if (states.includes('changed')) return 'changed';
  if (check && states.includes('would-change')) return 'would-change';
  return states.includes('needs-person') && !states.includes('unchanged') ? 'needs-person' : 'unchanged';
}

/** Takes back what a run changed, newest first, from its journal alone: also after the run was cut off. */
import { actionNamed, type Action, type Change, type HostContext, type Target } from '../actions/index.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import type { Journal, JournalEntry, JournalKind, JsonObject } from '../model/journal.ts';
import { isObject } from '../model/object.ts';
import { printable } from '../model/text.ts';
import type { RunResult, StepResult } from './result.ts';
import { refuseWhileRunning } from './still-running.ts';
import { targetSchema } from './target.ts';
import { thisProcess } from './who.ts';

export interface UndoOptions {
  run: string;
  /** Only this step. */
  step?: string;
  journal: Journal;
  context: HostContext;
  /** Ends it between two steps. */
  signal?: AbortSignal;
  onStep?: (result: StepResult) => void;
}

export async function undoRun(options: UndoOptions): Promise<RunResult> {
  const { run, journal } = options;
  const entries = journal.entries(run);
  const started = entries.find((entry) => entry.kind === 'run-started');
  if (started === undefined) throw new TickwardError('NOT_FOUND', `there is no run ${printable(run)}`, { hint: 'tickward runs lists them; one of another state directory is found with --state-dir' });
  refuseWhileRunning(entries);
  const target = targetOfRun(started);
  const steps = changedSteps(options).map(({ id }) => id);
  const results: StepResult[] = [];
  // An undo of nothing leaves no mark: the run can be gone on with as before.
  if (steps.length > 0) {
    const { seq } = journal.append({ run, kind: 'undo-started', data: { steps, ...thisProcess() } });
    refuseWhileRunning(journal.entries(run), seq);
  }
  for (const step of steps) {
    if (options.signal?.aborted === true) break;
    const result = await undoStep(step, entries, target, options);
    results.push(result);
    options.onStep?.(result);
  }
  const left = steps.slice(results.length).map((step) => resultFor(step, actionOf(entries, step))('skipped-because', 'not tried: interrupted'));
  return { run, playbook: String(started.data['playbook'] ?? ''), target, dry_run: false, ended: left.length === 0 ? 'finished' : 'interrupted', steps: [...results, ...left] };
}

type Result = (state: StepResult['state'], summary: string, changes?: string[], notes?: string[]) => StepResult;

function resultFor(step: string, action: string): Result {
  return (state, summary, changes = [], notes = []) => ({ id: step, title: `Undo ${step}`, action, state, summary, changes, notes, undo: null, answers: {} });
}

/** The name of the action that made the changes of a step. */
function actionOf(entries: readonly JournalEntry[], step: string): string {
  return String(entries.find((entry) => entry.step === step && entry.kind === 'change' && 'action' in entry.data)?.data['action'] ?? '');
}

function targetOfRun(started: JournalEntry): Target {
  const checked = targetSchema.safeParse(started.data['target']);
  if (checked.success) return checked.data;
  throw new TickwardError('STATE', 'the journal of this run is of a form that this version does not know', { hint: 'undo it with the version that made it' });
}

export interface ChangedStep {
  id: string;
  /** In words, the newest first. */
  changes: string[];
}

/** What an undo goes through, the newest first. Throws NOT_FOUND where the one step that is asked for changed nothing. */
export function changedSteps({ run, step, journal }: Pick<UndoOptions, 'run' | 'step' | 'journal'>): ChangedStep[] {
  const entries = journal.entries(run);
  const ids = [...new Set(entries.flatMap((entry) => (entry.kind === 'change' && entry.step !== undefined ? [entry.step] : [])))].toReversed();
  const changed = ids.map((id) => ({ id, changes: changesOf(entries.filter((entry) => entry.step === id)).flatMap(({ text }) => text ?? []) }));
  if (step === undefined) return changed;
  if (ids.includes(step)) return changed.filter(({ id }) => id === step);
  const known = entries.some((entry) => entry.step === step);
  throw new TickwardError('NOT_FOUND', known ? `step ${printable(step)} of this run changed nothing` : `run ${printable(run)} has no step ${printable(step)} that changed something`, { hint: ids.length === 0 ? 'this run changed nothing' : `steps with changes: ${ids.join(', ')}` });
}

/** Takes back all that one step of a run announced. */
export async function undoStep(step: string, entries: readonly JournalEntry[], target: Target, { run, journal, context }: Pick<UndoOptions, 'run' | 'journal' | 'context'>): Promise<StepResult> {
  const own = entries.filter((entry) => entry.step === step);
  const name = actionOf(own, step);
  const result = resultFor(step, name);
  const action = actionNamed(name);
  if (action === undefined) return result('failed', `this version has no action ${printable(name)}`);
  const say = (kind: JournalKind, data: JsonObject): void => void journal.append({ run, step, kind, data });
  const wasUndone = own.findLast((entry) => entry.kind === 'undone' && !isEmpty(entry.data['done']))?.time;
  try {
    const report = await action.undo(changesOf(own), { ...context, target, run, step, undoneBefore: wasUndone !== undefined });
    const { done, already, failed } = report;
    say(failed.length === 0 ? 'undone' : 'undo-failed', { done, already, failed });
    if (failed.length > 0) return result('failed', failed.join('; '), done, already);
    if (!action.undoable) return result(done.length > 0 ? 'changed' : 'unchanged', `not undone: ${action.reversible.replace(/^not: /, '')}${done.length > 0 ? '; what was held and not ended goes on' : ''}`, done, already);
    if (done.length > 0) return result('changed', `taken back: ${done.length} ${done.length === 1 ? 'thing is' : 'things are'} as before`, done, already);
    return result('unchanged', wasUndone === undefined ? 'everything is as it was' : `it was undone before, at ${wasUndone}`, [], already);
  } catch (error) {
    say('undo-failed', { failed: [advisedMessageOf(error)] });
    return result('failed', advisedMessageOf(error));
  }
}

function isEmpty(done: unknown): boolean {
  return !Array.isArray(done) || done.length === 0;
}

/** What a step of a run held for a change that did not come, because it was cut off in between, goes on. Gives it in words. */
export async function letGoOf(step: string, action: Action, target: Target, { run, journal, context }: Pick<UndoOptions, 'run' | 'journal' | 'context'>): Promise<string[]> {
  if (action.undoable) return [];
  const { done, failed } = await action.undo(changesOf(journal.entries(run).filter((entry) => entry.step === step)), { ...context, target, run, step });
  return [...done, ...failed];
}

/** Newest first. */
function changesOf(entries: readonly JournalEntry[]): Change[] {
  return entries.flatMap(changeOf).toReversed();
}

/** One that is not legible any more goes along, as one that nobody knows: what it announced may have been done, and is not taken back. */
function changeOf({ kind, data: { text, data } }: JournalEntry): Change[] {
  if (kind !== 'change') return [];
  if (!isObject(data)) return [{ text: typeof text === 'string' ? text : 'it is not legible', data: {} }];
  return [{ ...(typeof text === 'string' ? { text } : {}), data: data as JsonObject }];
}

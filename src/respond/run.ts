/** Carries out a response: every step is planned, decided, journalled before each change, done and verified. */
import type { Change, HostContext, Target } from '../actions/index.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import type { FileEvent } from '../model/event.ts';
import type { Journal, JournalKind, JsonObject } from '../model/journal.ts';
import { type PlannedStep, prepare, type Prepared, selectSteps } from './plan.ts';
import type { Playbook, PlaybookStep } from './playbook.ts';
import { newRunId } from './run-id.ts';
import { HOST, targetOf } from './target.ts';
import { thisProcess } from './this-process.ts';

export type StepState = 'would-change' | 'changed' | 'unchanged' | 'skipped' | 'failed' | 'needs-person';

export interface StepResult {
  id: string;
  title: string;
  action: string | null;
  state: StepState;
  summary: string;
  /** In words, in the order in which they were (or would be) made. */
  changes: string[];
  /** What a person should know besides. */
  notes: string[];
  /** The command that takes it back, or why there is none; null where nothing was changed. */
  undo: string | null;
}

export interface RunResult {
  /** null for a dry run, which leaves no trace. */
  run: string | null;
  playbook: string;
  target: Target;
  dry_run: boolean;
  steps: StepResult[];
}

export type Decision = 'apply' | 'skip' | { stop: true };

export interface RespondOptions {
  playbook: Playbook;
  /** Absent where the response is about the host and not about a file. */
  event?: FileEvent;
  context: HostContext;
  journal: Journal;
  dryRun?: boolean;
  /** Ids of steps or names of actions. */
  only?: readonly string[];
  /** Asked for each action that is ready, never in a dry run. */
  decide: (step: PlannedStep) => Promise<Decision>;
  /** Shown each step that a person has to do; true means that they say it is done. Without it such steps stay open. */
  acknowledge?: (step: PlannedStep) => Promise<boolean>;
  /** Ends the run between two steps. */
  signal?: AbortSignal;
  onStep?: (result: StepResult, planned: PlannedStep | undefined) => void;
}

interface Running {
  options: RespondOptions;
  run: string;
  target: Target;
  /** Why the steps that follow are not tried. */
  stopped?: string;
}

export async function respond(options: RespondOptions): Promise<RunResult> {
  const { playbook, event, context } = options;
  const steps = selectSteps(playbook, options.only);
  const dryRun = options.dryRun ?? false;
  const running: Running = { options, run: newRunId(), target: event === undefined ? HOST : targetOf(event, context) };
  const say = (kind: JournalKind, data: JsonObject): void => void (dryRun || options.journal.append({ run: running.run, kind, data }));
  say('run-started', { playbook: playbook.name, target: running.target, ...(event === undefined ? {} : { event: event.event.id }), ...thisProcess() });
  const results: StepResult[] = [];
  for (const step of steps) {
    const [result, planned] = await one(step, running);
    results.push(result);
    options.onStep?.(result, planned);
  }
  say('run-finished', { steps: results.map(({ id, state }) => ({ id, state })) });
  return { run: dryRun ? null : running.run, playbook: playbook.name, target: running.target, dry_run: dryRun, steps: results };
}

async function one(step: PlaybookStep, running: Running): Promise<[StepResult, PlannedStep | undefined]> {
  const { options, target, run } = running;
  const result = resultOf(step);
  if (options.signal?.aborted) running.stopped ??= 'interrupted';
  if (running.stopped !== undefined) return [result('skipped', `not tried: ${running.stopped}`), undefined];
  try {
    const prepared = await prepare(step, options.event, target, options.context, run);
    return [await decided(step, prepared, running), prepared.planned];
  } catch (error) {
    return [failed(step, running, advisedMessageOf(error)), undefined];
  }
}

async function decided(step: PlaybookStep, prepared: Prepared, running: Running): Promise<StepResult> {
  const { options } = running;
  const { planned } = prepared;
  const result = resultOf(step, planned.notes);
  const changes = planned.changes.map((change) => change.text);
  switch (planned.state) {
    case 'needs-person': {
      const isDone = !options.dryRun && (await options.acknowledge?.(planned)) === true;
      return isDone ? result('unchanged', 'a person says that it is done') : result('needs-person', planned.text ?? planned.title);
    }
    case 'nothing-to-do':
      return result('unchanged', planned.reason ?? 'nothing to do');
    case 'blocked': {
      const blocked = resultOf(step, [...planned.notes, ...changes.map((text) => `would otherwise: ${text}`)]);
      if (step.optional || options.dryRun) return blocked('skipped', `cannot be done: ${planned.reason ?? ''}`);
      return failed(step, running, `cannot be done: ${planned.reason ?? ''}`, blocked('failed', '').notes);
    }
    case 'ready': {
      if (options.dryRun) return { ...result('would-change', summaryOf(changes.length, 'would be made')), changes };
      const decision = await options.decide(planned);
      if (decision === 'apply') return await carryOut(step, prepared, running);
      if (decision === 'skip') return result('skipped', 'not wanted');
      running.stopped = 'the response was stopped';
      return result('skipped', 'the response was stopped here');
    }
  }
}

async function carryOut(step: PlaybookStep, { planned, ready }: Prepared, running: Running): Promise<StepResult> {
  if (ready === undefined) throw new TickwardError('FAILED', `${step.id} was not planned`);
  const { run, options } = running;
  const { action, plan, context } = ready;
  const changes: string[] = [];
  const say = (kind: JournalKind, data: JsonObject): void => void options.journal.append({ run, step: step.id, kind, data });
  // Throws when the journal cannot take it: then the change is not made.
  const record = ({ text, data }: Change): void => {
    say('change', { action: action.name, ...(text === undefined ? {} : { text }), data });
    if (text !== undefined) changes.push(text);
  };
  const undo = (): string | null => (changes.length === 0 ? null : action.undoable ? `tickward undo ${run} ${step.id}` : action.reversible);
  try {
    say('step-started', { action: action.name, plan: plan.steps });
    const remarks = await action.apply(plan, context, record);
    const verdict = await action.verify(plan, context);
    if (!verdict.ok) throw new TickwardError('FAILED', verdict.text);
    say('step-done', { summary: verdict.text });
    const result = resultOf(step, [...planned.notes, ...remarks]);
    return { ...result(changes.length === 0 ? 'unchanged' : 'changed', verdict.text), changes, undo: undo() };
  } catch (error) {
    return { ...failed(step, running, advisedMessageOf(error), planned.notes), changes, undo: undo() };
  }
}

/** A required step that fails ends the response: what follows may rest on it. */
function failed(step: PlaybookStep, running: Running, message: string, notes: readonly string[] = []): StepResult {
  const { options, run } = running;
  if (!step.optional) running.stopped ??= `step ${step.id} failed`;
  const result = resultOf(step, notes);
  if (options.dryRun) return result('failed', message);
  try {
    options.journal.append({ run, step: step.id, kind: 'step-failed', data: { error: message } });
    return result('failed', message);
  } catch (error) {
    return result('failed', `${message}; and the journal could not take that: ${advisedMessageOf(error)}`);
  }
}

function resultOf(step: PlaybookStep, notes: readonly string[] = []): (state: StepState, summary: string) => StepResult {
  return (state, summary) => ({ id: step.id, title: step.title, action: step.kind === 'action' ? step.action : null, state, summary, changes: [], notes: [...notes], undo: null });
}

function summaryOf(count: number, done: string): string {
  return `${count} ${count === 1 ? 'change' : 'changes'} ${done}`;
}

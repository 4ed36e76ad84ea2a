/** One step of a run: gates, questions, plan, decision, changes, verification. */
import type { Change } from '../actions/index.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';
import { documentOf } from './findings.ts';
import { fileStates } from './file-states.ts';
import { noteAnswer } from './given.ts';
import { asksForInvestigation, closedGate, prepare, type PlannedStep, type Prepared } from './plan.ts';
import type { PlaybookStep } from './playbook.ts';
import { isDone, resultOf, type Result, type StepResult, type StepState } from './result.ts';
import { undoOf } from './resume.ts';
import { noteInvestigation, type Running } from './session.ts';
import { letGoOf, undoStep } from './undo.ts';

/** Undefined where the run was stopped at it. */
export type Outcome = { result: StepResult; planned: PlannedStep | undefined } | 'back' | undefined;

/** `again`: a person has gone back to it. */
export async function takeStep(step: PlaybookStep, running: Running, again: boolean): Promise<Outcome> {
  const before = running.results.get(step.id);
  if (again && before?.state === 'changed' && (await running.options.revisit?.(before)) !== 'undo') return { result: before, planned: undefined };
  if (again && before?.state === 'changed') {
    const undone = await takeBack(step, running);
    if (undone.state === 'failed') return { result: { ...before, state: 'failed', summary: `it could not be taken back: ${undone.summary}` }, planned: undefined };
  }
  running.results.delete(step.id);
  const unmet = step.needs.find((name) => !isMet(name, running));
  if (unmet !== undefined) return ended(step, running, { notes: [] }, 'skipped-because', whyUnmet(unmet, running));
  try {
    await knowEnough(step, running);
    const closed = closedGate(step, knownOf(running), running.options.severity);
    if (closed !== undefined) return ended(step, running, { notes: [] }, 'skipped-because', closed);
    await askQuestions(step, running);
    const prepared = await prepare(step, knownOf(running), running.target, running.options.context, running.run);
    return await decided(step, prepared, running);
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'INTERRUPTED') throw error;
    return { result: await failed(step, running, advisedMessageOf(error)), planned: undefined };
  }
}

/** In a dry run nobody does anything: what a person would have to do counts as done. */
function isMet(name: string, { results, dryRun }: Running): boolean {
  const result = results.get(name);
  return result !== undefined && (isDone(result) || (dryRun && result.state === 'needs-person'));
}

function whyUnmet(name: string, { results, selected }: Running): string {
  if (!selected.has(name)) return `it needs ${name}, which was not asked for`;
  return `it needs ${name}, which is ${results.get(name)?.state ?? 'not done'}`;
}

async function knowEnough(step: PlaybookStep, running: Running): Promise<void> {
  const { investigate } = running.options;
  if (running.investigation !== undefined || investigate === undefined || !asksForInvestigation(step)) return;
  running.investigation = await investigate();
  noteInvestigation(running, running.investigation);
}

function knownOf({ options, investigation, answers, results }: Running): object {
  const { event, alert, severity } = options;
  return documentOf({ ...(event === undefined ? {} : { event }), ...(alert === undefined ? {} : { alert }), ...(severity === undefined ? {} : { severity }), ...(investigation === undefined ? {} : { investigation }), answers, steps: Object.fromEntries([...results].map(([id, { state }]) => [id, state])) });
}

async function askQuestions(step: PlaybookStep, running: Running): Promise<void> {
  const { ask, answers: given } = running.options;
  for (const question of step.questions) {
    const before = running.answers[step.id]?.[question.id];
    const answer = given?.[step.id]?.[question.id] ?? (running.dryRun ? undefined : await ask?.(question, step, before));
    if (answer !== undefined) noteAnswer(running, step.id, question, answer);
  }
}

async function decided(step: PlaybookStep, prepared: Prepared, running: Running): Promise<Outcome> {
  const { options, dryRun } = running;
  const { planned } = prepared;
  const about = { notes: planned.notes, planned };
  const changes = planned.changes.map((change) => change.text);
  switch (planned.state) {
    case 'needs-person':
      return await attended(step, planned, running);
    case 'nothing-to-do': {
      const reason = planned.reason ?? 'nothing to do';
      if (running.cutOff.has(step.id)) return { result: await conclude(step, prepared, running, { summary: reason, remarks: [], made: [], plan: [] }), planned };
      return ended(step, running, about, 'unchanged', reason, true);
    }
    case 'blocked': {
      const notes = [...planned.notes, ...changes.map((text) => `would otherwise: ${text}`)];
      const reason = `cannot be done: ${planned.reason ?? ''}`;
      if (mayBeLeftOut(step, running)) return ended(step, running, { notes, planned }, 'skipped-because', reason);
      return { result: await failed(step, running, reason, notes), planned };
    }
    default: {
      if (dryRun && planned.only_looks) return ended(step, running, about, 'unchanged', `would ${changes.join('; ')}`);
      if (dryRun) return { result: { ...resultFor(step, running, planned.notes)('would-change', `${changes.length} ${changes.length === 1 ? 'change' : 'changes'} would be made`), changes }, planned };
      running.seen.add(step.id);
      const decision = await options.decide(planned);
      if (decision === 'back') return 'back';
      if (decision === 'apply') return { result: await carryOut(step, prepared, running), planned };
      if (decision === 'skip') return ended(step, running, about, 'skipped-because', 'not wanted', true);
      if ('skip' in decision) return ended(step, running, about, 'skipped-because', decision.skip, true);
      running.stopped = 'the response was stopped';
      return undefined;
    }
  }
}

async function attended(step: PlaybookStep, planned: PlannedStep, running: Running): Promise<Outcome> {
  const { dryRun, options, answers } = running;
  const about = { notes: [], planned };
  if (dryRun || options.attend === undefined) return ended(step, running, about, 'needs-person', planned.text ?? planned.title);
  running.seen.add(step.id);
  const answer = await options.attend(planned);
  if (answer === 'back') return 'back';
  const missing = step.questions.filter((question) => question.required && answers[step.id]?.[question.id] === undefined).map((question) => question.id);
  if (answer === 'done' && missing.length > 0) return ended(step, running, about, 'needs-person', `not answered yet: ${missing.join(', ')}`);
  if (answer === 'done') return ended(step, running, about, 'unchanged', 'a person says that it is done', true);
  if (answer === 'open') return ended(step, running, about, 'needs-person', planned.text ?? planned.title);
  if ('skip' in answer) return ended(step, running, about, 'skipped-because', answer.skip, true);
  running.stopped = 'the response was stopped';
  return undefined;
}

async function carryOut(step: PlaybookStep, { planned, ready }: Prepared, running: Running): Promise<StepResult> {
  if (ready === undefined) throw new TickwardError('FAILED', `${step.id} was not planned`);
  const { say } = running;
  const { action, plan, context } = ready;
  const changes: string[] = [];
  // Throws when the journal cannot take it: then the change is not made.
  const record = ({ text, data }: Change): void => {
    say('change', { action: action.name, ...(text === undefined ? {} : { text }), data }, step.id);
    if (text !== undefined) changes.push(text);
  };
  try {
    say('step-started', { action: action.name, plan: plan.steps, before: fileStates(plan.steps) }, step.id);
    const remarks = await action.apply(plan, context, record);
    const verdict = await action.verify(plan, context);
    if (!verdict.ok) throw new TickwardError('FAILED', verdict.text);
    return await conclude(step, { planned, ready }, running, { summary: verdict.text, remarks, made: changes, plan: plan.steps });
  } catch (error) {
    const result = await failed(step, running, advisedMessageOf(error), planned.notes, changes.length > 0);
    return { ...result, changes, undo: undoOf(step, running.run, changes.length) };
  }
}

/** How a step that went well ended: what was made by this attempt, and what it had planned. */
interface Ending {
  summary: string;
  remarks: readonly string[];
  made: readonly string[];
  plan: Prepared['planned']['changes'];
}

/** The end of a step that went well; after a cut-off it also has what was made before, and looks whether all that was planned then was found again. */
async function conclude(step: PlaybookStep, { planned, ready }: Prepared, running: Running, { summary, remarks, made, plan }: Ending): Promise<StepResult> {
  const earlier = running.cutOff.get(step.id);
  const goesOn = earlier === undefined || ready === undefined ? [] : await letGoOf(step.id, ready.action, running.target, { run: running.run, ...running.options });
  const result = resultFor(step, running, [...planned.notes, ...remarks, ...goesOn]);
  const changes = [...new Set([...(earlier?.made ?? []), ...made])];
  // What is planned now is planned by how all that it is made to looks now: a unit that ended by itself meanwhile is not stopped again.
  const lost = new Set((earlier?.planned ?? []).filter(({ text, target }) => !changes.includes(text) && !plan.some((each) => each.target === target)).map(({ text }) => text));
  const undo = undoOf(step, running.run, changes.length);
  const isWhole = lost.size === 0;
  const state: StepState = !isWhole ? 'needs-person' : changes.length === 0 ? 'unchanged' : 'changed';
  const found = result(state, isWhole ? summary : `${summary}; but it was cut off before, and ${lost.size} of what was planned then was not found to do again: ${undo ?? 'look at it'}, then respond anew`);
  const whole = { ...found, notes: [...found.notes, ...[...lost].map((text) => `planned before it was cut off: ${text}`)], changes, undo };
  running.say('step-done', { state, summary: whole.summary, notes: whole.notes, settled: isWhole, after: fileStates(plan) }, step.id);
  return whole;
}

/** The end of a step without changes. One that is not settled is tried again when the run is resumed. */
function ended(step: PlaybookStep, running: Running, { notes, planned }: { notes: readonly string[]; planned?: PlannedStep }, state: StepState, summary: string, settled = false): { result: StepResult; planned: PlannedStep | undefined } {
  const result = resultFor(step, running, notes)(state, summary);
  running.say('step-done', { state, summary, notes: [...notes], settled }, step.id);
  return { result, planned };
}

/** What follows may rest on a step that fails: the response ends there, unless the step says otherwise. A dry run only says so: who mends what stands in the way wants to see the rest. */
async function failed(step: PlaybookStep, running: Running, message: string, notes: readonly string[] = [], changed = false): Promise<StepResult> {
  const policy = (step.kind === 'action' ? step.on_failure : undefined) ?? (step.optional ? 'continue' : 'stop');
  const ends = policy !== 'continue';
  if (running.dryRun) return resultFor(step, running, ends && isFollowed(step, running) ? [...notes, 'the response would end here: what follows is what it would do without this'] : notes)('failed', message);
  if (ends) running.stopped ??= `step ${step.id} failed`;
  const result = resultFor(step, running, notes);
  try {
    running.say('step-failed', { error: message }, step.id);
  } catch (error) {
    return result('failed', `${message}; and the journal could not take that: ${advisedMessageOf(error)}`);
  }
  if (policy !== 'undo' || !changed) return result('failed', message);
  const undone = await takeBack(step, running);
  return result('failed', undone.state === 'failed' ? `${message}; and it could not be taken back: ${undone.summary}` : `${message}; what it had changed was taken back`);
}

/** Whoever names a step wants it, also one without which the whole response goes on. */
function mayBeLeftOut(step: PlaybookStep, { options }: Running): boolean {
  return step.optional && (options.only ?? []).length === 0;
}

function isFollowed(step: PlaybookStep, { selected }: Running): boolean {
  return [...selected].at(-1) !== step.id;
}

async function takeBack(step: PlaybookStep, { run, target, cutOff, options: { journal, context } }: Running): Promise<StepResult> {
  cutOff.delete(step.id);
  return await undoStep(step.id, journal.entries(run), target, { run, journal, context });
}

function resultFor(step: PlaybookStep, running: Running, notes: readonly string[]): Result {
  return resultOf(step, { notes, answers: running.answers[step.id] ?? {} });
}

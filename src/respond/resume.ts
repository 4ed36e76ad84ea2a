/** What a run had come to, from its journal alone: to go on where it was interrupted, stopped or cut off. */
import type { Alert, FileEvent } from '../model/event.ts';
import { TickwardError } from '../model/errors.ts';
import type { Journal, JournalEntry, JsonObject } from '../model/journal.ts';
import { isObject } from '../model/object.ts';
import { printable } from '../model/text.ts';
import { actionNamed, type PlanStep } from '../actions/index.ts';
import { SEVERITIES, type Answer, type Severity } from './findings.ts';
import { playbookSchema, type Playbook, type PlaybookStep } from './playbook.ts';
import { resultOf, type StepResult } from './result.ts';
import { refuseWhileRunning } from './still-running.ts';

/** A step that began and did not end, or failed: what it had set out to do, and what of that it announced. */
export interface CutOff {
  planned: PlanStep[];
  /** In words. */
  made: string[];
}

export interface Resumed {
  run: string;
  playbook: Playbook;
  event: FileEvent;
  alert?: Alert;
  severity?: Severity;
  only: string[];
  /** Of the steps that are settled: they are not done again. */
  results: Map<string, StepResult>;
  answers: Record<string, Record<string, Answer>>;
  cutOff: Map<string, CutOff>;
}

/** Throws NOT_FOUND where there is no such run, REFUSED while another process is at it or after it was undone. */
export function resumeOf(journal: Journal, run: string): Resumed {
  const entries = journal.entries(run);
  if (entries.length === 0) throw new TickwardError('NOT_FOUND', `there is no run ${printable(run)}`, { hint: 'tickward runs lists them; one of another state directory is found with --state-dir' });
  refuseWhileRunning(entries);
  if (entries.some((entry) => entry.kind === 'undo-started')) throw new TickwardError('REFUSED', `the run ${printable(run)} was undone, in whole or in part: it is not gone on with`, { hint: 'begin a new one with tickward respond' });
  const known = entries.find((entry) => entry.kind === 'run-known')?.data ?? {};
  const playbook = playbookSchema.safeParse(known['playbook']);
  if (playbook.success && !isObject(known['event'])) throw new TickwardError('USAGE', `the run ${printable(run)} is of one action about the whole host: it has no steps to go on with`, { hint: 'run that command again: what is done already is found to be so' });
  if (!playbook.success || !isObject(known['event'])) throw new TickwardError('STATE', 'too little is known of this run to go on with it: it was cut off before its first step, or another version made it', { hint: 'begin a new one with tickward respond' });
  const event = known['event'] as unknown as FileEvent;
  const alert = isObject(known['alert']) ? { ...(known['alert'] as unknown as Omit<Alert, 'event'>), event } : undefined;
  const severity = SEVERITIES.find((each) => each === known['severity']);
  const answers = answersOf(entries);
  const states = playbook.data.steps.map((step) => [step.id, stateOf(step, entries, answers[step.id] ?? {}, run)] as const);
  return {
    run,
    playbook: playbook.data,
    event,
    ...(alert === undefined ? {} : { alert }),
    ...(severity === undefined ? {} : { severity }),
    only: textsOf(known['only']),
    results: new Map(states.flatMap(([id, { result }]) => (result === undefined ? [] : [[id, result]]))),
    answers,
    cutOff: new Map(states.flatMap(([id, { cutOff }]) => (cutOff === undefined ? [] : [[id, cutOff]]))),
  };
}

function answersOf(entries: readonly JournalEntry[]): Record<string, Record<string, Answer>> {
  const answers: Record<string, Record<string, Answer>> = {};
  for (const { kind, step, data } of entries) {
    const { question, answer } = data;
    if (kind === 'answer' && step !== undefined && typeof question === 'string' && (typeof answer === 'string' || typeof answer === 'boolean')) (answers[step] ??= {})[question] = answer;
  }
  return answers;
}

function stateOf(step: PlaybookStep, entries: readonly JournalEntry[], answers: StepResult['answers'], run: string): { result?: StepResult; cutOff?: CutOff } {
  let settled: JsonObject | undefined;
  let planned: PlanStep[] = [];
  let made: string[] = [];
  for (const { kind, step: id, data } of entries) {
    if (id !== step.id) continue;
    if (kind === 'step-started') [settled, planned] = [undefined, [...planned, ...planOf(data)]];
    else if (kind === 'change' && typeof data['text'] === 'string') made.push(data['text']);
    else if (kind === 'step-failed') settled = undefined;
    else if (kind === 'step-done') settled = data['settled'] === true ? data : undefined;
    else if (kind === 'undone') [settled, planned, made] = [undefined, [], []];
  }
  if (settled === undefined) return planned.length === 0 ? {} : { cutOff: { planned, made } };
  const state = (['changed', 'unchanged', 'skipped-because'] as const).find((each) => each === settled['state']);
  if (state === undefined) return {};
  const result = resultOf(step, { notes: textsOf(settled['notes']), answers })(state, String(settled['summary'] ?? ''));
  return { result: { ...result, changes: made, undo: undoOf(step, run, made.length) } };
}

/** The command that takes a step back, or why there is none; null where it changed nothing. */
export function undoOf(step: PlaybookStep, run: string, changes: number): string | null {
  const action = step.kind === 'action' ? actionNamed(step.action) : undefined;
  if (changes === 0 || action === undefined) return null;
  return action.undoable ? `tickward undo ${run} ${step.id}` : action.reversible;
}

function planOf({ plan }: JsonObject): PlanStep[] {
  return Array.isArray(plan) ? plan.flatMap((each) => (isObject(each) && typeof each['text'] === 'string' ? [{ text: each['text'], target: String(each['target'] ?? '') }] : [])) : [];
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

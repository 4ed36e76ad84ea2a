/** What a response would do, step by step. Changes nothing. */
import { actionNamed, type Action, type ActionContext, type HostContext, type Need, type Plan, type PlanStep, type Target } from '../actions/index.ts';
import { advisedMessageOf, messageOf, TickwardError } from '../model/errors.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { JsonObject } from '../model/journal.ts';
import { printable } from '../model/text.ts';
import { compileWhen } from './condition.ts';
import { documentOf, fieldOf, fillIn, needsInvestigation, reaches, type Investigated, type Severity } from './findings.ts';
import type { Playbook, PlaybookStep, Question } from './playbook.ts';
import { targetOf } from './target.ts';

/** A step as a person is shown it before they decide. */
export interface PlannedStep {
  id: string;
  title: string;
  kind: 'action' | 'human';
  action: string | null;
  optional: boolean;
  /** The answer to offer. */
  default: 'yes' | 'no';
  /** What a person has to do, or should know. */
  text: string | null;
  questions: readonly Question[];
  state: 'ready' | 'nothing-to-do' | 'blocked' | 'needs-person' | 'skipped-because';
  /** Why it is not ready. */
  reason: string | null;
  changes: PlanStep[];
  notes: string[];
  /** How it is undone, or why not; null for a person's step. */
  reversible: string | null;
  /** What is listed as changes is only looked at. */
  only_looks: boolean;
  /** Of an action: what it takes and what has to be there. */
  params: JsonObject;
  needs: readonly Need[];
}

/** A planned step of an action, with what is needed to carry it out. */
export interface Prepared {
  planned: PlannedStep;
  ready?: { action: Action; plan: Plan; context: ActionContext };
}

/** What a response is planned with. */
export interface Case {
  event: FileEvent;
  alert?: Alert;
  severity?: Severity;
  investigation?: Investigated;
}

/** Every step as it looks now, before anything is done and answered. A plan that cannot be made is a step that is blocked. */
export async function planResponse(playbook: Playbook, event: FileEvent, context: HostContext, known: Omit<Case, 'event'> = {}): Promise<PlannedStep[]> {
  const target = targetOf(event, context);
  const document = documentOf({ event, ...known, answers: {}, steps: {} });
  const planned: PlannedStep[] = [];
  for (const step of playbook.steps) {
    const reason = closedGate(step, document, known.severity);
    if (reason !== undefined) planned.push({ ...bare(step), state: 'skipped-because', reason });
    else planned.push(await prepare(step, document, target, context, 'plan').then((prepared) => prepared.planned, (error: unknown) => ({ ...bare(step), state: 'blocked' as const, reason: advisedMessageOf(error) })));
  }
  return planned;
}

/** Why a step is not for this case; undefined where it is. */
export function closedGate(step: PlaybookStep, document: object, severity: Severity | undefined): string | undefined {
  if (step.severity !== undefined && !reaches(severity, step.severity)) return `it is for severity ${step.severity} and above, and this is ${severity ?? 'not known'} (--severity says otherwise)`;
  if (step.when !== undefined && !compileWhen(step.when).holds(document)) return `its condition does not hold: ${step.when}`;
  return undefined;
}

/** Whether a step asks for what only an investigation knows. */
export function asksForInvestigation(step: PlaybookStep): boolean {
  const placeholders = step.kind === 'action' ? Object.values(step.params).flatMap((value) => fieldOf(value) ?? []) : [];
  const conditions = step.when === undefined ? [] : compileWhen(step.when).fields;
  return [...placeholders, ...conditions].some(needsInvestigation);
}

/** Throws when the plan cannot be made. */
export async function prepare(step: PlaybookStep, document: object, target: Target, host: HostContext, run: string): Promise<Prepared> {
  if (step.kind === 'human') return { planned: bare(step) };
  const action = actionNamed(step.action);
  if (action === undefined) throw new TickwardError('BAD_INPUT', `there is no action ${printable(step.action)}`, { hint: 'tickward playbook actions lists them' });
  const context: ActionContext = { ...host, target, run, step: step.id };
  const params = fillIn(step.params, document);
  const plan = await action.plan(checkedParams(action, params), context);
  const planned: PlannedStep = { ...bare(step), state: plan.state, reason: plan.reason ?? null, changes: plan.steps, notes: plan.notes, reversible: action.reversible, only_looks: action.onlyLooks === true, params, needs: action.needs };
  return { planned, ready: { action, plan, context } };
}

function bare(step: PlaybookStep): PlannedStep {
  const { id, title, optional, questions } = step;
  const common = { id, title, optional, questions, reason: null, changes: [], notes: [], reversible: null, only_looks: false, params: {}, needs: [] };
  if (step.kind === 'human') return { ...common, kind: 'human', action: null, default: 'no', text: step.text, state: 'needs-person' };
  return { ...common, kind: 'action', action: step.action, default: step.default, text: step.text ?? null, state: 'blocked' };
}

function checkedParams(action: Action, params: JsonObject): unknown {
  const checked = action.params.safeParse(params);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new TickwardError('BAD_INPUT', `${action.name} does not take its parameters: ${printable(`${issue?.path.join('.') ?? ''} ${messageOf(issue?.message ?? '')}`.trim())}`, { hint: 'a placeholder may stand for a value of another type' });
}

/** The steps asked for by id or by the name of their action; all where nothing is asked for. */
export function selectSteps(playbook: Playbook, only: readonly string[] | undefined): PlaybookStep[] {
  if (only === undefined || only.length === 0) return playbook.steps;
  const names = (step: PlaybookStep): string[] => (step.kind === 'action' ? [step.id, step.action] : [step.id]);
  const unknown = only.find((name) => !playbook.steps.some((step) => names(step).includes(name)));
  if (unknown !== undefined) throw new TickwardError('USAGE', `the response has no step ${printable(unknown)}`, { hint: `it has ${playbook.steps.map((step) => step.id).join(', ')}` });
  return playbook.steps.filter((step) => names(step).some((name) => only.includes(name)));
}

/** What a response would do, step by step. Changes nothing. */
import { actionNamed, type Action, type ActionContext, type HostContext, type Plan, type PlanStep, type Target } from '../actions/index.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import type { FileEvent } from '../model/event.ts';
import { printable } from '../model/text.ts';
import type { Playbook, PlaybookStep } from './playbook.ts';
import { fillIn, targetOf } from './target.ts';

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
  state: 'ready' | 'nothing-to-do' | 'blocked' | 'needs-person';
  /** Why it is not ready. */
  reason: string | null;
  changes: PlanStep[];
  notes: string[];
  /** How it is undone, or why not; null for a person's step. */
  reversible: string | null;
}

/** A planned step of an action, with what is needed to carry it out. */
export interface Prepared {
  planned: PlannedStep;
  ready?: { action: Action; plan: Plan; context: ActionContext };
}

export async function planResponse(playbook: Playbook, event: FileEvent, context: HostContext): Promise<PlannedStep[]> {
  const target = targetOf(event, context);
  const planned: PlannedStep[] = [];
  for (const step of playbook.steps) planned.push((await prepare(step, event, target, context, 'plan')).planned);
  return planned;
}

/** Throws when the plan cannot be made. */
export async function prepare(step: PlaybookStep, event: FileEvent | undefined, target: Target, host: HostContext, run: string): Promise<Prepared> {
  const base = { id: step.id, title: step.title, optional: step.optional };
  if (step.kind === 'human') return { planned: { ...base, kind: 'human', action: null, default: 'no', text: step.text, state: 'needs-person', reason: null, changes: [], notes: [], reversible: null } };
  const action = actionNamed(step.action);
  if (action === undefined) throw new TickwardError('BAD_INPUT', `there is no action ${printable(step.action)}`, { hint: 'tickward playbook check FILE' });
  const context: ActionContext = { ...host, target, run, step: step.id };
  const plan = await action.plan(parametersOf(action, step.params, event), context);
  const planned: PlannedStep = {
    ...base,
    kind: 'action',
    action: action.name,
    default: step.default,
    text: step.text ?? null,
    state: plan.state,
    reason: plan.reason ?? null,
    changes: plan.steps,
    notes: plan.notes,
    reversible: action.reversible,
  };
  return { planned, ready: { action, plan, context } };
}

function parametersOf(action: Action, params: Parameters<typeof fillIn>[0], event: FileEvent | undefined): unknown {
  const checked = action.params.safeParse(fillIn(params, event));
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

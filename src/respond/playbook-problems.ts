/** What the schema of a response cannot see. Pure. */
import { actionNamed } from '../actions/index.ts';
import { issuesOf, type Issue } from '../yaml.ts';
import { compileWhen, problemOfWhen } from './condition.ts';
import { fieldOf, problemOfField } from './findings.ts';
import type { ActionStep, Playbook, PlaybookStep } from './playbook.ts';

interface Earlier {
  steps: string[];
  /** As `STEP.QUESTION`. */
  questions: string[];
}

/** A step as far as it can be read, with the names that later steps may use. */
export interface ReadStep {
  /** Absent where too little of it can be read. */
  step?: PlaybookStep;
  /** Keys of which the schema has said what is wrong: what stands for them in `step` is not the author's. */
  unread: ReadonlySet<PropertyKey>;
  id?: string;
  questions: readonly string[];
}

/** Ids that are not unique, unknown actions and fields, parameters that their action does not take, references to what comes later. */
export function problemsOf({ steps }: Playbook): Issue[] {
  return problemsOfSteps(steps.map((step) => ({ step, unread: new Set(), id: step.id, questions: step.questions.map((question) => question.id) })));
}

export function problemsOfSteps(steps: readonly ReadStep[]): Issue[] {
  const earlier: Earlier = { steps: [], questions: [] };
  return steps.flatMap((read, index) => {
    const found = problemsOfStep(read, earlier).filter(({ path: [key] }) => key === undefined || !read.unread.has(key));
    if (read.id !== undefined) earlier.steps.push(read.id);
    return found.map((issue) => ({ ...issue, path: ['steps', index, ...issue.path] }));
  });
}

function problemsOfStep({ step, id, questions: asked }: ReadStep, earlier: Earlier): Issue[] {
  const names = asked.map((question) => `${id ?? ''}.${question}`);
  if (step === undefined) {
    earlier.questions.push(...names);
    return [];
  }
  const twice: Issue[] = earlier.steps.includes(step.id) ? [{ path: ['id'], message: `there is another step ${step.id}` }] : [];
  const needs = step.needs.flatMap((name, index): Issue[] => (earlier.steps.includes(name) ? [] : [{ path: ['needs', index], message: `there is no earlier step ${name}` }]));
  const when = problemsOfCondition(step, earlier);
  const questions = problemsOfQuestions(step);
  // A step's own answers may be its parameters: its questions come first.
  earlier.questions.push(...names);
  return [...twice, ...needs, ...when, ...questions, ...(step.kind === 'action' ? problemsOfAction(step, earlier) : [])];
}

function problemsOfCondition({ when }: PlaybookStep, earlier: Earlier): Issue[] {
  if (when === undefined) return [];
  const broken = problemOfWhen(when);
  if (broken !== undefined) return [{ path: ['when'], ...broken }];
  return compileWhen(when).fields.flatMap((field): Issue[] => {
    const message = problemOfField(field, earlier);
    return message === undefined ? [] : [{ path: ['when'], message, offset: Math.max(0, when.indexOf(field)) }];
  });
}

function problemsOfQuestions({ questions }: PlaybookStep): Issue[] {
  const ids = questions.map((question) => question.id);
  return questions.flatMap(({ id, kind, choices }, index): Issue[] => {
    if (ids.indexOf(id) !== index) return [{ path: ['questions', index, 'id'], message: `there is another question ${id}` }];
    if (kind === 'choice' && choices === undefined) return [{ path: ['questions', index, 'kind'], message: 'a choice needs its choices' }];
    return kind !== 'choice' && choices !== undefined ? [{ path: ['questions', index, 'choices'], message: `a question of kind ${kind} has no choices`, atKey: true }] : [];
  });
}

function problemsOfAction(step: ActionStep, earlier: Earlier): Issue[] {
  const action = actionNamed(step.action);
  if (action === undefined) return [{ path: ['action'], message: `there is no action ${step.action}` }];
  const inParams = (issues: readonly Issue[]): Issue[] => issues.map((issue) => ({ ...issue, path: ['params', ...issue.path] }));
  const part = Object.entries(step.params).find(([, value]) => typeof value === 'string' && value.includes('{{') && fieldOf(value) === undefined);
  if (part !== undefined) return inParams([{ path: [part[0]], message: 'a placeholder is a whole value and names one field: "{{process.pid}}"' }]);
  const unknown = Object.entries(step.params).flatMap(([name, value]): Issue[] => {
    const field = fieldOf(value);
    const message = field === undefined ? undefined : problemOfField(field, earlier);
    return message === undefined ? [] : [{ path: [name], message }];
  });
  const isOpen = (name: PropertyKey | undefined): boolean => fieldOf(step.params[String(name)] ?? null) !== undefined;
  const known = Object.fromEntries(Object.entries(step.params).map(([name, value]) => [name, isOpen(name) ? undefined : value]));
  const checked = action.params.safeParse(known);
  const wrong = checked.success ? [] : checked.error.issues.filter((issue) => issue.code === 'unrecognized_keys' || !isOpen(issue.path[0]));
  return inParams([...unknown, ...issuesOf(wrong)]);
}

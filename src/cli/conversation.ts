/** A response as a conversation: what was found and what is proposed, then one decision at a time. */
import { shownPath, type Alert, type FileEvent } from '../model/event.ts';
import { printable } from '../model/text.ts';
import type { Investigated } from '../respond/findings.ts';
import type { PlannedStep } from '../respond/plan.ts';
import type { Playbook, PlaybookStep, Question } from '../respond/playbook.ts';
import type { Attended, Decision, Person, StepResult } from '../respond/run.ts';
import { makerText } from './alert-text.ts';
import { said } from './investigation-output.ts';
import type { Output } from './output.ts';
import { answerText, printPlanned, printStep } from './run-output.ts';
import type { Choice, Ui } from './ui.ts';

export interface Overview {
  playbook: Playbook;
  event: FileEvent;
  alert?: Alert;
  investigation: Investigated;
  plan: readonly PlannedStep[];
  /** Of a run that is gone on with. */
  done: readonly StepResult[];
}

/** What was found, what is proposed and why; false where the person leaves it at that. */
export async function begin(out: Output, ui: Ui, overview: Overview): Promise<boolean> {
  printOverview(out, overview);
  for (;;) {
    const answer = await ui.select('How do you want to go on?', [
      { value: 'go', name: 'go through the steps, one at a time: nothing is changed without a yes' },
      { value: 'details', name: 'show every change of every step first' },
      { value: 'leave', name: 'leave it at that: nothing is changed' },
    ]);
    if (answer !== 'details') return answer === 'go';
    for (const step of overview.plan) printPlanned(out, step, { details: true });
  }
}

function printOverview(out: Output, { playbook, event, alert, investigation, plan, done }: Overview): void {
  const heading = (text: string): void => {
    out.line();
    out.line(out.paint('bold', text));
  };
  out.line(out.paint('bold', printable(playbook.title)));
  out.line(`  file     ${shownPath(event)} (${event.event.action}, ${event['@timestamp']})`);
  out.line(`  by       ${makerText(event)}`);
  if (alert !== undefined) out.line(`  alert    ${printable(alert.rule.name)} — ${printable(alert.rule.severity)}, risk ${alert.rule.risk_score}`);
  heading(`What was found: ${investigation.verdict.level}`);
  for (const reason of investigation.verdict.reasons) out.line(`  - ${said(reason)}`);
  if (done.length > 0) heading('What was done before');
  for (const step of done) printStep(out, step);
  heading('What is proposed');
  const width = Math.max(...plan.map((step) => step.id.length));
  const isDone = new Set(done.map((step) => step.id));
  for (const step of plan) if (!isDone.has(step.id)) out.line(`  ${step.id.padEnd(width)}  ${proposal(step)}`);
}

function proposal(step: PlannedStep): string {
  const title = printable(step.title);
  switch (step.state) {
    case 'needs-person':
      return `${title}: for you`;
    case 'ready':
      if (step.only_looks) return `${title}: changes nothing`;
      return `${title}: ${step.changes.length} change${step.changes.length === 1 ? '' : 's'}${step.reversible?.startsWith('not: ') === true ? ', cannot be undone' : ''}`;
    default:
      return `${title}: ${step.state === 'nothing-to-do' ? 'nothing to do' : step.state === 'blocked' ? 'cannot be done' : 'left out'}: ${printable(step.reason ?? '')}`;
  }
}

/** `steps` are those that are gone through, for their place in the whole. */
export function createPerson(out: Output, ui: Ui, steps: readonly PlaybookStep[]): Required<Person> {
  /** The step that was introduced last: its questions come before its decision. */
  let introduced: string | undefined;
  const place = (id: string): string => `step ${steps.findIndex((step) => step.id === id) + 1} of ${steps.length}`;
  const introduce = (step: PlannedStep): void => {
    if (introduced !== step.id || step.kind === 'action') printPlanned(out, step, { all: false });
    introduced = undefined;
  };
  return {
    async decide(step): Promise<Decision> {
      introduce(step);
      for (;;) {
        const answer = await ui.select(`${step.id} (${place(step.id)})?`, decisions(step), step.default === 'yes' ? 'apply' : 'skip');
        if (answer === 'details') printPlanned(out, step, { details: true });
        else if (answer === 'skip') return { skip: await reasonFor(ui, 'not wanted') };
        else return answer === 'stop' ? { stop: true } : answer;
      }
    },
    async attend(step): Promise<Attended> {
      introduce(step);
      const answer = await ui.select(`Is ${step.id} done (${place(step.id)})?`, [
        { value: 'open', name: 'not yet: leave it open and go on' },
        { value: 'done', name: 'yes, it is done' },
        { value: 'skip', name: 'it is not needed here' },
        ...WAYS,
      ]);
      if (answer === 'skip') return { skip: await reasonFor(ui, 'not needed') };
      return answer === 'stop' ? { stop: true } : answer;
    },
    async ask(question, step, before) {
      if (introduced !== step.id) {
        out.line();
        out.line(`${out.paint('bold', step.id)}: ${printable(step.title)}`);
        if (step.text !== undefined) out.line(`  ${printable(step.text)}`);
        introduced = step.id;
      }
      return await askOne(ui, question, before);
    },
    async revisit(result) {
      printStep(out, result);
      const undoable = result.undo?.startsWith('tickward undo ') === true;
      return await ui.select(`${result.id} was done.`, [{ value: 'keep', name: 'leave it as it is' }, ...(undoable ? [{ value: 'undo' as const, name: 'take it back and decide anew' }] : [])]);
    },
  };
}

const WAYS: readonly Choice<'back' | 'stop'>[] = [
  { value: 'back', name: 'back to the step before' },
  { value: 'stop', name: 'stop the response here; it can be gone on with' },
];

function decisions(step: PlannedStep): Choice<'skip' | 'apply' | 'details' | 'back' | 'stop'>[] {
  const skip = { value: 'skip' as const, name: 'skip this step' };
  const apply = { value: 'apply' as const, name: step.only_looks ? 'do it: it changes nothing' : `do it: ${step.changes.length} change${step.changes.length === 1 ? '' : 's'}` };
  return [...(step.default === 'yes' ? [apply, skip] : [skip, apply]), { value: 'details', name: 'show the details' }, ...WAYS];
}

async function reasonFor(ui: Ui, otherwise: string): Promise<string> {
  const reason = (await ui.input('Why? (for the record)')).trim();
  return reason === '' ? otherwise : `${otherwise}: ${reason}`;
}

async function askOne(ui: Ui, question: Question, before: string | boolean | undefined): Promise<string | boolean | undefined> {
  const message = `${printable(question.ask)}${question.required ? ' (needed)' : ''}`;
  if (question.kind === 'text') {
    const answer = (await ui.input(message, undefined, typeof before === 'string' ? before : undefined)).trim();
    return answer === '' ? undefined : answer;
  }
  const values = question.kind === 'yes-no' ? ['yes', 'no'] : (question.choices ?? []);
  const open = 'not known yet';
  const offered = before === undefined ? open : answerText(before);
  const answer = await ui.select(message, [open, ...values].map((value) => ({ value, name: printable(value) })), offered);
  if (answer === open) return undefined;
  return question.kind === 'yes-no' ? answer === 'yes' : answer;
}

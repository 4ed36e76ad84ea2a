/** How the steps of a response, of its plan and of its undo are shown. */
import { HOST } from '../respond/target.ts';
import type { PlannedStep } from '../respond/plan.ts';
import type { RunResult, StepResult, StepState } from '../respond/result.ts';
import { printable } from '../model/text.ts';
import { Exit } from './context.ts';
import type { Output, Style } from './output.ts';

const STYLES: Record<StepState, Style> = { 'would-change': 'cyan', changed: 'green', unchanged: 'dim', 'skipped-because': 'yellow', failed: 'red', 'needs-person': 'yellow' };
const WIDTH = Math.max(...Object.keys(STYLES).map((state) => state.length));

/** 1 when a step failed, 3 when one needs a person, else 0. */
export function resultCode(result: RunResult): number {
  if (result.steps.some((step) => step.state === 'failed')) return Exit.FAILED;
  return result.steps.some((step) => step.state === 'needs-person') ? Exit.FINDINGS : Exit.DONE;
}

export function printRun(out: Output, result: RunResult): void {
  if (out.json) {
    out.document(result);
    return;
  }
  for (const step of result.steps) printStep(out, step);
  printEnd(out, result);
}

export function printStep(out: Output, step: StepResult): void {
  out.line(`${out.paint(STYLES[step.state], step.state.padEnd(WIDTH))} ${out.paint('bold', step.id)}  ${printable(step.summary)}`);
  const indent = ' '.repeat(WIDTH + 1);
  for (const change of step.changes) out.line(`${indent}- ${printable(change)}`);
  for (const [question, answer] of Object.entries(step.answers)) out.line(`${indent}${printable(question)}: ${answerText(answer)}`);
  for (const note of step.notes) out.line(out.paint('dim', `${indent}note: ${printable(note)}`));
}

export function answerText(answer: string | boolean): string {
  return typeof answer === 'string' ? printable(answer) : answer ? 'yes' : 'no';
}

export function printEnd(out: Output, result: RunResult): void {
  if (result.dry_run) out.line('Nothing was changed: this was a dry run.');
  else if (result.run !== null && result.steps.some((step) => step.undo?.startsWith('tickward undo '))) out.line(`Take it back: ${out.program} undo ${result.run}`);
  if (result.ended === 'finished' || result.run === null) return;
  // One action about the whole host has no steps to go on with; where it failed, its line says what to do.
  if (result.target.path !== HOST.path) out.line(`It was ${result.ended}. Go on with: ${out.program} respond --resume ${result.run}`);
  else if (result.ended === 'interrupted') out.line('It was interrupted. Run the command again: what is done already is found to be so.');
}

/** What is left, and how each change is undone or why not: the end of a response that a person was asked through. */
export function printSummary(out: Output, result: RunResult): void {
  const { run, steps } = result;
  out.line();
  out.line(out.paint('bold', 'Summary'));
  for (const step of steps) {
    out.line(`  ${out.paint(STYLES[step.state], step.state.padEnd(WIDTH))} ${out.paint('bold', step.id)}  ${printable(step.summary)}`);
    if (step.undo !== null) out.line(out.paint('dim', `  ${' '.repeat(WIDTH)}   ${step.undo.startsWith('tickward ') ? `take it back: ${step.undo.replace(/^tickward/, () => out.program)}` : `cannot be taken back: ${printable(step.undo).replace(/^not: /, '')}`}`));
  }
  printEnd(out, result);
  if (run === null) return;
  const open = steps.filter((step) => step.state === 'needs-person' || step.state === 'failed' || step.summary.startsWith('not tried: '));
  if (open.length > 0) out.line(`Still open: ${open.map((step) => step.id).join(', ')}.${result.ended === 'finished' ? ` Go on with: ${out.program} respond --resume ${run}` : ''}`);
  out.line(`The record, with every answer: ${out.program} runs show ${run}`);
}

const FEW = 6;

/** What an action would do, before a person decides. `all`: every change and note, with what it is made to, the parameters and what is needed. */
export function printPlanned(out: Output, step: PlannedStep, { all = true, details = false }: { all?: boolean; details?: boolean } = {}): void {
  out.line();
  out.line(`${out.paint('bold', step.id)}: ${printable(step.title)}${step.optional ? ' (optional)' : ''}`);
  if (step.text !== null) out.line(`  ${printable(step.text)}`);
  if (step.reason !== null) out.line(out.paint('yellow', `  ${step.state}: ${printable(step.reason)}`));
  const shown = all || step.changes.length <= FEW + 1 ? step.changes : step.changes.slice(0, FEW);
  for (const change of shown) out.line(`  - ${printable(change.text)}${details ? out.paint('dim', ` [${printable(change.target)}]`) : ''}`);
  if (shown.length < step.changes.length) out.line(`  - … ${step.changes.length - shown.length} more changes (details shows them)`);
  for (const note of step.notes) out.line(out.paint('dim', `  note: ${printable(note)}`));
  if (step.reversible !== null) out.line(out.paint('dim', `  undo: ${printable(step.reversible)}`));
  if (!details) return;
  for (const [name, value] of Object.entries(step.params)) out.line(out.paint('dim', `  parameter ${printable(name)}: ${printable(JSON.stringify(value))}`));
  if (step.action !== null) out.line(out.paint('dim', `  action: ${printable(step.action)}${step.needs.length === 0 ? '' : `, needs ${step.needs.join(', ')}`}`));
}

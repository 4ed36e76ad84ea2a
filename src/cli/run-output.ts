/** How the steps of a response, of its plan and of its undo are shown. */
import type { PlannedStep } from '../respond/plan.ts';
import type { RunResult, StepResult, StepState } from '../respond/run.ts';
import { printable } from '../model/text.ts';
import { Exit } from './context.ts';
import type { Output, Style } from './output.ts';

const STYLES: Record<StepState, Style> = { 'would-change': 'cyan', changed: 'green', unchanged: 'dim', skipped: 'yellow', failed: 'red', 'needs-person': 'yellow' };

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
  out.line(`${out.paint(STYLES[step.state], step.state.padEnd(12))} ${out.paint('bold', step.id)}  ${printable(step.summary)}`);
  for (const change of step.changes) out.line(`               - ${printable(change)}`);
  for (const note of step.notes) out.line(out.paint('dim', `               note: ${printable(note)}`));
}

export function printEnd(out: Output, result: RunResult): void {
  if (result.dry_run) out.line('Nothing was changed: this was a dry run.');
  else if (result.run !== null && result.steps.some((step) => step.undo?.startsWith('tickward undo '))) out.line(`Take it back: tickward undo ${result.run}`);
}

/** What an action would do, before a person decides. */
export function printPlanned(out: Output, step: PlannedStep): void {
  out.line();
  out.line(`${out.paint('bold', step.id)}: ${printable(step.title)}${step.optional ? ' (optional)' : ''}`);
  if (step.text !== null) out.line(`  ${printable(step.text)}`);
  if (step.reason !== null) out.line(out.paint('yellow', `  ${step.state}: ${printable(step.reason)}`));
  for (const change of step.changes) out.line(`  - ${printable(change.text)}`);
  for (const note of step.notes) out.line(out.paint('dim', `  note: ${printable(note)}`));
  if (step.reversible !== null) out.line(out.paint('dim', `  undo: ${printable(step.reversible)}`));
}

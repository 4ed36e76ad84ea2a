/** `tickward undo`: what a run did is taken back. */
import { TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { changedSteps, undoRun, type UndoOptions } from '../../respond/undo.ts';
import type { Store } from '../../store/index.ts';
import { refuseBroken } from '../chain.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { refuseUnknownRun } from '../named.ts';
import type { Output } from '../output.ts';
import { actionContext } from '../response.ts';
import { printStep, resultCode } from '../run-output.ts';
import { uninterrupted } from '../signals.ts';
import { createUi, isInteractive } from '../ui.ts';

interface Options {
  force?: true;
}

export const undo: Register = (program, act) => {
  program
    .command('undo <run> [step]')
    .description('takes back what a run did, newest change first')
    .option('--force', 'also where the journal was changed by somebody else')
    .addHelpText('after', `
Examples:
  sudo tickward undo 0193…
  sudo tickward undo 0193… remove

On a terminal it shows what the run changed and asks first; a script, and who gives --yes, is not asked.
Ctrl-C ends it between two steps; run again, it goes on. Exit code 1 when a step could not be taken back, 130 when it
was interrupted.`)
    .action(act((context, run: string, step: string | undefined, options: Options) => {
      const store = context.store();
      refuseExchanged(store, run, step);
      refuseUnknownRun(store, run);
      refuseBroken(store.journal, options.force === true);
      return uninterrupted((signal) => takeBack(context, { run, ...(step === undefined ? {} : { step }), journal: store.journal, context: actionContext(context), signal }));
    }));
};

/** Who repeats the line of one step has its name at hand before the run's. */
function refuseExchanged({ journal }: Store, run: string, step: string | undefined): void {
  if (step === undefined || journal.entries(run).length > 0 || journal.entries(step).length === 0) return;
  throw new TickwardError('USAGE', `${printable(run)} is no run, and ${printable(step)} is one`, { hint: `the run comes first: tickward undo ${printable(step)} ${printable(run)}` });
}

/** As for a response, a person is told by an error how to go on; with --json the document says it. */
async function takeBack({ out, settings }: Context, asked: UndoOptions): Promise<number> {
  if (isInteractive(settings) && !settings.yes && !(await isMeant(out, asked))) return Exit.DONE;
  const result = await undoRun(asked);
  if (out.json) out.document(result);
  else for (const step of result.steps) printStep(out, step);
  if (!out.json && result.steps.length === 0) out.line('This run changed nothing: there is nothing to take back.');
  if (result.ended !== 'interrupted') return resultCode(result);
  if (out.json) return Exit.INTERRUPTED;
  const left = result.steps.filter(({ summary }) => summary.startsWith('not tried: ')).map(({ id }) => id);
  throw new TickwardError('INTERRUPTED', `interrupted: still to be undone: ${left.map(printable).join(', ')}`, { hint: `go on with ${out.program} undo ${asked.run}${asked.step === undefined ? '' : ` ${printable(asked.step)}`}` });
}

/** It may bring back what an attacker made, and start it. */
async function isMeant(out: Output, asked: UndoOptions): Promise<boolean> {
  const changed = changedSteps(asked);
  if (changed.length === 0) return true;
  out.line('What the run did, and what would be taken back, the newest first:');
  for (const { id, changes } of changed) {
    out.line(out.paint('bold', printable(id)));
    for (const change of changes) out.line(`  - ${printable(change)}`);
  }
  return createUi(asked.signal).confirm('Take it back?');
}

/** `tickward runs` and `tickward undo`: what responses did, and taking it back. */
import { TickwardError } from '../../model/errors.ts';
import type { JournalEntry } from '../../model/journal.ts';
import { printable } from '../../model/text.ts';
import { undoRun, type UndoOptions } from '../../respond/undo.ts';
import type { Chain, RunSummary } from '../../store/journal.ts';
import { refuseBroken } from '../chain.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { refuseUnknownRun } from '../named.ts';
import { actionContext } from '../response.ts';
import { printStep, resultCode } from '../run-output.ts';
import { uninterrupted } from '../signals.ts';

interface Options {
  force?: true;
}

export const runs: Register = (program, act) => {
  const command = program.command('runs').description('executions of responses, with their journal');
  command.addHelpText('after', '\nExamples:\n  tickward runs\n  tickward runs show 0193…');
  command.command('list', { isDefault: true }).description('oldest first').addHelpText('after', '\nExamples:\n  tickward runs list\n  tickward runs list --json | jq .run').action(act(list));
  command
    .command('show <run>')
    .description('every entry of its journal, and whether the chain of hashes holds')
    .addHelpText('after', `
Examples:
  tickward runs show 0193…
  tickward runs show 0193… --json | jq .chain

Exit code 1 when an entry was changed, removed, put in another place, or cut off at the end. Who is root can write
the whole journal anew: keep the hash that is shown with your case, and compare.`)
    .action(act((context, id: string) => show(context, id)));
};

export const undo: Register = (program, act) => {
  program
    .command('undo <run> [step]')
    .description('takes back what a run did, newest change first')
    .option('--force', 'also where the journal was changed by somebody else')
    .addHelpText('after', `
Examples:
  sudo tickward undo 0193…
  sudo tickward undo 0193… remove

Ctrl-C ends it between two steps; run again, it goes on. Exit code 1 when a step could not be taken back, 130 when it
was interrupted.`)
    .action(act((context, run: string, step: string | undefined, options: Options) => {
      const store = context.store();
      const { journal } = store;
      // The run comes first, as in the line that says how a run is taken back.
      if (step !== undefined && journal.entries(run).length === 0 && journal.entries(step).length > 0) throw new TickwardError('USAGE', `${printable(run)} is no run, and ${printable(step)} is one`, { hint: `the run comes first: tickward undo ${printable(step)} ${printable(run)}` });
      refuseUnknownRun(store, run);
      refuseBroken(journal, options.force === true);
      return uninterrupted((signal) => takeBack(context, { run, ...(step === undefined ? {} : { step }), journal, context: actionContext(context), signal }));
    }));
};

/** As for a response, a person is told by an error how to go on; with --json the document says it. */
async function takeBack({ out }: Context, asked: UndoOptions): Promise<number> {
  const result = await undoRun(asked);
  if (out.json) out.document(result);
  else for (const step of result.steps) printStep(out, step);
  if (!out.json && result.steps.length === 0) out.line('This run changed nothing: there is nothing to take back.');
  if (result.ended !== 'interrupted') return resultCode(result);
  if (out.json) return Exit.INTERRUPTED;
  const left = result.steps.filter(({ summary }) => summary.startsWith('not tried: ')).map(({ id }) => id);
  throw new TickwardError('INTERRUPTED', `interrupted: still to be undone: ${left.map(printable).join(', ')}`, { hint: `go on with tickward undo ${asked.run}${asked.step === undefined ? '' : ` ${printable(asked.step)}`}` });
}

function list(context: Context): number {
  const all = context.store().journal.runs();
  if (context.out.json) for (const run of all) context.out.document(run);
  else if (all.length === 0) context.out.progress('no runs');
  else context.out.table(['run', 'started', 'ended', 'by', 'playbook', 'target'], all.map((run) => [run.run, run.started, endOf(run), textOf(run.data['by']), textOf(run.data['playbook']), targetOf(run.data['target'])]), ['run']);
  return Exit.DONE;
}

function endOf({ finished, interrupted }: RunSummary): string {
  return finished ?? (interrupted === undefined ? 'not finished' : `not finished, stopped ${interrupted}`);
}

function show(context: Context, id: string): number {
  const { out } = context;
  const store = context.store();
  const { journal } = store;
  const entries = journal.entries(id);
  const chain = journal.verify();
  if (entries.length === 0 && !chain.intact) throw new TickwardError('NOT_FOUND', `there is no run ${printable(id)}, and the journal was changed: ${chain.problem ?? ''}`, { hint: 'tickward runs lists them' });
  refuseUnknownRun(store, id);
  if (out.json) out.document({ run: id, chain, entries });
  else {
    out.table(['seq', 'time', 'step', 'what', 'data'], entries.map((entry) => [entry.seq, entry.time, entry.step, entry.kind, JSON.stringify(shownData(entry))]));
    printChain(context, chain);
  }
  return chain.intact ? Exit.DONE : Exit.FAILED;
}

/** What is long stands in --json. */
function shownData({ kind, data }: JournalEntry): object {
  if (kind !== 'run-known' || !('playbook' in data)) return data;
  const { playbook: _playbook, event: _event, ...rest } = data;
  return rest;
}

function printChain({ out }: Context, { intact, entries, head, problem }: Chain): void {
  if (!intact) {
    out.line(out.paint('red', `The journal was changed: ${printable(problem ?? '')}.`));
    return;
  }
  out.line(`The journal is intact: ${entries} entries, each chained to the one before.`);
  out.line(`The last one's hash is ${head}: kept with the case, it proves later that nothing up to here was changed.`);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function targetOf(target: unknown): string {
  return typeof target === 'object' && target !== null && 'path' in target ? String(target.path) : '';
}

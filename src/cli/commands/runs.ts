/** `tickward runs`: what responses did. */
import { TickwardError } from '../../model/errors.ts';
import type { JournalEntry } from '../../model/journal.ts';
import { printable } from '../../model/text.ts';
import type { Chain, RunSummary } from '../../store/journal.ts';
import { Exit, type Context, type Register } from '../context.ts';
import { refuseUnknownRun } from '../named.ts';

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
  if (entries.length === 0 && !chain.intact) throw new TickwardError('NOT_FOUND', `there is no run ${printable(id)}, and the journal was changed: ${chain.problem ?? ''}`, { hint: 'tickward runs lists them; one of another state directory is found with --state-dir' });
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

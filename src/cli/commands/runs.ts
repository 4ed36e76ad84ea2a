/** `tickward runs` and `tickward undo`: what responses did, and taking it back. */
import { TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { undoRun } from '../../respond/undo.ts';
import { Exit, type Register } from '../context.ts';
import { printRun, resultCode } from '../run-output.ts';
import { actionContext } from '../response.ts';

export const runs: Register = (program, act) => {
  const command = program.command('runs').description('executions of responses, with their journal');
  command.addHelpText('after', '\nExamples:\n  tickward runs\n  tickward runs show 0193…');
  command.command('list', { isDefault: true }).description('oldest first').addHelpText('after', '\nExamples:\n  tickward runs list\n  tickward runs list --json | jq .run').action(act((context) => {
    const all = context.store().journal.runs();
    if (context.out.json) for (const run of all) context.out.document(run);
    else if (all.length === 0) context.out.progress('no runs');
    else context.out.table(['run', 'started', 'finished', 'playbook', 'target'], all.map((run) => [run.run, run.started, run.finished ?? 'not finished', String(run.data['playbook'] ?? ''), targetOf(run.data['target'])]));
    return Exit.DONE;
  }));
  command.command('show <run>').description('every entry of its journal, and whether the chain of hashes holds').addHelpText('after', '\nExamples:\n  tickward runs show 0193…\n  tickward runs show 0193… --json | jq .chain').action(act((context, id: string) => {
    const journal = context.store().journal;
    const entries = journal.entries(id);
    if (entries.length === 0) throw new TickwardError('NOT_FOUND', `there is no run ${printable(id)}`, { hint: 'tickward runs lists them' });
    const chain = journal.verify();
    if (context.out.json) context.out.document({ run: id, chain, entries });
    else {
      context.out.table(['seq', 'time', 'step', 'what', 'data'], entries.map((entry) => [entry.seq, entry.time, entry.step, entry.kind, JSON.stringify(entry.data)]));
      context.out.line(chain.intact ? `The journal is intact: ${chain.entries} entries, each chained to the one before.` : context.out.paint('red', `The journal was changed: entry ${chain.broken_at ?? '?'} does not fit the one before.`));
    }
    return chain.intact ? Exit.DONE : Exit.FAILED;
  }));
};

export const undo: Register = (program, act) => {
  program
    .command('undo <run> [step]')
    .description('takes back what a run did, newest change first')
    .addHelpText('after', '\nExamples:\n  sudo tickward undo 0193…\n  sudo tickward undo 0193… remove')
    .action(act(async (context, run: string, step?: string) => {
      const store = context.store();
      const result = await undoRun({ run, ...(step === undefined ? {} : { step }), journal: store.journal, context: actionContext(context) });
      printRun(context.out, result);
      return resultCode(result);
    }));
};

function targetOf(target: unknown): string {
  return typeof target === 'object' && target !== null && 'path' in target ? String(target.path) : '';
}

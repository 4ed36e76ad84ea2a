/** A command that is one action: planned, asked for on a terminal, done with --yes. */
import { TickwardError } from '../model/errors.ts';
import type { Json } from '../model/journal.ts';
import { runAction } from '../respond/single.ts';
import { Exit, type Context } from './context.ts';
import { actionContext } from './response.ts';
import { printPlanned, printRun, resultCode } from './run-output.ts';
import { untilStopped } from './signals.ts';
import { isInteractive, ui } from './ui.ts';

export async function carryOutOne(context: Context, action: string, params: { [name: string]: Json }, dryRun: boolean): Promise<number> {
  const { settings, out } = context;
  const asks = isInteractive(settings) && !settings.yes && !dryRun;
  if (!asks && !settings.yes && !dryRun) throw new TickwardError('USAGE', 'nobody is here to decide: stdin and stdout are no terminal (or --json or --no-input was given)', { hint: 'look with --dry-run, then run again with --yes' });
  const stop = new AbortController();
  const stopping = untilStopped();
  void stopping.stopped.then(() => stop.abort());
  try {
    const result = await runAction({
      action,
      params,
      context: actionContext(context),
      journal: context.store('read').journal,
      dryRun,
      signal: stop.signal,
      async decide(step) {
        if (!asks) return 'apply';
        printPlanned(out, step);
        return (await ui.confirm('Do it?')) ? 'apply' : 'skip';
      },
    });
    printRun(out, result);
    return stop.signal.aborted ? Exit.INTERRUPTED : resultCode(result);
  } finally {
    stopping.stop();
  }
}

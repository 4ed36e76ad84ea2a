/** A command that is one action: planned, asked for on a terminal, done with --yes. */
import { TickwardError } from '../model/errors.ts';
import type { Json } from '../model/journal.ts';
import { runAction } from '../respond/single.ts';
import { Exit, type Context } from './context.ts';
import { actionContext } from './response.ts';
import { printPlanned, printRun, resultCode } from './run-output.ts';
import { uninterrupted } from './signals.ts';
import { createUi, isInteractive } from './ui.ts';

export async function carryOutOne(context: Context, action: string, params: { [name: string]: Json }, dryRun: boolean): Promise<number> {
  const { settings, out } = context;
  const asks = isInteractive(settings) && !settings.yes && !dryRun;
  if (!asks && !settings.yes && !dryRun) throw new TickwardError('USAGE', 'nobody is here to decide: stdin and stdout are no terminal (or --json or --no-input was given)', { hint: 'look with --dry-run, then run again with --yes' });
  return uninterrupted(async (signal) => {
    // A prompt hears of a signal only from us.
    const ui = createUi(signal);
    const result = await runAction({
      action,
      params,
      context: actionContext(context),
      journal: context.store('read').journal,
      dryRun,
      signal,
      async decide(step) {
        if (!asks) return 'apply';
        printPlanned(out, step);
        return (await ui.confirm('Do it?')) ? 'apply' : 'skip';
      },
    });
    printRun(out, result);
    return signal.aborted || result.ended === 'interrupted' ? Exit.INTERRUPTED : resultCode(result);
  });
}

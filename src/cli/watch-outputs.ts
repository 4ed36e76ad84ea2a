/** Where `watch` sends its alerts: what the command line names, else what the configuration says. */
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { DEFAULTS, type OutputOptions } from '../output/types.ts';
import type { Outputs } from '../output/index.ts';
import { openOutputsLock } from '../store/lock.ts';
import type { Context } from './context.ts';

const NOWHERE: Outputs = { send: () => undefined, close: async () => undefined };

/** Those of the command line have to work. One of the configuration that does not is said: the host is not left unwatched for it. `imports`: the alerts are of what another sensor wrote. */
export async function openWatchOutputs(context: Context, named: readonly string[], imports: boolean): Promise<Outputs> {
  const own = named.length > 0;
  const options = outputsOf(context.settings, named);
  if (options.length === 0) return NOWHERE;
  const { openOutputs } = await import('../output/index.ts');
  const outputs = await openOutputs(options, context.uid, (notice) => context.notice(notice), (error, kept) => {
    if (own) throw error;
    context.notice({ level: 'warn', message: `an output of the configuration ${kept ? 'takes no alert now, and is tried again with the next' : 'is not used'}: ${messageOf(error)}` });
  });
  return own || imports ? outputs : byOneProcess(outputs, context);
}

/** What `--output` says, else the configuration. Throws USAGE. */
export function outputsOf(settings: Context['settings'], named: readonly string[]): readonly OutputOptions[] {
  return named.length > 0 ? named.map(outputOf) : settings.outputs;
}

/** `file:/PATH`, `syslog`, `syslog:/SOCKET`, `journald`, `journald:/SOCKET`, `command:/PROGRAM`. */
function outputOf(text: string): OutputOptions {
  const [, type = '', rest] = /^([a-z]+)(?::(\/.+))?$/s.exec(text) ?? [];
  if (type === 'file' && rest !== undefined) return { type, path: rest, ...DEFAULTS.file };
  if (type === 'command' && rest !== undefined) return { type, command: [rest], ...DEFAULTS.command };
  if (type === 'syslog' || type === 'journald') return { type, socket: rest ?? DEFAULTS[type].socket };
  throw new TickwardError('USAGE', `${printable(text)} is no output`, { hint: 'write file:/PATH, syslog, journald or command:/PROGRAM, each path from / on' });
}

/** All that watch one state directory see every alert of its sensor: the first gives them to the outputs, another one when that is gone. Those of an import only some see, after the process that imports: it gives them on itself. */
function byOneProcess(outputs: Outputs, context: Context): Outputs {
  const lock = openOutputsLock(context.store('write').directory);
  let held = false;
  return {
    send(alert) {
      if (alert.event.tickward.source === 'import') return;
      try {
        held ||= lock.acquire() !== undefined;
      } catch {
        // Without a lock an alert may go out twice: better than not at all.
        held = true;
      }
      if (held) outputs.send(alert);
    },
    async close() {
      await outputs.close();
      lock.close();
    },
  };
}

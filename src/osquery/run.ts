/** How osquery starts an extension: `--socket PATH --timeout SECONDS --interval SECONDS`, and `--verbose` or more. */
import { parseArgs } from 'node:util';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Plugin } from './plugin.ts';
import { startExtension } from './server.ts';

export interface ExtensionArguments {
  socket: string;
  timeoutSeconds: number;
  intervalSeconds: number;
}

/** osquery's defaults for --extensions_timeout and --extensions_interval, in seconds. */
const TIMEOUT = 3;
const INTERVAL = 3;

/** Throws USAGE where there is no socket, or a time that is no number; options that are not known are passed over, as osquery may add some. */
export function argumentsOf(argv: readonly string[]): ExtensionArguments {
  const { values } = parseArgs({ args: [...argv], options: { socket: { type: 'string' }, timeout: { type: 'string' }, interval: { type: 'string' } }, strict: false });
  const { socket } = values;
  if (typeof socket !== 'string' || socket === '') throw new TickwardError('USAGE', 'osquery starts this with --socket PATH', { hint: 'try: osqueryi --extension PATH_OF_THIS_FILE' });
  /** 0, which osquery may give, is no time to wait for anything. */
  const seconds = (name: 'timeout' | 'interval', otherwise: number): number => {
    const value = values[name] ?? '0';
    if (typeof value !== 'string' || !/^\d{1,9}(?:\.\d+)?$/.test(value)) throw new TickwardError('USAGE', `--${name} takes a number of seconds${typeof value === 'string' ? `, not ${printable(value)}` : ''}`, { hint: `osquery gives what its flag --extensions_${name} says` });
    return Number(value) > 0 ? Number(value) : otherwise;
  };
  return { socket, timeoutSeconds: seconds('timeout', TIMEOUT), intervalSeconds: seconds('interval', INTERVAL) };
}

/** Registers the plugins with the osquery that started this program and serves them until it ends. Problems go to stderr, where osquery's own go; the exit code is 1 where it could not be registered, 2 where it was started wrongly. */
export async function runExtension({ name, version, plugins }: { name: string; version: string; plugins: readonly Plugin[] }): Promise<void> {
  try {
    const extension = await startExtension({ name, version, plugins, ...argumentsOf(process.argv.slice(2)), onNotice: ({ message }) => process.stderr.write(`${name}: ${message}\n`) });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void extension.stop(`signal ${signal}`));
    await extension.closed;
  } catch (error) {
    process.stderr.write(`${name}: ${messageOf(error)}${error instanceof TickwardError && error.hint !== undefined ? ` — ${error.hint}` : ''}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** As for the program: 2 is wrong usage. */
export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof TickwardError && error.code === 'USAGE' ? 2 : 1;
}

/** The log of the extension on stderr, where osquery's own goes: lines as pino writes them elsewhere, without its 4 MB. */
import { writeSync } from 'node:fs';

/** pino's numbers. */
const LEVELS = { info: 30, warn: 40, error: 50 } as const;

export function log(level: keyof typeof LEVELS, msg: string): void {
  try {
    writeSync(2, `${JSON.stringify({ level: LEVELS[level], time: Date.now(), msg })}\n`);
  } catch {
    // Nobody reads it (any more), or it is full: the tables go on.
  }
}

/** What was taken into the quarantine, written down beside the copies: enough to give it back by run, by hash or by path when the journal is lost. One JSON document a line. */
import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeAll } from '../host/files.ts';
import { attempt } from '../host/paths.ts';
import { readEnd } from '../host/read.ts';
import { removalChange, type RemovalChange } from './removal.ts';

const NAME = 'taken.ndjson';
/** Ten thousand removals. */
const MOST_BYTES = 64 * 1024 ** 2;

const taken = z.strictObject({ time: z.string(), run: z.string(), step: z.string(), change: removalChange });
export type Taken = z.infer<typeof taken>;

/** On disk when it returns; throws where it does not fit. */
export function remember(quarantine: string, { run, step, change }: { run: string; step: string; change: RemovalChange }): void {
  const path = join(quarantine, NAME);
  const fd = attempt(path, () => openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
  try {
    attempt(path, () => {
      // A line that was cut off by a full disk must not swallow this one.
      writeAll(fd, Buffer.from(`\n${JSON.stringify({ time: new Date().toISOString(), run, step, change })}\n`));
      fsyncSync(fd);
    });
  } finally {
    closeSync(fd);
  }
}

/** In the order in which it was taken, the newest ones where there are more. What is no whole line of ours is passed over. */
export function takenInto(quarantine: string): Taken[] {
  const text = readEnd(join(quarantine, NAME), MOST_BYTES)?.toString() ?? '';
  return text.split('\n').flatMap((line) => {
    const parsed = line === '' ? undefined : taken.safeParse(jsonOf(line));
    return parsed?.success === true ? [parsed.data] : [];
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

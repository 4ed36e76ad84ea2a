/** Asking rpm(8). Rows come as lines with a tab between fields. */
import { runSync } from '../../exec-sync.ts';
import { messageOf } from '../../model/errors.ts';
import type { QueryContext } from '../../model/table.ts';
import { firstLineOf } from '../../model/text.ts';

const TIMEOUT_MS = 20_000;
const MOST_BYTES = 256 * 1024 * 1024;
/** What rpm writes for a tag that a package does not have. */
const NONE = '(none)';

/** The fields of each line of the answer; a warning where there is no rpm, or it gives none in time. What is not installed has no line. */
export function askRpm(selection: readonly string[], format: string, context: QueryContext): string[][] {
  try {
    const { stdout, stderr, exitCode } = runSync('rpm', ['--query', '--queryformat', format, ...selection], { timeout: Math.min(TIMEOUT_MS, context.msLeft()), maxBuffer: MOST_BYTES });
    const said = firstLineOf(stderr);
    if (exitCode !== 0 && said !== '') context.warn(`rpm: ${said}`);
    return stdout.split('\n').filter((line) => line.includes('\t')).map((line) => line.split('\t').map((field) => (field === NONE ? '' : field)));
  } catch (error) {
    context.checkpoint();
    context.warn(messageOf(error));
    return [];
  }
}

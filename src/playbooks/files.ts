/** The playbooks that are installed, as folders and texts: rule.toml, guide.md (guide.LANG.md) and response.yaml in each. */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { TickwardError, unreadable } from '../model/errors.ts';
import { printable } from '../model/text.ts';

export const PLAYBOOKS = join(import.meta.dirname, '../../playbooks');

export function playbookNames(directory: string = PLAYBOOKS): string[] {
  return readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}

/** What people name is text of this size at most: Kibana's own limit for an import of rules (xpack.securitySolution.maxRuleImportPayloadBytes). */
const MOST_BYTES = 10_485_760;

/** A text file that someone named: a clear error when it is not there, too large, or no text. */
export function readText(file: string, what: string): string {
  const shown = `${what} ${printable(file)}`;
  const refused = (reason: string, hint: string, cause?: unknown): TickwardError => new TickwardError('BAD_INPUT', `${shown} cannot be read: ${reason}`, { hint, cause });
  let bytes: Buffer;
  try {
    bytes = readBounded(file);
  } catch (error) {
    throw unreadable(shown, error);
  }
  if (bytes.length > MOST_BYTES) throw refused(`it is larger than ${MOST_BYTES / 1_048_576} MiB`, 'no rule or guide is; an export of rules can be made in parts');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw refused('it is no text in UTF-8', 'check that it is the right file; iconv changes the encoding of a text', error);
  }
}

/** A byte more than is allowed at most: the size that a file has by its inode says nothing for a device or a pipe. */
function readBounded(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    let left = MOST_BYTES + 1;
    while (left > 0) {
      const chunk = Buffer.allocUnsafe(Math.min(left, 65_536));
      const read = readSync(descriptor, chunk);
      if (read === 0) break;
      chunks.push(chunk.subarray(0, read));
      left -= read;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(descriptor);
  }
}

/** Files of the host that are read whole to make rows of their lines. */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { errnoOf, messageOf } from '../../model/errors.ts';
import type { QueryContext } from '../../model/table.ts';
import { legible, textOfBytes } from '../../model/text.ts';

/** Bytes that are read of a file at most. */
const MOST = 16 * 1024 * 1024;

/** Undefined where it cannot be read, and then it is said, unless it `mayBeAbsent` and is. In a container anything may stand in its place: what is no file is not read, and nothing is waited for. */
export function readWhole(context: QueryContext, path: string, { mayBeAbsent = false } = {}): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > MOST) context.warn(`of ${path} the first ${MOST / 1024 ** 2} MiB are read`);
    return legible(textOfBytes(stat.size > MOST ? startOf(fd) : readFileSync(fd)));
  } catch (error) {
    if (!mayBeAbsent || errnoOf(error) !== 'ENOENT') context.warn(`${path} cannot be read: ${messageOf(error)}`);
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function startOf(fd: number): Buffer {
  const buffer = Buffer.alloc(MOST);
  return buffer.subarray(0, readSync(fd, buffer, 0, MOST, 0));
}

/** Parts between blanks, none of them empty. */
export function wordsOf(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== '');
}

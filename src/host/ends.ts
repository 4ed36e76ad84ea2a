/** The end of a log: what was written last, however large it has grown. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';

/** Bytes that are read of one log. At a hundred bytes a line, eighty thousand lines. */
export const MOST_LOG = 8 * 1024 ** 2;
const STEP = 256 * 1024;

export interface LogEnd {
  lines: string[];
  /** The log goes further back than these lines. */
  isCut: boolean;
}

/** Whole lines from the end backwards until `isEnough` says of a line that what is before it does not matter; undefined where there is no such regular file. Throws the system error where it may not be read. */
export function readLogEnd(path: string, isEnough: (line: string) => boolean): LogEnd | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return undefined;
    return backwards(fd, stat.size, isEnough);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function backwards(fd: number, size: number, isEnough: (line: string) => boolean): LogEnd {
  const least = Math.max(0, size - MOST_LOG);
  const chunks: Buffer[] = [];
  for (let end = size; end > least; ) {
    const start = Math.max(least, end - STEP);
    const chunk = Buffer.alloc(end - start);
    readSync(fd, chunk, 0, chunk.length, start);
    chunks.unshift(chunk);
    end = start;
    const cut = chunk.indexOf(0x0a);
    const first = chunk.subarray(cut + 1, cut + 1 + 1024).toString('utf8').split('\n', 1)[0] ?? '';
    if (end === 0 || end === least || (cut >= 0 && isEnough(first))) return { lines: linesOf(chunks, end > 0), isCut: end > 0 };
  }
  return { lines: [], isCut: false };
}

/** The first line is not whole where the log goes further back. */
function linesOf(chunks: readonly Buffer[], isCut: boolean): string[] {
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  return (isCut ? lines.slice(1) : lines).filter((line) => line !== '');
}

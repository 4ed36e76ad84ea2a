/** Reading what people and attackers write: line by line, so that a file of any size takes little memory, and nothing that is opened can hang. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf, messageOf } from '../../model/errors.ts';
import type { QueryContext } from '../../model/table.ts';
import { bytesOfText, legible, textOfBytes } from '../../model/text.ts';

const PIECE = 256 * 1024;
/** Longer lines are cut: no line of the files that are read so is meant to be longer. Bytes. */
export const MOST_LINE = 64 * 1024;
const NEWLINE = 0x0a;

type Needed = Pick<QueryContext, 'checkpoint' | 'warn'>;

/** The lines of a file without their ends, bytes that are no UTF-8 as `\\xff`. What is not there has none; what cannot be read, and what is no regular file, is a warning. */
export function* linesOf(path: string, context: Needed): Generator<string> {
  const fd = opened(path, context);
  if (fd === undefined) return;
  try {
    yield* lines(fd, path, context);
  } finally {
    closeSync(fd);
  }
}

/** All of a small file as one text; undefined as above, and with a warning where it is larger than `limit` bytes. */
export function textOf(path: string, context: Needed, limit = 1024 * 1024): string | undefined {
  const fd = opened(path, context);
  if (fd === undefined) return undefined;
  try {
    const content = Buffer.allocUnsafe(limit + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < content.length; length += count) count = readSync(fd, content, length, content.length - length, length);
    if (length > limit) context.warn(`only the first ${limit} bytes of ${legible(path)} are read`);
    return legible(textOfBytes(content.subarray(0, Math.min(length, limit))));
  } catch (error) {
    unreadable(path, error, context);
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Links are followed, as osquery does; a FIFO or a device in the place of a file must not block. */
function opened(path: string, context: Needed): number | undefined {
  let fd: number;
  try {
    fd = openSync(bytesOfText(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    unreadable(path, error, context);
    return undefined;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  context.warn(`${legible(path)} is no regular file and is not read`);
  return undefined;
}

/** What is not there is no hole. */
export function unreadable(path: string, error: unknown, context: Pick<QueryContext, 'warn'>): void {
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return;
  context.warn(`${legible(path)} cannot be read: ${errno === 'EACCES' ? 'no permission' : legible(messageOf(error))}`);
}

function* lines(fd: number, path: string, context: Needed): Generator<string> {
  const piece = Buffer.allocUnsafe(PIECE);
  let begun: Buffer = Buffer.alloc(0);
  let cut = false;
  for (let count = readPiece(fd, piece, path, context); count > 0; count = readPiece(fd, piece, path, context)) {
    context.checkpoint();
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0 && end < count; end = piece.indexOf(NEWLINE, start)) {
      const rest = piece.subarray(start, end);
      const whole = begun.length === 0 ? rest : Buffer.concat([begun, rest]);
      cut ||= whole.length > MOST_LINE;
      yield legible(textOfBytes(whole.subarray(0, MOST_LINE)));
      begun = Buffer.alloc(0);
      start = end + 1;
    }
    // Of a line without end no more is kept than will be shown.
    if (begun.length <= MOST_LINE) begun = Buffer.concat([begun, piece.subarray(start, count)]);
  }
  if (begun.length > 0) yield legible(textOfBytes(begun.subarray(0, MOST_LINE)));
  if (cut || begun.length > MOST_LINE) context.warn(`lines of ${legible(path)} that are longer than ${MOST_LINE} bytes are cut`);
}

function readPiece(fd: number, piece: Buffer, path: string, context: Needed): number {
  try {
    return readSync(fd, piece);
  } catch (error) {
    unreadable(path, error, context);
    return 0;
  }
}

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

export interface WholeOptions {
  /** What is not there is no hole. */
  mayBeAbsent?: boolean;
  /** Bytes that are read at most; of a larger file that is said. Default 16 MiB. */
  most?: number;
}

/** All of a file as one text. Undefined where it cannot be read, and then it is said, unless it `mayBeAbsent` and is. */
export function readWhole(context: Pick<QueryContext, 'warn'>, path: string, { mayBeAbsent = false, most = 16 * 1024 * 1024 }: WholeOptions = {}): string | undefined {
  const fd = opened(path, context, mayBeAbsent);
  if (fd === undefined) return undefined;
  try {
    const pieces: Buffer[] = [];
    let length = 0;
    // Files of /proc have no size beforehand.
    for (let count = -1; count !== 0 && length <= most; length += count) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, most + 1 - length));
      count = piece.length === 0 ? 0 : readSync(fd, piece);
      pieces.push(piece.subarray(0, count));
    }
    if (length > most) context.warn(`of ${legible(path)} the first ${most / 1024} KiB are read`);
    return legible(textOfBytes(Buffer.concat(pieces).subarray(0, most)));
  } catch (error) {
    unreadable(path, error, context, mayBeAbsent);
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Parts between blanks, none of them empty. */
export function wordsOf(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== '');
}

/** Links are followed, as osquery does; a FIFO or a device in the place of a file must not block. */
function opened(path: string, context: Pick<QueryContext, 'warn'>, mayBeAbsent = true): number | undefined {
  let fd: number;
  try {
    fd = openSync(bytesOfText(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    unreadable(path, error, context, mayBeAbsent);
    return undefined;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  context.warn(`${legible(path)} is no regular file and is not read`);
  return undefined;
}

/** Says what could not be read and why, but not of what may be absent and is. */
export function unreadable(path: string, error: unknown, context: Pick<QueryContext, 'warn'>, mayBeAbsent = true): void {
  const errno = errnoOf(error);
  if (mayBeAbsent && (errno === 'ENOENT' || errno === 'ENOTDIR')) return;
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

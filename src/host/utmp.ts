/** Logins as utmp(5) records them in /run/utmp (who is in), /var/log/wtmp (who was) and /var/log/btmp (who failed to). */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { legible, textOfBytes } from '../model/text.ts';

export const UTMP = '/var/run/utmp';
export const WTMP = '/var/log/wtmp';

// Types of records, utmp(5).
export const USER_PROCESS = 7;
export const DEAD_PROCESS = 8;

export interface LoginRecord {
  type: number;
  pid: number;
  /** The terminal, without /dev/. */
  line: string;
  user: string;
  /** Where from; of a boot the kernel's version. */
  host: string;
  /** Unix seconds. */
  time: number;
}

/** Bytes of a record and where its time is: glibc keeps 32 bits of it on x86-64, as 32-bit programs do, and 64 on arm64. */
const LAYOUTS = { x64: { size: 384, time: 340, wide: false }, arm64: { size: 400, time: 344, wide: true } };
export type Layout = keyof typeof LAYOUTS;

const here: Layout = process.arch === 'arm64' ? 'arm64' : 'x64';

/** A record that is not whole at the end is left out, as getutxent(3) does. */
export function* parseUtmp(bytes: Buffer, layout: Layout = here): Iterable<LoginRecord> {
  const { size, time, wide } = LAYOUTS[layout];
  for (let at = 0; at + size <= bytes.length; at += size) {
    yield {
      type: bytes.readInt16LE(at),
      pid: bytes.readInt32LE(at + 4),
      line: textAt(bytes, at + 8, 32),
      user: textAt(bytes, at + 44, 32),
      host: textAt(bytes, at + 76, 256),
      time: wide ? Number(bytes.readBigInt64LE(at + time)) : bytes.readInt32LE(at + time),
    };
  }
}

/** Up to a NUL, which need not be there. */
function textAt(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return legible(textOfBytes(end < 0 ? field : field.subarray(0, end)));
}

/** Records read at a time: a wtmp may have grown for years. */
const AT_ONCE = 1024;

/** Throws the system error when the file cannot be read; what is no regular file has no records. */
export function readUtmp(path: string): Iterable<LoginRecord> {
  return readNewestUtmp(path, Number.POSITIVE_INFINITY);
}

/** `readUtmp` of the last `most` records only. */
export function* readNewestUtmp(path: string, most: number): Iterable<LoginRecord> {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return;
    const { size } = LAYOUTS[here];
    const buffer = Buffer.allocUnsafe(size * AT_ONCE);
    for (let position = Math.max(0, Math.floor(stat.size / size) - most) * size; ; position += buffer.length) {
      const count = readSync(fd, buffer, 0, buffer.length, position);
      yield* parseUtmp(buffer.subarray(0, count));
      if (count < buffer.length) return;
    }
  } finally {
    closeSync(fd);
  }
}

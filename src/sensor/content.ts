/** Reading the content of a file that an attacker may exchange at any moment. */
import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';

/** Unit files are small; a larger file is left unread rather than letting it stall the sensor. Bytes. */
const MOST_READ = 1024 * 1024;

const NOTHING = Buffer.alloc(0);
/** SHA-256 of nothing. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export function hashOf(content: Buffer): string {
  // Loaded with the first content: the start does without.
  return content.length === 0 ? EMPTY : process.getBuiltinModule('node:crypto').hash('sha256', content);
}

/**
 * What `use` makes of the content, which it has only until it returns: the next file is read into the same place. O_NONBLOCK so that a FIFO put in the file's
 * place does not hang us; the same inode, or nothing.
 */
export function withContent<Result>(path: string | Buffer, expected: BigIntStats, use: (content: Buffer) => Result): Result | undefined {
  if (expected.size > MOST_READ) return undefined;
  if (expected.size === 0n) return use(NOTHING);
  const content = read(path, expected);
  return content === undefined ? undefined : use(content);
}

function read(path: string | Buffer, expected: BigIntStats): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || stat.ino !== expected.ino || stat.size > MOST_READ) return undefined;
    const content = roomFor(Number(stat.size) + 1);
    let length = 0;
    // A read that gives less than there is room for has come to the end.
    for (let room = content.length, count = room; count === room && room > 0; room = content.length - length) {
      count = readSync(fd, content, length, room, length);
      length += count;
    }
    return content.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Most unit files fit: one buffer for all of them. */
const scratch = Buffer.allocUnsafe(16 * 1024);

function roomFor(length: number): Buffer {
  return length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
}

/** Reading a file only to show or parse it: links are followed as systemd and the kernel follow them, and nothing that is read can hang or flood us. */
import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { toBytes, type HostPath } from './paths.ts';

/** The first `limit` bytes of a regular file; undefined for everything else, and where it may not be read. */
export function readStart(path: HostPath, limit: number): Buffer | undefined {
  return readPart(path, limit, () => 0);
}

/** The last `limit` bytes, likewise: of a log, what matters most. */
export function readEnd(path: HostPath, limit: number): Buffer | undefined {
  return readPart(path, limit, (size) => Math.max(0, size - limit));
}

function readPart(path: HostPath, limit: number, startOf: (size: number) => number): Buffer | undefined {
  let fd: number | undefined;
  try {
    // A FIFO or a device in its place must not block.
    fd = openSync(toBytes(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const start = startOf(stat.size);
    const content = Buffer.allocUnsafe(Math.min(limit, stat.size === 0 ? limit : stat.size));
    let length = 0;
    for (let count = -1; count !== 0 && length < content.length; length += count) count = readSync(fd, content, length, content.length - length, start + length);
    return content.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** All of a file of the kernel or the system, as text; undefined where it is gone, or not ours to read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What a link says; undefined where there is none, or it is not ours to read. */
export function readLink(path: string | Buffer): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

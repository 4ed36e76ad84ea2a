/** Paths that may hold any bytes, and what system errors mean for them. */
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { bytesOfText, printable, printableBytes } from '../model/text.ts';

/** Bytes, or a text that may be one of `textOfBytes`. */
export type HostPath = string | Buffer;

export const SLASH = 0x2f;

export function toBytes(path: HostPath): Buffer {
  return typeof path === 'string' ? bytesOfText(path) : path;
}

export function show(path: HostPath): string {
  return typeof path === 'string' ? printable(path) : printableBytes(path);
}

/** The directory that an absolute path lies in. */
export function parentOf(path: Buffer): Buffer {
  const cut = path.lastIndexOf(SLASH);
  return cut <= 0 ? Buffer.from('/') : path.subarray(0, cut);
}

export function lastNameOf(path: Buffer): Buffer {
  return path.subarray(path.lastIndexOf(SLASH) + 1);
}

export function pathIn(directory: { readonly path: Buffer }, name: HostPath): Buffer {
  return Buffer.concat([directory.path, Buffer.from('/'), toBytes(name)]);
}

/** The path of an entry of an open directory for system calls: openat(2) in Node. */
export function entryOf(fd: number, name: Buffer): Buffer {
  checkName(name, name);
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]);
}

export function componentsOf(path: Buffer): Buffer[] {
  if (path[0] !== SLASH) throw new TickwardError('USAGE', `${show(path)} is no absolute path`, { hint: 'give the whole path, from /' });
  const names: Buffer[] = [];
  for (let start = 0; start < path.length; ) {
    const end = path.indexOf(SLASH, start);
    const stop = end < 0 ? path.length : end;
    if (stop > start) names.push(path.subarray(start, stop));
    start = stop + 1;
  }
  for (const name of names) checkName(name, path);
  return names;
}

export function checkName(name: Buffer, whole: Buffer): void {
  const text = name.toString('latin1');
  if (text === '' || text === '.' || text === '..' || text.includes('/') || text.includes('\0')) throw new TickwardError('USAGE', `${show(whole)} is no plain path to a file`, { hint: 'give a path without "." and ".." in it' });
}

/** A system error as what it means for this file. */
export function fileError(path: HostPath, error: unknown): TickwardError {
  const shown = show(path);
  switch (errnoOf(error)) {
    case 'ENOENT':
      return new TickwardError('NOT_FOUND', `${shown} is not there`, { cause: error });
    case 'ELOOP':
      return new TickwardError('REFUSED', `${shown} is not touched: it is a symbolic link`, { cause: error });
    case 'EEXIST':
      return new TickwardError('REFUSED', `${shown} is not overwritten: something else has this name now`, { hint: 'move it away, then try again', cause: error });
    case 'EACCES':
    case 'EPERM':
      return new TickwardError('UNSUPPORTED', `${shown} may not be changed or read by this user`, { hint: 'run as root; as root, look for an immutable attribute (lsattr) or a read-only mount', cause: error });
    case 'EROFS':
      return new TickwardError('FAILED', `${shown} cannot be changed: its file system is mounted read-only`, { hint: 'mount it for writing (mount -o remount,rw), then try again', cause: error });
    case 'EBUSY':
      return new TickwardError('FAILED', `${shown} cannot be removed: something is mounted on it`, { hint: 'look at it (findmnt), unmount it (umount), then try again', cause: error });
    case 'ENOSPC':
    case 'EDQUOT':
      return new TickwardError('FAILED', `${shown} cannot be written: the disk is full`, { hint: 'make room on that file system, then try again', cause: error });
    default:
      return new TickwardError('FAILED', `${shown}: ${messageOf(error).replace(/\/proc\/self\/fd\/\d+\//g, '')}`, { cause: error });
  }
}

/** Runs a system call on a path and gives its error in words. */
export function attempt<Result>(path: HostPath, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw error instanceof TickwardError ? error : fileError(path, error);
  }
}

/** `attempt` for a removal: what is gone already is as it should be, and false. */
export function attemptRemoval(path: HostPath, unlink: () => void): boolean {
  try {
    unlink();
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw fileError(path, error);
    return false;
  }
}

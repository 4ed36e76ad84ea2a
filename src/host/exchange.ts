/**
 * Gives a file of the system another content. The new file is complete before it gets the name: whoever reads it, and whatever cuts us off, sees the one or the other.
 * Everything goes through descriptors, as in `files.ts`.
 */
import { createHash } from 'node:crypto';
import { fchmodSync, fchownSync, fstatSync, renameSync } from 'node:fs';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { lookAt, openFile, openParent, sameInode, sha256Of, stateOf, writeAll, type FileState } from './files.ts';
import { makeFile } from './part.ts';
import { attempt, show } from './paths.ts';

/** No file whose content is exchanged has more. */
export const MOST_BYTES = 16 * 1024 ** 2;

/** The file that is to be exchanged: another one under its name, or another content, is left alone. */
export interface Expected {
  state: Pick<FileState, 'dev' | 'ino'>;
  sha256: string;
}

/**
 * `finish` gives the new file what it has besides (attributes, times), before it gets the name. Its directory gets a new time: cron(8) and sshd look at nothing else to see
 * that something has changed. Throws REFUSED where another one is there, UNSUPPORTED for a file that is a mount of its own.
 */
export function exchange(at: Buffer, expected: Expected, content: Buffer, as: Pick<FileState, 'mode' | 'uid' | 'gid'>, finish: (fd: number) => void): void {
  const { directory, name } = openParent(at);
  using parent = directory;
  const fill = (fd: number): void => {
    writeAll(fd, content);
    fchownSync(fd, as.uid, as.gid);
    fchmodSync(fd, as.mode);
    finish(fd);
  };
  makeFile(parent, at, fill, (part, fd) => {
    const found = lookAt(parent, name);
    if (found === undefined || !sameInode(found.state, expected.state) || contentOf(at)?.sha256 !== expected.sha256) throw changed(at);
    rename(part, parent.at(name), at);
    const now = lookAt(parent, name);
    if (now === undefined || !sameInode(now.state, stateOf(fstatSync(fd, { bigint: true })))) throw changed(at);
  });
}

/** Undefined where nothing has this name. Without a hash where it is larger than anything that is exchanged. */
export function contentOf(at: Buffer): Expected | undefined {
  try {
    using file = openFile(at);
    return { state: file.state, sha256: sha256Of(file.fd, MOST_BYTES) ?? '' };
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

export function changed(at: Buffer): TickwardError {
  return new TickwardError('REFUSED', `${show(at)} is left as it is: it was changed since it was looked at`, { hint: 'look at what it is now, then plan again' });
}

export function sha256Text(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function rename(part: Buffer, name: Buffer, at: Buffer): void {
  try {
    attempt(at, () => renameSync(part, name));
  } catch (error) {
    if (errnoOf(error instanceof TickwardError ? error.cause : error) !== 'EBUSY') throw error;
    throw new TickwardError('UNSUPPORTED', `${show(at)} cannot be exchanged: it is a mount of its own, as in a container`, { hint: 'change it where the container is defined', cause: error });
  }
}

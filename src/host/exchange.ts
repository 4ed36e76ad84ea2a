/**
 * Gives a file of the system another content. The new file is complete before it gets the name: whoever reads it, and whatever cuts us off, sees the one or the other.
 * Everything goes through descriptors, as in `files.ts`.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { lookAt, openFile, openParent, sameInode, sha256Of, stateOf, syncDirectory, writeAll, type Directory, type FileState } from './files.ts';
import { attempt, attemptRemoval, pathIn, show } from './paths.ts';

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
  const part = Buffer.from(`.tickward-${sha256Text(content).slice(0, 16)}.part`);
  dropPart(parent, part);
  const fd = attempt(at, () => openSync(parent.at(part), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
  try {
    attempt(at, () => {
      writeAll(fd, content);
      fchownSync(fd, as.uid, as.gid);
      fchmodSync(fd, as.mode);
      finish(fd);
      fsyncSync(fd);
    });
    const found = lookAt(parent, name);
    if (found === undefined || !sameInode(found.state, expected.state) || contentOf(at)?.sha256 !== expected.sha256) throw changed(at);
    rename(parent, part, name, at);
    const now = lookAt(parent, name);
    if (now === undefined || !sameInode(now.state, stateOf(fstatSync(fd, { bigint: true })))) throw changed(at);
  } finally {
    dropPart(parent, part);
    closeSync(fd);
  }
  syncDirectory(parent);
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

function rename(parent: Directory, part: Buffer, name: Buffer, at: Buffer): void {
  try {
    attempt(at, () => renameSync(parent.at(part), parent.at(name)));
  } catch (error) {
    if (errnoOf(error instanceof TickwardError ? error.cause : error) !== 'EBUSY') throw error;
    throw new TickwardError('UNSUPPORTED', `${show(at)} cannot be exchanged: it is a mount of its own, as in a container`, { hint: 'change it where the container is defined', cause: error });
  }
}

function dropPart(parent: Directory, part: Buffer): void {
  if (lookAt(parent, part)?.state.kind === 'file') attemptRemoval(pathIn(parent, part), () => unlinkSync(parent.at(part)));
}

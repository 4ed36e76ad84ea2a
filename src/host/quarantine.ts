/** Takes files away so that they can be given back: copied, hashed and on disk before they are unlinked. `restore.ts` gives them back. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fchmodSync, fstatSync, fsyncSync, lstatSync, mkdirSync, openSync, realpathSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { chunksOf, type FileState, lookAt, namesIn, openDirectory, type OpenFile, openParent, sameInode, stateOf, syncDirectory, syncPath, writeAll } from './files.ts';
import { attempt, attemptRemoval, fileError, type HostPath, show } from './paths.ts';

/** A copy in the quarantine. */
export interface Copy {
  file: string;
  sha256: string;
}

const NO_ROOM: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT'];

/** A unit file is some kilobytes; one that was blown up to keep it from being taken away still fits. */
export const MOST_COPY_BYTES = 1024 ** 3;

/** Makes the quarantine directory, or checks that it is ours alone; gives its real path. */
export function prepareQuarantine(directory: string, uid: number): string {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw fileError(directory, error);
  }
  const stat = lstatSync(directory);
  if (stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0) return realpathSync(directory);
  throw new TickwardError('STATE', `the quarantine ${printable(directory)} is not a directory of ours alone`, { hint: `it must be a directory of uid ${uid} with mode 0700` });
}

/** Copies an open file under its hash; on disk when it returns. Refuses a file that changes while it is read, and writes no more of one that grows than it had. */
export function copyToQuarantine(source: OpenFile, quarantine: string): Copy {
  const shown = show(source.path);
  if (source.state.size > MOST_COPY_BYTES) throw new TickwardError('REFUSED', `${shown} is too large to keep a copy of (${source.state.size} bytes)`, { hint: 'copy it elsewhere by hand, then remove it by hand' });
  const part = join(quarantine, `part-${process.pid}`);
  const hash = createHash('sha256');
  const fd = attempt(part, () => openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600));
  try {
    let length = 0;
    for (const chunk of chunksOf(source.fd)) {
      length += chunk.length;
      if (length > source.state.size) throw changedMeanwhile(shown);
      hash.update(chunk);
      attempt(part, () => writeAll(fd, chunk));
    }
    attempt(part, () => {
      fchmodSync(fd, 0o400);
      // A file system that finds its room late says so here.
      fsyncSync(fd);
    });
    const now = stateOf(fstatSync(source.fd, { bigint: true }));
    if (now.size !== source.state.size || now.mtime_ns !== source.state.mtime_ns) throw changedMeanwhile(shown);
    const sha256 = hash.digest('hex');
    const file = join(quarantine, sha256);
    // Over a copy of the same content: the same again.
    attempt(file, () => renameSync(part, file));
    syncPath(quarantine);
    return { file, sha256 };
  } catch (error) {
    if (!(error instanceof TickwardError) || !NO_ROOM.includes(errnoOf(error.cause))) throw error;
    throw new TickwardError('FAILED', `${shown} is left where it is: there is no room for its copy in ${printable(quarantine)}`, { hint: 'make room on that file system, then try again', cause: error });
  } finally {
    closeSync(fd);
    attemptRemoval(part, () => unlinkSync(part));
  }
}

function changedMeanwhile(shown: string): TickwardError {
  return new TickwardError('REFUSED', `${shown} was changed while it was copied`, { hint: 'stop what writes it, then try again' });
}

/** Unlinks the name if it still is the file that was opened; false means that somebody else had done so. */
export function unlinkFile(file: OpenFile): boolean {
  const now = lookAt(file.directory, file.name);
  if (now === undefined) return false;
  if (!sameInode(now.state, file.state)) throw new TickwardError('REFUSED', `${show(file.path)} was exchanged for something else at the last moment`, { hint: 'look at it again, then try again' });
  const isOurDoing = attemptRemoval(file.path, () => unlinkSync(file.directory.at(file.name)));
  syncDirectory(file.directory);
  return isOurDoing;
}

/** Removes a symbolic link whose text is as expected. `announce` is called before; false means that there was none. */
export function removeLink(path: HostPath, target: Buffer, announce: (state: FileState) => void): boolean {
  const { directory, name } = openParent(path);
  using parent = directory;
  const found = lookAt(parent, name);
  if (found === undefined) return false;
  if (found.target === undefined || !found.target.equals(target)) throw new TickwardError('REFUSED', `${show(path)} is no longer the link to ${show(target)}`, { hint: 'look at it again, then try again' });
  announce(found.state);
  const now = lookAt(parent, name);
  if (now === undefined) return true;
  if (!sameInode(now.state, found.state)) throw new TickwardError('REFUSED', `${show(path)} was exchanged for something else at the last moment`, { hint: 'look at it again, then try again' });
  attemptRemoval(parent.path, () => unlinkSync(parent.at(name)));
  syncDirectory(parent);
  return true;
}

/** Removes a directory that is empty; one that is not stays, and false says so. */
export function removeEmptyDirectory(path: HostPath, announce: (state: FileState) => void): boolean {
  const { directory, name } = openParent(path);
  using parent = directory;
  const found = lookAt(parent, name);
  if (found?.state.kind !== 'directory') return false;
  using itself = openDirectory(path);
  if (namesIn(itself).length > 0) return false;
  announce(itself.state);
  try {
    rmdirSync(parent.at(name));
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'ENOENT') return false;
    throw fileError(path, error);
  }
  syncDirectory(parent);
  return true;
}

/** Gives back what was taken away: made anew with the same content, owner, mode and times, never over something else. */
import { chownSync, closeSync, constants, fchmodSync, fchownSync, fstatSync, linkSync, mkdirSync, openSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { chunksOf, type Directory, type FileState, look, lookAt, openDirectory, type OpenFile, openFile, openParent, sameInode, sha256Of, stateOf, syncDirectory, writeAll } from './files.ts';
import { setTimes, setTimesOf, writeXattrs, type Xattrs } from './inode.ts';
import { withMade } from './made.ts';
import { dropLeft, makeFile } from './part.ts';
import { attempt, type HostPath, show } from './paths.ts';
import { type Copy, MOST_COPY_BYTES } from './quarantine.ts';

/** What a file has to be again. */
export type Owned = Pick<FileState, 'mode' | 'uid' | 'gid' | 'atime_ns' | 'mtime_ns'>;

/**
 * Makes a file anew from its copy and gives it its name when it is complete, with its attributes and times; never overwrites.
 * False means that the very same file was there already.
 */
export function restoreFile(path: HostPath, copy: Copy, owned: Owned, xattrs: Xattrs): boolean {
  const { directory, name } = openParent(path);
  using parent = directory;
  if (isBack(path, parent, name, copy, owned)) {
    // It may have been cut off when it had both names.
    dropLeft(parent);
    return false;
  }
  using source = openCopy(copy);
  const fill = (fd: number): void => {
    for (const chunk of chunksOf(source.fd)) writeAll(fd, chunk);
    setOwner(path, fd, owned, xattrs);
  };
  makeFile(parent, path, fill, (part, fd) => {
    linkSync(part, parent.at(name));
    const now = lookAt(parent, name);
    if (now === undefined || !sameInode(now.state, stateOf(fstatSync(fd, { bigint: true })))) throw new TickwardError('REFUSED', `${show(path)} was exchanged for something else while it was restored`, { hint: 'look at it, then try again' });
  });
  return true;
}

/** Whether the file is there as it was; something else under its name is an error. */
function isBack(path: HostPath, parent: Directory, name: Buffer, copy: Copy, owned: Owned): boolean {
  const now = lookAt(parent, name);
  if (now === undefined) return false;
  const { state } = now;
  const isSame = state.kind === 'file' && state.mode === owned.mode && state.uid === owned.uid && state.gid === owned.gid && contentOf(parent, name, look(copy.file)?.state.size) === copy.sha256;
  if (!isSame) throw new TickwardError('REFUSED', `${show(path)} is not restored: something else has this name now`, { hint: `move it away, then undo again; the copy is ${copy.file}` });
  return true;
}

/** Undefined for what is no plain file, and for one of another size, which may be large: it is not read. A second name of ours, left by a restore that was cut off, does not count. */
function contentOf(parent: Directory, name: Buffer, size: number | undefined): string | undefined {
  const fd = openSync(parent.at(name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const now = fstatSync(fd);
    return now.isFile() && now.size === (size ?? now.size) ? sha256Of(fd, size ?? MOST_COPY_BYTES) : undefined;
  } finally {
    closeSync(fd);
  }
}

function openCopy(copy: Copy): OpenFile {
  const source = openFile(copy.file);
  if (sha256Of(source.fd, source.state.size) === copy.sha256) return source;
  source[Symbol.dispose]();
  throw new TickwardError('STATE', `the copy ${printable(copy.file)} in the quarantine was changed: its hash is no longer ${copy.sha256}`, { hint: 'restore the file from a backup' });
}

/** False means that the same link was there already. */
export function restoreLink(path: HostPath, target: Buffer, owned: Owned): boolean {
  const { directory, name } = openParent(path);
  using parent = directory;
  const now = lookAt(parent, name);
  if (now?.target?.equals(target) === true) return false;
  if (now !== undefined) throw new TickwardError('REFUSED', `${show(path)} is not restored: something else has this name now`, { hint: 'move it away, then undo again' });
  attempt(path, () => symlinkSync(target, parent.at(name)));
  withMade(parent, name, path, 'link', (at) => {
    giveTo(at, owned);
    setTimesOf(at, owned);
  });
  syncDirectory(parent);
  return true;
}

/** False means that a directory of this name was there already. */
export function restoreDirectory(path: HostPath, owned: Owned, xattrs: Xattrs): boolean {
  const { directory, name } = openParent(path);
  using parent = directory;
  const now = lookAt(parent, name);
  if (now?.state.kind === 'directory') return false;
  attempt(path, () => mkdirSync(parent.at(name), 0o700));
  withMade(parent, name, path, 'directory', (at) => {
    const fd = openSync(at, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      setOwner(path, fd, owned, xattrs);
    } finally {
      closeSync(fd);
    }
  });
  syncDirectory(parent);
  return true;
}

/** chown clears set-id bits and capabilities: mode and attributes come after, and the times last of all. */
function setOwner(path: HostPath, fd: number, owned: Owned, xattrs: Xattrs): void {
  const made = fstatSync(fd);
  attempt(path, () => {
    if (made.uid !== owned.uid || made.gid !== owned.gid) fchownSync(fd, owned.uid, owned.gid);
    fchmodSync(fd, owned.mode);
    writeXattrs(fd, xattrs);
    setTimes(fd, owned);
  });
}

/** Makes a file that must not be there yet; it has its name when it is complete. */
export function placeFile(path: HostPath, { content, ...owned }: { content: Buffer } & Omit<Owned, 'atime_ns'>): void {
  const { directory, name } = openParent(path);
  using parent = directory;
  const fill = (fd: number): void => {
    writeAll(fd, content);
    setOwner(path, fd, { ...owned, atime_ns: owned.mtime_ns }, {});
  };
  makeFile(parent, path, fill, (part) => linkSync(part, parent.at(name)));
}

/** Makes a link that must not be there yet, in a directory that is made as well where it is missing. */
export function placeLink(path: HostPath, target: string): void {
  const { directory, name } = openParent(path);
  using parent = directory;
  attempt(path, () => symlinkSync(target, parent.at(name)));
}

/** Makes a directory inside one that is there; one that is there already stays as it is. */
export function ensureDirectory(path: string, owner: { uid: number; gid: number }): boolean {
  using parent = openDirectory(dirname(path));
  const name = Buffer.from(path.slice(path.lastIndexOf('/') + 1));
  if (lookAt(parent, name) !== undefined) return false;
  attempt(path, () => mkdirSync(parent.at(name), 0o755));
  withMade(parent, name, path, 'directory', (at) => giveTo(at, owner));
  return true;
}

function giveTo(at: string, { uid, gid }: { uid: number; gid: number }): void {
  const made = statSync(at);
  if (made.uid !== uid || made.gid !== gid) chownSync(at, uid, gid);
}

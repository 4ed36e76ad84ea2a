/** Gives a file of the system another content, all at once: whoever reads it sees the old or the new one, with the same owner, mode and attributes. */
import { closeSync, constants, fchmodSync, fchownSync, fstatSync, fsyncSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { lookAt, openFile, sameInode, sha256Of, stateOf, syncDirectory, writeAll, chunksOf, type FileState, type OpenFile } from '../host/files.ts';
import { attempt, attemptRemoval, show } from '../host/paths.ts';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { setTimes, writeXattrs } from '../host/inode.ts';
import { changeFlags, protectionOf, xattrsOf } from './attributes.ts';

const MOST_BYTES = 16 * 1024 ** 2;

export interface Content {
  text: string;
  sha256: string;
  state: FileState;
}

/** Throws REFUSED for what is no plain file, or has other names. Bytes that are no UTF-8 are kept (latin1). */
export function readContent(path: string): Content {
  using file = openFile(path);
  return contentOf(file);
}

/**
 * `change` gives the new content from the old one, `undefined` to leave it. `announce` is called before the file is touched. An immutable attribute is taken off for as long as
 * it takes. `mtime_ns`: the modification time that it gets. False where nothing was to change. Refuses when somebody else writes it at the same time.
 */
export async function rewrite(path: string, change: (content: Content) => string | undefined, announce: (content: Content) => void, mtimeOf: (sha256: string) => string | undefined = () => undefined): Promise<boolean> {
  using file = openFile(path);
  const before = contentOf(file);
  const text = change(before);
  if (text === undefined || text === before.text) return false;
  const flags = protectionOf(Buffer.from(path));
  announce(before);
  if (flags !== '') changeFlags(Buffer.from(path), '-', flags);
  try {
    exchange(file, Buffer.from(text, 'latin1'), mtimeOf);
  } finally {
    if (flags !== '') changeFlags(Buffer.from(path), '+', flags);
  }
  return true;
}

function exchange(file: OpenFile, content: Buffer, mtimeOf: (sha256: string) => string | undefined): void {
  const { directory, name, state, path } = file;
  const part = Buffer.concat([Buffer.from('.'), name, Buffer.from('.tickward')]);
  const xattrs = xattrsOf(file.fd);
  attemptRemoval(path, () => unlinkIfThere(directory.at(part)));
  const fd = attempt(path, () => openSync(directory.at(part), constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
  try {
    attempt(path, () => {
      writeAll(fd, content);
      fchownSync(fd, state.uid, state.gid);
      fchmodSync(fd, state.mode);
    });
    writeXattrs(fd, xattrs ?? {});
    const mtime = mtimeOf(sha256Of(fd));
    if (mtime !== undefined) setTimes(fd, { atime_ns: state.atime_ns, mtime_ns: mtime });
    attempt(path, () => fsyncSync(fd));
    refuseIfChanged(file);
    rename(file, part);
  } finally {
    closeSync(fd);
    unlinkIfThere(directory.at(part));
  }
  syncDirectory(directory);
}

function refuseIfChanged({ directory, name, state, fd, path }: OpenFile): void {
  const now = lookAt(directory, name);
  const opened = stateOf(fstatSync(fd, { bigint: true }));
  if (now !== undefined && sameInode(now.state, state) && opened.mtime_ns === state.mtime_ns && opened.size === state.size) return;
  throw new TickwardError('REFUSED', `${show(path)} is left as it is: somebody else changed it at the same time`, { hint: 'look at it, then try again' });
}

function rename({ directory, name, path }: OpenFile, part: Buffer): void {
  try {
    attempt(path, () => renameSync(directory.at(part), directory.at(name)));
  } catch (error) {
    if (errnoOf(error instanceof TickwardError ? error.cause : error) !== 'EBUSY') throw error;
    throw new TickwardError('UNSUPPORTED', `${show(path)} cannot be exchanged: it is a mount of its own, as in a container`, { hint: 'block the names where the container is defined', cause: error });
  }
}

function contentOf(file: OpenFile): Content {
  if (file.state.size > MOST_BYTES) throw new TickwardError('REFUSED', `${show(file.path)} is left as it is: it has ${file.state.size} bytes, more than a file of its kind`, { hint: 'look at it, then shorten it by hand' });
  const text = Buffer.concat(Array.from(chunksOf(file.fd), (chunk) => Buffer.from(chunk))).toString('latin1');
  return { text, sha256: sha256Of(file.fd), state: file.state };
}

function unlinkIfThere(path: Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

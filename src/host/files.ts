/**
 * Files that an attacker may own, reached through directory descriptors: every component of a path is opened by itself and no link is followed, so that a name exchanged
 * for a link at any moment leads to an error and never to another file. Node has no openat(2); `/proc/self/fd/N/name` is the same thing.
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, constants, existsSync, fstatSync, fsyncSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { shellWord } from '../model/text.ts';
import { O_PATH } from './kernel.ts';
import { checkName, componentsOf, entryOf, fileError, type HostPath, lastNameOf, parentOf, pathIn, show, SLASH, toBytes } from './paths.ts';

const CHUNK = 65_536;
/** Some files say that they are empty, and are not (proc(5)). */
const LEAST = 4_096;

/** What a file was when it was looked at: enough to know it again and to make it anew. Numbers beyond 2^53 are text. */
export interface FileState {
  kind: 'file' | 'link' | 'directory' | 'other';
  dev: string;
  ino: string;
  nlink: number;
  size: number;
  /** Permission bits (07777). */
  mode: number;
  uid: number;
  gid: number;
  /** Nanoseconds since the epoch. */
  atime_ns: string;
  mtime_ns: string;
}

export interface Directory extends Disposable {
  /** O_PATH descriptor. */
  readonly fd: number;
  readonly path: Buffer;
  readonly state: FileState;
  /** The path of an entry for system calls; it stays in this directory whatever its name leads to now. */
  at(name: HostPath): Buffer;
}

export interface OpenFile extends Disposable {
  /** Open for reading. */
  readonly fd: number;
  readonly path: Buffer;
  readonly name: Buffer;
  readonly directory: Directory;
  readonly state: FileState;
}

/** Throws NOT_FOUND where a part of the path is not there, REFUSED where one is a link. The system's own links in `/` (`/lib` → `usr/lib`) are resolved, once. */
export function openDirectory(path: HostPath): Directory {
  const bytes = toBytes(path);
  const names = componentsOf(bytes);
  let fd = openRoot();
  try {
    for (let index = 0, followed = false; index < names.length; index += 1) {
      const name = names[index] ?? Buffer.alloc(0);
      const link: Buffer[] | undefined = index === 0 && !followed ? systemLink(fd, name) : undefined;
      if (link !== undefined) {
        names.splice(0, 1, ...link);
        followed = true;
        index = -1;
        continue;
      }
      const next = openNext(fd, name, bytes);
      closeSync(fd);
      fd = next;
    }
    return directoryOf(fd, bytes);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openRoot(): number {
  if (!existsSync('/proc/self/fd')) throw new TickwardError('UNSUPPORTED', '/proc is not mounted, and without it files cannot be reached safely', { hint: 'mount it: mount -t proc proc /proc' });
  return openSync('/', O_PATH | constants.O_DIRECTORY);
}

function openNext(parent: number, name: Buffer, whole: Buffer): number {
  try {
    return openSync(entryOf(parent, name), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR') throw fileError(whole, error);
    const what = lstatSync(entryOf(parent, name)).isSymbolicLink() ? 'a symbolic link' : 'no directory';
    throw new TickwardError('REFUSED', `${show(whole)} is not touched: ${show(name)} on the way is ${what}`, { hint: 'look where it leads, and name the real path', cause: error });
  }
}

/** Components of a link in `/` that belongs to root: only root can have made it, and nobody else can exchange it. */
function systemLink(root: number, name: Buffer): Buffer[] | undefined {
  try {
    const stat = lstatSync(entryOf(root, name));
    if (!stat.isSymbolicLink() || stat.uid !== 0) return undefined;
    const text = readlinkSync(entryOf(root, name), { encoding: 'buffer' });
    return componentsOf(text[0] === SLASH ? text : Buffer.concat([Buffer.from('/'), text]));
  } catch {
    return undefined;
  }
}

function directoryOf(fd: number, path: Buffer): Directory {
  return { fd, path, state: stateOf(fstatSync(fd, { bigint: true })), at: (name) => entryOf(fd, toBytes(name)), [Symbol.dispose]: () => closeSync(fd) };
}

/** The directory of a path and the name in it. */
export function openParent(path: HostPath): { directory: Directory; name: Buffer } {
  const bytes = toBytes(path);
  const name = lastNameOf(bytes);
  checkName(name, bytes);
  return { directory: openDirectory(parentOf(bytes)), name };
}

/** A regular file; one with more names than this is refused unless `names` allows it: whoever changes it changes what is elsewhere. Opening has no side effect on anything else: what it is is known before it is opened for reading. */
export function openFile(path: HostPath, names: 'one' | 'any' = 'one'): OpenFile {
  const { directory, name } = openParent(path);
  try {
    const file = openFileIn(directory, name, names);
    return { ...file, path: toBytes(path), [Symbol.dispose]: () => (file[Symbol.dispose](), directory[Symbol.dispose]()) };
  } catch (error) {
    directory[Symbol.dispose]();
    throw error;
  }
}

/** The same in a directory that is open, and stays so. */
export function openFileIn(directory: Directory, name: Buffer, names: 'one' | 'any' = 'one'): OpenFile {
  const path = pathIn(directory, name);
  let found: number | undefined;
  try {
    found = openSync(directory.at(name), O_PATH | constants.O_NOFOLLOW);
    const state = stateOf(fstatSync(found, { bigint: true }));
    refuseUnlessPlain(state, found, path, names);
    // The magic link leads to exactly this inode, whatever has its name by now.
    const fd = openUnseen(`/proc/self/fd/${found}`);
    return { fd, path, name, directory, state, [Symbol.dispose]: () => closeSync(fd) };
  } catch (error) {
    throw error instanceof TickwardError ? error : fileError(path, error);
  } finally {
    if (found !== undefined) closeSync(found);
  }
}

/** Without a trace in the access time, where the kernel allows that (to the owner and to root). */
function openUnseen(path: string): number {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  try {
    return openSync(path, flags | constants.O_NOATIME);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    return openSync(path, flags);
  }
}

function refuseUnlessPlain(state: FileState, fd: number, path: Buffer, names: 'one' | 'any'): void {
  if (state.kind === 'file' && (names === 'any' || state.nlink <= 1)) return;
  if (state.kind === 'file') throw new TickwardError('REFUSED', `${show(path)} is not touched: it is a hard link, one of ${state.nlink} names of the same file`, { hint: `find the others: find / -xdev -inum ${state.ino}` });
  const stat = fstatSync(fd);
  const what = state.kind === 'link' ? 'a symbolic link' : state.kind === 'directory' ? 'a directory' : stat.isFIFO() ? 'a FIFO' : stat.isSocket() ? 'a socket' : 'a device';
  throw new TickwardError('REFUSED', `${show(path)} is not touched: it is ${what}, not a regular file`, { hint: `look at it: stat ${shellWord(show(path))}` });
}

/** Content of a regular file, whatever other names it has; at most `limit` bytes of it. */
export function readRegular(path: HostPath, limit: number): { content: Buffer; state: FileState; truncated: boolean } {
  using file = openFile(path, 'any');
  const content = readOpen(file.fd, limit);
  return { content: content.subarray(0, limit), state: file.state, truncated: content.length > limit };
}

/** What an open file holds: all of it, or somewhat more than `limit` bytes where it has more. Of many small files it takes less room where it is told how long they are. */
export function readOpen(fd: number, limit = Number.POSITIVE_INFINITY, expected = CHUNK): Buffer {
  const parts: Buffer[] = [];
  let length = 0;
  for (const chunk of chunksOf(fd, Math.min(CHUNK, Math.max(LEAST, expected + 1)))) {
    parts.push(Buffer.from(chunk));
    length += chunk.length;
    if (length > limit) break;
  }
  return Buffer.concat(parts);
}

/** Pieces of an open file from its start; each is valid until the next is asked for. */
export function* chunksOf(fd: number, size = CHUNK): Generator<Buffer> {
  const buffer = Buffer.allocUnsafe(size);
  for (let position = 0; ; ) {
    const length = readSync(fd, buffer, 0, size, position);
    if (length === 0) return;
    position += length;
    yield buffer.subarray(0, length);
  }
}

/** Undefined where more than `most` bytes are there, as in a sparse file, or appear while it is read. */
export function sha256Of(fd: number, most: number): string | undefined {
  const hash = createHash('sha256');
  let length = 0;
  for (const chunk of chunksOf(fd)) {
    length += chunk.length;
    if (length > most) return undefined;
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** What has this name now, itself and not what it leads to; undefined when nothing has. */
export function look(path: HostPath): { state: FileState; target?: Buffer } | undefined {
  try {
    const { directory, name } = openParent(path);
    using parent = directory;
    return lookAt(parent, name);
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

export function lookAt(directory: Directory, name: Buffer): { state: FileState; target?: Buffer } | undefined {
  try {
    const at = directory.at(name);
    const state = stateOf(lstatSync(at, { bigint: true }));
    return state.kind === 'link' ? { state, target: readlinkSync(at, { encoding: 'buffer' }) } : { state };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EINVAL') return undefined;
    throw fileError(pathIn(directory, name), error);
  }
}

/** Names in a directory, in the order of their bytes. */
export function namesIn(directory: Directory): Buffer[] {
  try {
    return readdirSync(`/proc/self/fd/${directory.fd}`, { encoding: 'buffer' }).sort(Buffer.compare);
  } catch (error) {
    throw fileError(directory.path, error);
  }
}

export function stateOf(stat: BigIntStats): FileState {
  const kind = stat.isFile() ? 'file' : stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'directory' : 'other';
  return { kind, dev: String(stat.dev), ino: String(stat.ino), nlink: Number(stat.nlink), size: Number(stat.size), mode: Number(stat.mode) & 0o7777, uid: Number(stat.uid), gid: Number(stat.gid), atime_ns: String(stat.atimeNs), mtime_ns: String(stat.mtimeNs) };
}

export function sameInode(one: Pick<FileState, 'dev' | 'ino'>, other: Pick<FileState, 'dev' | 'ino'>): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

export function writeAll(fd: number, chunk: Buffer): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
}

export function syncDirectory(directory: Directory): void {
  syncPath(`/proc/self/fd/${directory.fd}`);
}

/** Not every file system lets a directory be synced, and a directory that may be written need not be readable: the change is made all the same. */
export function syncPath(path: string): void {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (!['EACCES', 'EINVAL', 'EROFS'].includes(errnoOf(error) ?? '')) throw error;
  }
}

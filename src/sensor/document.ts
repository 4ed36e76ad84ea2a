/** A change of a file as an ECS document. */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync, type BigIntStats } from 'node:fs';
import { classify, type UnitDirectory } from '../host/directories.ts';
import type { GroupEntry, PasswdEntry } from '../host/passwd.ts';
import type { EventSource, FileAction, FileEvent } from '../model/event.ts';
import type { Attributed } from './attribution.ts';

export interface Place {
  directory: UnitDirectory;
  /** Path of the folder the file is in: the unit directory or a folder in it. */
  folder: string;
  /** Name of that folder below the unit directory, '' for the unit directory itself. */
  relative: string;
  name: Buffer;
}

export interface Seen {
  place: Place;
  action: FileAction;
  by: Attributed;
  source: EventSource;
  /** Where it was before a rename. */
  original?: { folder: string; name: Buffer };
  /** undefined for a file that is gone. */
  stat?: BigIntStats;
}

export interface DocumentContext {
  host: FileEvent['host'];
  now: number;
  users: readonly PasswdEntry[];
  groups: readonly GroupEntry[];
}

/** Unit files are small; a larger file's hash is left out rather than letting it stall the sensor. Bytes. */
const MOST_HASHED = 1024 * 1024;

const ECS_TYPES: Record<FileAction, FileEvent['event']['type']> = { creation: ['creation'], rename: ['change'], modification: ['change'], deletion: ['deletion'] };

export function pathOf(folder: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), name]);
}

/** lstat, undefined when there is nothing. Links are never followed. */
export function lookAt(path: Buffer): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false });
}

export function documentOf(seen: Seen, context: DocumentContext): FileEvent {
  const { place, by } = seen;
  const bytes = pathOf(place.folder, place.name);
  const path = bytes.toString('utf8');
  const { unit, unit_type } = classify(place.directory, place.relative === '' ? place.name.toString('utf8') : `${place.relative}/${place.name.toString('utf8')}`);
  return {
    '@timestamp': new Date(context.now).toISOString(),
    event: { id: nextId(context.now), kind: 'event', category: ['file'], type: ECS_TYPES[seen.action], action: seen.action, dataset: 'tickward.file' },
    host: context.host,
    file: {
      path,
      directory: place.folder,
      ...named(place.name),
      ...(seen.stat === undefined ? {} : factsOf(bytes, seen.stat, context)),
      ...(seen.original === undefined ? {} : { Ext: { original: { path: pathOf(seen.original.folder, seen.original.name).toString('utf8'), ...named(seen.original.name) } } }),
    },
    ...(by.process === undefined ? {} : { process: by.process }),
    ...(by.user === undefined ? {} : { user: by.user }),
    ...(by.container === undefined ? {} : { container: { id: by.container } }),
    tickward: {
      attribution: by.attribution,
      ...(by.note === undefined ? {} : { attribution_note: by.note }),
      source: seen.source,
      unit,
      unit_type,
      scope: place.directory.scope,
      ...(by.auid === undefined ? {} : { auid: by.auid }),
      ...(by.cgroup === undefined ? {} : { cgroup: by.cgroup }),
      ancestry: by.ancestry,
      ...(Buffer.from(path).equals(bytes) ? {} : { path_bytes: bytes.toString('base64') }),
    },
  };
}

function named(bytes: Buffer): { name: string; extension?: string } {
  const name = bytes.toString('utf8');
  const dot = name.lastIndexOf('.');
  return dot > 0 && dot < name.length - 1 ? { name, extension: name.slice(dot + 1) } : { name };
}

function factsOf(path: Buffer, stat: BigIntStats, { users, groups }: DocumentContext): Omit<FileEvent['file'], 'path' | 'directory' | 'name'> {
  const owner = users.find((user) => user.uid === Number(stat.uid))?.name;
  const group = groups.find((entry) => entry.gid === Number(stat.gid))?.name;
  const sha256 = stat.isFile() ? hashOf(path, stat) : undefined;
  const target = stat.isSymbolicLink() ? targetOf(path) : undefined;
  return {
    type: typeOf(stat),
    size: Number(stat.size),
    mode: (Number(stat.mode) & 0o7777).toString(8).padStart(4, '0'),
    uid: String(stat.uid),
    gid: String(stat.gid),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    inode: String(stat.ino),
    mtime: stat.mtime.toISOString(),
    ...(sha256 === undefined ? {} : { hash: { sha256 } }),
    ...(target === undefined ? {} : { target_path: target }),
  };
}

function typeOf(stat: BigIntStats): NonNullable<FileEvent['file']['type']> {
  if (stat.isFile()) return 'file';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isDirectory()) return 'dir';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'device';
}

function targetOf(path: Buffer): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** O_NONBLOCK so that a FIFO put in the file's place does not hang us; the same inode, or nothing. */
function hashOf(path: Buffer, expected: BigIntStats): string | undefined {
  if (expected.size > MOST_HASHED) return undefined;
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || stat.ino !== expected.ino || stat.size > MOST_HASHED) return undefined;
    const content = Buffer.allocUnsafe(Number(stat.size) + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < content.length; length += count) count = readSync(fd, content, length, content.length - length, length);
    return createHash('sha256').update(content.subarray(0, length)).digest('hex');
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

let lastMs = 0;
let counter = 0;

/** 48 bits of time, 16 bits of counter, 32 of chance, in hex: sorts by time and by order within a millisecond. */
function nextId(now: number): string {
  lastMs = Math.max(now, lastMs);
  counter = (counter + 1) & 0xffff;
  if (counter === 0) lastMs += 1;
  return `${lastMs.toString(16).padStart(12, '0')}${counter.toString(16).padStart(4, '0')}${randomBytes(4).toString('hex')}`;
}

/** Reading a store where nothing can be written: the disk of another host, mounted to be looked into, or one that is full. Not one byte of it changes. */
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

/** Whether the directory is there and nothing can be made in it. Root is stopped by a file system that is read-only, by no mode. */
export function isUnwritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EROFS' || errnoOf(error) === 'EACCES';
  }
}

/** An index grows by this: https://www.sqlite.org/walformat.html#the_wal_index_file_format */
const INDEX_PART = 32 * 1024;

/** SQLite takes 32 KiB for the index of each of our two logs, and some for a log. */
const LEAST_ROOM = 256 * 1024;

/** Whether so little is left where the path is that SQLite may have failed for it. What a file system does not tell (blocks of some network) is taken for room. */
export function isFull(path: string): boolean {
  try {
    const { bavail, bsize, blocks, files, ffree } = statfsSync(path);
    return (blocks > 0 && bavail * bsize < LEAST_ROOM) || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}

export function unwritable(directory: string): TickwardError {
  const [why, way] = isFull(directory) ? [': the disk is full', 'make room on that file system, or give'] : ['', 'give'];
  return new TickwardError('STATE', `the state directory ${printable(directory)} cannot be written${why}`, { hint: `${way} another one with --state-dir DIR; what is in it can be read: tickward events, alerts, runs, query` });
}

/** What is said to who reads there. */
export function readAsItLies(directory: string): string {
  return `nothing can be written in the state directory ${printable(directory)}${isFull(directory) ? ', for the disk is full' : ''}: it is read as it lies, and nothing in it is changed`;
}

/**
 * SQLite in WAL mode wants to write beside the database even to read it (https://www.sqlite.org/wal.html#readonly).
 * Whoever has a database open, or was killed while it had, left an index of its log there: that can be read as it is, with locks and all.
 * Without one, or with one that a full disk did not let become whole, nobody writes. Then a log is read with an index in memory, which SQLite makes for who locks out everybody else, and which takes that lock where nobody can be locked out; and without a log the database is all there is.
 */
export function openAsItLies(path: string): DatabaseSync {
  const hasLog = sizeOf(`${path}-wal`) > 0;
  const isShared = hasLog && isIndex(sizeOf(`${path}-shm`), path);
  const url = pathToFileURL(path);
  if (!hasLog) url.searchParams.set('immutable', '1');
  else if (!isShared) url.searchParams.set('vfs', 'unix-none');
  const database = new DatabaseSync(url, { readOnly: true });
  if (hasLog && !isShared) database.exec('PRAGMA locking_mode = EXCLUSIVE');
  return database;
}

/** Where the disk takes no more, an index that SQLite did not get to make is a file too, of less than its first part. */
function isIndex(size: number, path: string): boolean {
  return size >= INDEX_PART || (size >= 0 && !isFull(path));
}

/** -1 for what is not there. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

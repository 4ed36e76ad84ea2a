/** Opening SQLite files of ours, and what SQLite's errors mean to people. The one place that makes a DatabaseSync. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { isFull, openAsItLies } from './read-only.ts';

/** How long a statement waits for another process of ours, in ms. */
const BUSY_TIMEOUT = 5_000;

/** Between two tries to open a file that somebody makes or closes, in ms. */
const AGAIN_MS = 5;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** More in one call cost more again: the statement gets long. */
const ROWS_PER_CALL = [16, 4, 1];

/** The WAL file is cut back to this when it starts anew, bytes. */
const WAL_KEPT = 16 * 1024 * 1024;

// Primary result codes of https://www.sqlite.org/rescode.html
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;
const PRIMARY_CODE = 0xff;

/** What a full disk may be told as. */
const OF_NO_ROOM: readonly number[] = [SQLITE_FULL, SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY];

export interface Layout {
  /** What the file holds, for error messages: `events`. */
  what: string;
  /** The schema's version, kept in `PRAGMA user_version`. */
  version: number;
  /** One script a version: the first makes version 1 from nothing, the second version 2 from 1. */
  migrations: readonly string[];
  /** NORMAL survives kill -9; FULL also a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous). */
  synchronous: 'NORMAL' | 'FULL';
}

/** Opens or makes a database in WAL mode; `readOnly` where nothing can be written. Throws STATE when it is from a newer Tickward, damaged, or cannot be opened. */
export function openDatabase(path: string, layout: Layout, readOnly = false): DatabaseSync {
  return explained(path, layout.what, () => {
    for (const end = performance.now() + BUSY_TIMEOUT; ; Atomics.wait(NEVER, 0, 0, AGAIN_MS)) {
      try {
        return readOnly ? openedToRead(path, layout) : opened(path, layout);
      } catch (error) {
        // Who makes the file, or closes it as the last one, has it alone for a moment, and SQLite does not wait for that.
        if (!isBusy(error) || performance.now() > end) throw error;
      }
    }
  });
}

/** Whether it opens and its tables can be listed; nothing is changed. Throws STATE as `openDatabase` does, but for one that an older Tickward wrote: that is taken over when it is used. */
export function lookInto(path: string, layout: Layout): void {
  explained(path, layout.what, () => {
    try {
      const database = openAsItLies(path);
      try {
        refuseNewer(versionOf(database), path, layout);
        database.prepare('SELECT count(*) FROM sqlite_schema').get();
      } finally {
        database.close();
      }
    } catch (error) {
      // Who has it alone for the moment had it open.
      if (!isBusy(error)) throw error;
    }
  });
}

function opened(path: string, layout: Layout): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  try {
    const version = versionOf(database);
    refuseNewer(version, path, layout);
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${layout.synchronous}; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = ${WAL_KEPT};`);
    if (version < layout.version) migrate(database, path, layout);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openedToRead(path: string, layout: Layout): DatabaseSync {
  const database = openAsItLies(path);
  try {
    const version = versionOf(database);
    refuseNewer(version, path, layout);
    if (version < layout.version) throw new TickwardError('STATE', `${printable(path)} was written by an older Tickward (layout ${version}, this one knows ${layout.version}) and cannot be taken over where nothing can be written`, { hint: 'copy the whole state directory (cp -a), and name the copy with --state-dir' });
    database.exec('PRAGMA trusted_schema = OFF');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function refuseNewer(version: number, path: string, layout: Layout): void {
  if (version > layout.version) throw new TickwardError('STATE', `${printable(path)} was written by a newer Tickward (layout ${version}, this one knows ${layout.version})`, { hint: 'use that version, or another --state-dir; nothing was changed' });
}

function migrate(database: DatabaseSync, path: string, layout: Layout): void {
  transaction(database, () => {
    // Read again under the lock: another process may have migrated meanwhile, also a newer one.
    let version = versionOf(database);
    refuseNewer(version, path, layout);
    for (; version < layout.version; version += 1) database.exec(layout.migrations[version] ?? '');
    database.exec(`PRAGMA user_version = ${layout.version}`);
  });
}

/** All of the work or none of it. */
export function transaction<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full or failing disk may have rolled the transaction back already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Reads that belong together see one state of the database. */
export function snapshot<Result>(database: DatabaseSync, work: () => Result): Result {
  if (database.isTransaction) return work();
  database.exec('BEGIN');
  try {
    return work();
  } finally {
    // As above: what the disk has is to be said, not that nothing is left to end.
    if (database.isTransaction) database.exec('COMMIT');
  }
}

/** Inserts many rows with few calls: a call into SQLite costs as much as five rows. `values` holds the rows one after the other. */
export function bulkInsert(database: DatabaseSync, table: string, columns: readonly string[]): (values: readonly SQLInputValue[]) => void {
  const one = `(${columns.map(() => '?').join(', ')})`;
  const statements = ROWS_PER_CALL.map((rows) => ({ length: rows * columns.length, statement: database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES ${Array.from({ length: rows }, () => one).join(', ')}`) }));
  return (values) => {
    let at = 0;
    for (const { length, statement } of statements) for (; at + length <= values.length; at += length) statement.run(...values.slice(at, at + length));
  };
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** Whether a row was refused because there is one with that key already. */
export function isConflict(error: unknown): boolean {
  return primaryCodeOf(error) === SQLITE_CONSTRAINT;
}

/** Whether another process holds the lock. */
export function isBusy(error: unknown): boolean {
  return primaryCodeOf(error) === SQLITE_BUSY;
}

/** Whether a database could not be opened since the disk takes no more: what is in it can be read all the same. */
export function isNoRoom(error: unknown, path: string): boolean {
  const code = error instanceof TickwardError ? primaryCodeOf(error.cause) : undefined;
  return code !== undefined && OF_NO_ROOM.includes(code) && isFull(path);
}

function primaryCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & PRIMARY_CODE : undefined;
}

/** Runs work on a database and turns SQLite's errors into STATE errors that say what to do. */
export function explained<Result>(path: string, what: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw explain(error, path, what);
  }
}

/** The same for what is read bit by bit. */
export function* explainedEach<Item>(path: string, what: string, items: Iterable<Item>): Generator<Item> {
  try {
    yield* items;
  } catch (error) {
    throw explain(error, path, what);
  }
}

/** Also of JSON that does not parse any more: SQLite does not notice when the text of a row is another one. */
export function explain(error: unknown, path: string, what: string): unknown {
  const code = error instanceof SyntaxError ? SQLITE_CORRUPT : primaryCodeOf(error);
  if (!(error instanceof Error) || code === undefined) return error;
  const shown = printable(path);
  const state = (message: string, hint: string): TickwardError => new TickwardError('STATE', message, { hint, cause: error });
  // Where there is no room for a log or its index SQLite says that it could not read, write or open.
  if (code === SQLITE_FULL || (OF_NO_ROOM.includes(code) && isFull(path))) return state(`the disk is full: ${what} could not be written to ${shown}`, 'make room on that file system, or go on with another one: --state-dir DIR, for the undo too; what was stored before is intact');
  switch (code) {
    case SQLITE_IOERR:
      return state(`${shown} could not be read or written (${error.message})`, 'look at the kernel log for a failing or full disk');
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return state(`${shown} is damaged or no store of Tickward (${error.message})`, `move it away to start anew: mv ${shown} ${shown}.damaged`);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return state(`${shown} cannot be ${code === SQLITE_READONLY ? 'written' : 'opened'} (${error.message})`, 'check its owner and that the file system is not read-only or full');
    case SQLITE_BUSY:
      return state(`${shown} is locked by another process for more than ${BUSY_TIMEOUT / 1000} s`, 'see who holds it: fuser -v ' + shown);
    default:
      return error;
  }
}

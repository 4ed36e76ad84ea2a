/**
 * SQLite's log of what was written (https://www.sqlite.org/wal.html) goes into the database after every so many pages. Whoever writes then waits for the disk, 15 to 40 ms mostly for the log, and what is to be stored waits too.
 * So a thread of Node's writes the log to the disk before; for SQLite little is left to wait for.
 */
import { open, close, fdatasync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

export interface WrittenLog {
  /** Tells it that so many rows were stored in one transaction. */
  grew(rows: number): void;
}

/** Pages, as SQLite itself does it. */
const ENOUGH = 1_000;

/** Pages after which SQLite does it all the same, and waits: in a storm on a slow disk the log does not grow without end. With it the log is 16 MB. */
const TOO_MANY = 4_000;

/** Pages of a transaction, about: those that every one writes, then one for sixteen rows (an event and what is known of its file are two). Measured: 7 for 2 of them, 17 for 126, 17 to 25 for 512 in a bundle, by how many processes made them. */
const pagesOf = (rows: number): number => 7 + rows / 16;

/** `path` is the database's. */
export function createWrittenLog(database: DatabaseSync, path: string): WrittenLog {
  let pages = 0;
  let isOurs = false;
  let isFlushing = false;

  const flushed = (): void => {
    isFlushing = false;
    pages = 0;
    try {
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // It was closed meanwhile; or whatever the disk has, the next transaction meets it too, and says so.
    }
  };

  const flush = (): void => {
    isFlushing = true;
    // SQLite's locks are on other files: they outlive that this one is closed.
    open(`${path}-wal`, 'r', (unopened, descriptor) => {
      if (unopened !== null) return flushed();
      fdatasync(descriptor, () => close(descriptor, flushed));
    });
  };

  return {
    grew(rows) {
      if (!isOurs) database.exec(`PRAGMA wal_autocheckpoint = ${TOO_MANY}`);
      isOurs = true;
      pages += pagesOf(rows);
      if (pages >= ENOUGH && !isFlushing) flush();
    },
  };
}

/** Who reads a list now, in any process: nothing is deleted meanwhile. The lock is the kernel's (through SQLite), so a reader that dies holds nothing. */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { explained } from './database.ts';

export interface Readers {
  enter(): void;
  leave(): void;
  /** Does the work unless somebody reads; whether it was done. */
  excluding(work: () => void): boolean;
  close(): void;
}

/** Of a store in which nothing can be written: nothing is deleted either. */
export const UNSEEN: Readers = { enter: () => undefined, leave: () => undefined, excluding: () => false, close: () => undefined };

const FILE = 'readers.lock';

/** A deletion holds the lock for some 10 ms. */
const WAIT_MS = 5_000;

export function createReaders(directory: string): Readers {
  const path = join(directory, FILE);
  let reading = 0;
  let shared: DatabaseSync | undefined;
  let exclusive: DatabaseSync | undefined;

  const begin = (): void => {
    shared ??= new DatabaseSync(path, { timeout: WAIT_MS });
    shared.exec('BEGIN');
    try {
      // The lock is taken by reading, not by BEGIN.
      shared.exec('SELECT count(*) FROM sqlite_schema');
    } catch (error) {
      if (shared.isTransaction) shared.exec('ROLLBACK');
      throw error;
    }
  };

  return {
    enter() {
      if (reading === 0) explained(path, 'the lock of the readers', begin);
      reading += 1;
    },
    leave() {
      reading -= 1;
      if (reading === 0 && shared?.isTransaction === true) shared.exec('COMMIT');
    },
    excluding(work) {
      if (reading > 0) return false;
      exclusive ??= openToExclude(path);
      try {
        exclusive.exec('BEGIN EXCLUSIVE');
      } catch {
        return false;
      }
      try {
        work();
      } finally {
        exclusive.exec('ROLLBACK');
      }
      return true;
    },
    close() {
      shared?.close();
      exclusive?.close();
    },
  };
}

/** Nothing is written to it: without this SQLite makes a file of a journal for each lock, and removes it. */
function openToExclude(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec('PRAGMA journal_mode = MEMORY');
  return database;
}

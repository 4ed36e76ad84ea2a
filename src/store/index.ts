/** The store: events, alerts and what is known of the directories in one database, the journal in another that is synced to the disk at every entry. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { errnoOf } from '../model/errors.ts';
import { createAlerts, type Alerts } from './alerts.ts';
import { createBaseline, type Baseline } from './baseline.ts';
import { isNoRoom, openDatabase } from './database.ts';
import { EVENTS, JOURNAL } from './databases.ts';
import { createEvents, type Events } from './events.ts';
import { createExceptions, type Exceptions } from './exceptions.ts';
import { createJournal, type StoredJournal } from './journal.ts';
import { createKernelMemory, type KernelMemory } from './kernel.ts';
import { createWrittenLog, type WrittenLog } from './log.ts';
import { isUnwritable, unwritable } from './read-only.ts';
import { createReaders, UNSEEN } from './readers.ts';
import { prepareStateDirectory, refuseMissing } from './state-directory.ts';

export interface Store {
  readonly directory: string;
  /** Nothing can be written: it is read as it lies. */
  readonly readOnly: boolean;
  readonly events: Events;
  readonly alerts: Alerts;
  readonly exceptions: Exceptions;
  readonly baseline: Baseline;
  readonly journal: StoredJournal;
  readonly kernel: KernelMemory;
  /** Of events, alerts and what is known: for who stores many. */
  readonly log: WrittenLog;
  /** Whether the events go where others look for them: not when the directory, or their file, was removed or replaced. */
  isInPlace(): boolean;
  close(): void;
}

/** `look` is for what only reads. */
export type StoreUse = 'look' | 'read' | 'write';

/** Makes what is missing, but for `look`, which throws NOT_FOUND where the directory is not there. Throws STATE when the directory or a file in it cannot be trusted or used; where nothing can be written, only who wants to write. */
export function openStore(directory: string, uid: number = process.getuid?.() ?? 0, use: StoreUse = 'write'): Store {
  if (use === 'look') refuseMissing(directory);
  prepareStateDirectory(directory, uid);
  const { readOnly, eventsDatabase, journalDatabase } = openDatabases(directory, use);
  const eventsPath = join(directory, EVENTS.file);
  const journalPath = join(directory, JOURNAL.file);
  const opened = statSync(eventsPath);
  const readers = readOnly ? UNSEEN : createReaders(directory);
  const log = createWrittenLog(eventsDatabase, eventsPath);
  const alerts = createAlerts(eventsDatabase, eventsPath);
  const baseline = createBaseline(eventsDatabase, eventsPath);
  return {
    directory,
    readOnly,
    events: createEvents(eventsDatabase, eventsPath, alerts, baseline, readers),
    alerts,
    exceptions: createExceptions(eventsDatabase, eventsPath),
    baseline,
    journal: createJournal(journalDatabase, journalPath),
    kernel: createKernelMemory(directory),
    log,
    isInPlace() {
      try {
        const there = statSync(eventsPath);
        return there.ino === opened.ino && there.dev === opened.dev;
      } catch (error) {
        // A disk that fails says so to whoever stores.
        return errnoOf(error) !== 'ENOENT';
      }
    },
    close() {
      readers.close();
      eventsDatabase.close();
      journalDatabase.close();
    },
  };
}

interface Opened {
  readOnly: boolean;
  eventsDatabase: DatabaseSync;
  journalDatabase: DatabaseSync;
}

/** A full disk is no reason not to show what is there: who fills it would hide what was seen. */
function openDatabases(directory: string, use: StoreUse): Opened {
  const isClosed = isUnwritable(directory);
  if (isClosed && use === 'write') throw unwritable(directory);
  try {
    return openBoth(directory, isClosed);
  } catch (error) {
    if (isClosed || use === 'write' || !isNoRoom(error, directory)) throw error;
    try {
      return openBoth(directory, true);
    } catch {
      // There may be no store yet: that there is no room for one says more.
      throw error;
    }
  }
}

function openBoth(directory: string, readOnly: boolean): Opened {
  const eventsDatabase = openDatabase(join(directory, EVENTS.file), EVENTS.layout, readOnly);
  try {
    return { readOnly, eventsDatabase, journalDatabase: openDatabase(join(directory, JOURNAL.file), JOURNAL.layout, readOnly) };
  } catch (error) {
    eventsDatabase.close();
    throw error;
  }
}

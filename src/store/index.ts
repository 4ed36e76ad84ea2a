/** The store: events and alerts in one database, the journal in another that is synced to the disk at every entry. */
import { join } from 'node:path';
import { ALERTS_SCHEMA, createAlerts, type Alerts } from './alerts.ts';
import { openDatabase } from './database.ts';
import { createEvents, EVENTS_SCHEMA, type Events } from './events.ts';
import { createJournal, JOURNAL_SCHEMA, type StoredJournal } from './journal.ts';
import { prepareStateDirectory } from './state-directory.ts';

export interface Store {
  readonly directory: string;
  readonly events: Events;
  readonly alerts: Alerts;
  readonly journal: StoredJournal;
  close(): void;
}

/** Makes what is missing. Throws STATE when the directory or a file in it cannot be trusted or used. */
export function openStore(directory: string, uid: number = process.getuid?.() ?? 0): Store {
  prepareStateDirectory(directory, uid);
  const eventsPath = join(directory, 'events.db');
  const journalPath = join(directory, 'journal.db');
  const eventsDatabase = openDatabase(eventsPath, { what: 'events', version: 1, migrations: [EVENTS_SCHEMA + ALERTS_SCHEMA], synchronous: 'NORMAL' });
  const journalDatabase = openDatabase(journalPath, { what: 'the journal', version: 1, migrations: [JOURNAL_SCHEMA], synchronous: 'FULL' });
  return {
    directory,
    events: createEvents(eventsDatabase, eventsPath),
    alerts: createAlerts(eventsDatabase, eventsPath),
    journal: createJournal(journalDatabase, journalPath),
    close() {
      eventsDatabase.close();
      journalDatabase.close();
    },
  };
}

/** The journal of what responses did: append-only, each entry chained to the one before by its hash, on disk before the change it announces is made. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Journal, JournalEntry, JournalKind, JsonObject } from '../model/journal.ts';
import { explained, transaction } from './database.ts';

export interface Chain {
  intact: boolean;
  entries: number;
  /** Sequence number of the first entry that does not fit. */
  broken_at?: number;
}

export interface RunSummary {
  run: string;
  started: string;
  finished?: string;
  /** Data of the `run-started` entry. */
  data: JsonObject;
}

export interface StoredJournal extends Journal {
  /** Oldest first. */
  runs(): RunSummary[];
  /** Recomputes every hash. A removed tail cannot be seen from within: keep copies of the last hash elsewhere. */
  verify(): Chain;
}

/** What the first entry is chained to. */
const GENESIS = '0'.repeat(64);

export const JOURNAL_SCHEMA = `
  CREATE TABLE entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL,
    time TEXT NOT NULL,
    step TEXT,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX entries_by_run ON entries (run, seq);
  CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
  CREATE TRIGGER entries_stay_as_they_are BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
`;

export function createJournal(database: DatabaseSync, path: string): StoredJournal {
  const last = database.prepare('SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1');
  const insert = database.prepare('INSERT INTO entries (seq, run, time, step, kind, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?)');
  const ofRun = database.prepare('SELECT * FROM entries WHERE run = ? ORDER BY seq');
  const all = database.prepare('SELECT * FROM entries ORDER BY seq');
  const started = database.prepare("SELECT * FROM entries WHERE kind = 'run-started' ORDER BY seq");
  const finished = database.prepare("SELECT time FROM entries WHERE run = ? AND kind = 'run-finished' ORDER BY seq DESC LIMIT 1");

  return {
    append: (entry) =>
      // The lock spans reading the last hash and writing the next: two processes cannot chain to the same entry.
      explained(path, 'the journal', () =>
        transaction(database, () => {
          const previous = last.get();
          const seq = Number(previous?.['seq'] ?? 0) + 1;
          const full: JournalEntry = { ...entry, seq, time: new Date().toISOString() };
          const data = JSON.stringify(full.data);
          insert.run(seq, full.run, full.time, full.step ?? null, full.kind, data, chained(String(previous?.['hash'] ?? GENESIS), full, data));
          return full;
        }),
      ),
    entries: (run) => ofRun.all(run).map(entryOf),
    runs: () =>
      started.all().map((row) => {
        const entry = entryOf(row);
        const end = finished.get(entry.run)?.['time'];
        return { run: entry.run, started: entry.time, ...(end === undefined ? {} : { finished: String(end) }), data: entry.data };
      }),
    verify() {
      let previous = GENESIS;
      let entries = 0;
      for (const row of all.iterate()) {
        const entry = entryOf(row);
        entries += 1;
        if (entry.seq !== entries || row['hash'] !== chained(previous, entry, String(row['data']))) return { intact: false, entries, broken_at: entry.seq };
        previous = String(row['hash']);
      }
      return { intact: true, entries };
    },
  };
}

function chained(previous: string, entry: JournalEntry, data: string): string {
  return createHash('sha256').update(JSON.stringify([previous, entry.seq, entry.run, entry.time, entry.step ?? null, entry.kind, data])).digest('hex');
}

function entryOf(row: Record<string, unknown>): JournalEntry {
  return {
    run: String(row['run']),
    seq: Number(row['seq']),
    time: String(row['time']),
    ...(row['step'] === null ? {} : { step: String(row['step']) }),
    kind: String(row['kind']) as JournalKind,
    data: JSON.parse(String(row['data'])) as JsonObject,
  };
}

/** The journal of what responses did: append-only, each entry chained to the one before by its hash, on disk before the change it announces is made. */
import type { DatabaseSync } from 'node:sqlite';
import type { Journal, JournalEntry, JournalKind, JsonObject } from '../model/journal.ts';
import { isObject } from '../model/object.ts';
import { explained, transaction } from './database.ts';
import { readHead, writeHead, type Head } from './journal-head.ts';

export interface Chain {
  intact: boolean;
  /** Those that were looked at. */
  entries: number;
  /** Of the last entry, 64 zeros where there is none: whoever keeps it elsewhere can prove later that nothing up to it was changed. */
  head: string;
  /** Sequence number of the first entry that does not fit. */
  broken_at?: number;
  /** What was found there, in words. */
  problem?: string;
}

export interface RunSummary {
  run: string;
  started: string;
  finished?: string;
  /** When it was stopped or interrupted, if that is its end so far. */
  interrupted?: string;
  /** Data of the `run-started` entry. */
  data: JsonObject;
}

export interface StoredJournal extends Journal {
  /** Oldest first. */
  runs(): RunSummary[];
  /** Recomputes every hash and compares the end with what is kept beside the database. Who may write both can shorten both: keep `head` elsewhere. */
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

type Row = Record<string, unknown>;

export function createJournal(database: DatabaseSync, path: string): StoredJournal {
  const last = database.prepare('SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1');
  const insert = database.prepare('INSERT INTO entries (seq, run, time, step, kind, data, hash) VALUES (?, ?, ?, ?, ?, ?, ?)');
  const ofRun = database.prepare('SELECT * FROM entries WHERE run = ? ORDER BY seq');
  const all = database.prepare('SELECT * FROM entries ORDER BY seq');
  const started = database.prepare("SELECT * FROM entries WHERE kind = 'run-started' ORDER BY seq");
  const ended = database.prepare("SELECT time, kind FROM entries WHERE run = ? AND kind IN ('run-finished', 'run-interrupted', 'run-resumed') ORDER BY seq DESC LIMIT 1");

  return {
    append: (entry) =>
      explained(path, 'the journal', () => {
        // The lock spans reading the last hash and writing the next: two processes cannot chain to the same entry.
        const full = transaction(database, () => {
          const previous = endOf(last.get(), path);
          const whole: JournalEntry = { ...entry, seq: previous.seq + 1, time: new Date().toISOString() };
          const data = JSON.stringify(whole.data);
          insert.run(whole.seq, whole.run, whole.time, whole.step ?? null, whole.kind, data, chained(previous.hash, whole, data));
          return whole;
        });
        // Under the lock again, and of whoever is last by now: so it is never set back.
        transaction(database, () => writeHead(path, lastOf(last.get())));
        return full;
      }),
    entries: (run) => explained(path, 'the journal', () => ofRun.all(run).map(entryOf)),
    runs: () =>
      explained(path, 'the journal', () =>
        started.all().map((row) => {
          const entry = entryOf(row);
          const end = ended.get(entry.run);
          const when = end === undefined || end['kind'] === 'run-resumed' ? {} : { [end['kind'] === 'run-finished' ? 'finished' : 'interrupted']: String(end['time']) };
          return { run: entry.run, started: entry.time, ...when, data: entry.data };
        }),
      ),
    verify: () => explained(path, 'the journal', () => verify(all.iterate(), path)),
  };
}

function lastOf(row: Row | undefined): Head {
  return { seq: Number(row?.['seq'] ?? 0), hash: String(row?.['hash'] ?? GENESIS) };
}

/** What the next entry is chained to: where entries were cut off or written anew, to what was there before, so that this shows for good. */
function endOf(row: Row | undefined, path: string): Head {
  const end = lastOf(row);
  const kept = readHead(path);
  return kept !== undefined && kept.seq >= end.seq ? kept : end;
}

function verify(rows: Iterable<Row>, path: string): Chain {
  const kept = readHead(path);
  let head = GENESIS;
  let entries = 0;
  let atKept: string | undefined;
  const broken = (seq: number, problem: string): Chain => ({ intact: false, entries, head, broken_at: seq, problem });
  for (const row of rows) {
    const seq = Number(row['seq']);
    entries += 1;
    if (seq !== entries) return broken(entries, `entry ${entries} is missing: the one after it is ${seq}`);
    if (row['hash'] !== chained(head, entryOf(row), String(row['data']))) return broken(seq, `entry ${seq} is not what was written there: it was changed, or is another one that was put in its place`);
    head = String(row['hash']);
    if (seq === kept?.seq) atKept = head;
  }
  if (kept === undefined) return entries === 0 ? { intact: true, entries, head } : broken(entries, `the note of its end (${path}.head) is missing or not legible: entries may have been cut off after ${entries}`);
  if (kept.seq > entries) return broken(entries + 1, `its end was cut off: entry ${kept.seq} was written, and the last that is there is ${entries}`);
  if (atKept !== kept.hash) return broken(kept.seq, `entry ${kept.seq} is another one than the one that was written: everything from some entry on was written anew`);
  return { intact: true, entries, head };
}

function chained(previous: string, entry: JournalEntry, data: string): string {
  // Loaded with the first entry: who only watches has none.
  return process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify([previous, entry.seq, entry.run, entry.time, entry.step ?? null, entry.kind, data]));
}

function entryOf(row: Row): JournalEntry {
  return {
    run: String(row['run']),
    seq: Number(row['seq']),
    time: String(row['time']),
    ...(row['step'] === null ? {} : { step: String(row['step']) }),
    kind: String(row['kind']) as JournalKind,
    data: dataOf(String(row['data'])),
  };
}

/** One that was tampered with is shown as it is: the chain tells that it does not fit. */
function dataOf(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value as JsonObject;
  } catch {
    // Below.
  }
  return { illegible: text };
}

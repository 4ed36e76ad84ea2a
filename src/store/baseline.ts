/**
 * What the watched directories held when they were last looked at, changed in the same transaction as the events.
 * A log: each batch is one row with the last state of each name in it, which costs a microsecond a name however the names are scattered
 * (a table by name costs ten in a storm of random names, which dirty a page each). Reading it from the start gives the state; what was superseded is removed a bit at a time.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { KnownEntry, KnownFolders } from '../model/baseline.ts';
import { Entries } from '../model/entries.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { createCompaction } from './baseline-compaction.ts';
import { decode, encode, type Change, type Changes } from './baseline-row.ts';
import { explained, snapshot } from './database.ts';

export interface Baseline {
  /** undefined before anything was ever recorded. Throws STATE where it is damaged. */
  read(): KnownFolders | undefined;
  /** As if nothing was ever recorded. */
  forget(): void;
  /** Removes what was superseded, for some 10 ms; whether there is more to do. Does nothing until enough has changed to be worth it. */
  compact(): boolean;
}

export interface StoredBaseline extends Baseline {
  /** Within a transaction of the caller's. */
  record(known: readonly KnownEntry[]): void;
}

export const BASELINE_SCHEMA = `
  CREATE TABLE baseline (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    folders TEXT NOT NULL, -- JSON: what changed, as FolderChange
    signatures BLOB NOT NULL -- u64 inode and i64 ctime in ns of each name that is there, little-endian, in the order of the names
  ) STRICT;
`;

/** Changes in one row: few enough to be looked through at a stretch. */
const MOST_IN_ROW = 4_000;

export function createBaseline(database: DatabaseSync, path: string): StoredBaseline {
  const insert = database.prepare('INSERT INTO baseline (folders, signatures) VALUES (?, ?)');
  const all = database.prepare('SELECT folders, signatures FROM baseline ORDER BY seq');
  const clear = database.prepare('DELETE FROM baseline');
  const compaction = createCompaction(database);
  return {
    read: () =>
      explained(path, 'what is known of the directories', () =>
        snapshot(database, () => {
          let folders: KnownFolders | undefined;
          for (const row of all.iterate()) {
            folders ??= new Map();
            for (const [folder, change] of legibly(row, path)) apply(folders, folder, change);
          }
          return folders;
        }),
      ),
    record(known) {
      for (let at = 0; at < known.length; at += MOST_IN_ROW) {
        const changes: Changes = new Map();
        for (const entry of known.slice(at, at + MOST_IN_ROW)) note(changes, entry);
        const { folders, signatures } = encode(changes);
        insert.run(folders, signatures);
      }
      // What is told for the first time leaves nothing to remove, but rows to put together.
      compaction.changed(known.reduce((count, entry) => count + ('name' in entry && entry.isNew === true ? 0 : 1), 1));
    },
    forget: () =>
      explained(path, 'what is known of the directories', () => {
        clear.run();
        compaction.restart();
      }),
    compact: () => explained(path, 'what is known of the directories', () => compaction.step()),
  };
}

function legibly(row: Record<string, unknown>, path: string): Changes {
  try {
    return decode(row);
  } catch (error) {
    throw new TickwardError('STATE', `what was known of the directories is damaged in ${printable(path)}: ${messageOf(error)}`, { hint: 'somebody wrote to it, or the disk fails: keep a copy of it (cp -a)', cause: error });
  }
}

function note(changes: Changes, entry: KnownEntry): void {
  let change = changes.get(entry.folder);
  if (change === undefined) {
    change = { present: true, reset: false, names: new Map() };
    changes.set(entry.folder, change);
  }
  if ('name' in entry) {
    change.present = true;
    change.names.set(entry.name, entry.signature);
    return;
  }
  change.present = entry.present;
  if (entry.present) return;
  change.reset = true;
  change.names.clear();
}

function apply(folders: KnownFolders, folder: string, { present, reset, names }: Change): void {
  if (!present) {
    folders.delete(folder);
    return;
  }
  let entries = reset ? undefined : folders.get(folder);
  if (entries === undefined) {
    entries = new Entries();
    folders.set(folder, entries);
  }
  for (const [name, signature] of names) {
    if (signature === undefined) entries.delete(name);
    else entries.set(name, signature);
  }
}

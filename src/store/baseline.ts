/**
 * What the watched directories held when they were last looked at, changed in the same transaction as the events.
 * A log: each batch is one row with the last state of each name in it, which costs a fifth of a microsecond a name however the names are scattered
 * (a table by name costs ten in a storm of random names, which dirty a page each). Reading it from the start gives the state; what was superseded is removed a bit at a time.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { KnownEntry, KnownFolders, Signature } from '../model/baseline.ts';
import { explained, snapshot, transaction } from './database.ts';

export interface Baseline {
  /** undefined before anything was ever recorded. */
  read(): KnownFolders | undefined;
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

/** What a row says of a folder. With `reset`, what was known of it before does not count any more. */
type FolderChange = [folder: string, present: 0 | 1, reset: 0 | 1, there: string[], gone: string[]];

const SIGNATURE_BYTES = 16;

/** Changes since the last compaction that make another worth it. */
const WORTH_IT = 50_000;

/** Changes in one row: few enough to be looked through at a stretch. */
const MOST_IN_ROW = 4_000;

/** Names that a row is filled up to when rows are put together. */
const FULL_ROW = 1_000;

/** A step of the compaction is ended after this. */
const STEP_MS = 4;

interface Change {
  present: boolean;
  reset: boolean;
  names: Map<string, Signature | undefined>;
}

type Changes = Map<string, Change>;

export function createBaseline(database: DatabaseSync, path: string): StoredBaseline {
  const insert = database.prepare('INSERT INTO baseline (folders, signatures) VALUES (?, ?)');
  const all = database.prepare('SELECT folders, signatures FROM baseline ORDER BY seq');
  const compaction = createCompaction(database);
  return {
    read: () =>
      explained(path, 'what is known of the directories', () =>
        snapshot(database, () => {
          let folders: KnownFolders | undefined;
          for (const row of all.iterate()) {
            folders ??= new Map();
            for (const [folder, change] of decode(row)) apply(folders, folder, change);
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
      compaction.changed(known.length);
    },
    compact: () => explained(path, 'what is known of the directories', () => compaction.step()),
  };
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
    entries = new Map();
    folders.set(folder, entries);
  }
  for (const [name, signature] of names) {
    if (signature === undefined) entries.delete(name);
    else entries.set(name, signature);
  }
}

function encode(changes: Changes): { folders: string; signatures: Uint8Array } {
  const folders: FolderChange[] = [];
  let count = 0;
  for (const { names } of changes.values()) count += names.size;
  const bytes = new DataView(new ArrayBuffer(count * SIGNATURE_BYTES));
  let at = 0;
  for (const [folder, { present, reset, names }] of changes) {
    const there: string[] = [];
    const gone: string[] = [];
    for (const [name, signature] of names) {
      if (signature === undefined) {
        gone.push(name);
        continue;
      }
      there.push(name);
      bytes.setBigUint64(at, signature.inode, true);
      bytes.setBigInt64(at + 8, signature.changed, true);
      at += SIGNATURE_BYTES;
    }
    folders.push([folder, present ? 1 : 0, reset ? 1 : 0, there, gone]);
  }
  return { folders: JSON.stringify(folders), signatures: new Uint8Array(bytes.buffer, 0, at) };
}

function decode(row: Record<string, unknown>): Changes {
  const changes: Changes = new Map();
  const { signatures } = row;
  if (!(signatures instanceof Uint8Array)) return changes;
  const bytes = new DataView(signatures.buffer, signatures.byteOffset, signatures.byteLength);
  let at = 0;
  for (const [folder, present, reset, there, gone] of JSON.parse(String(row['folders'])) as FolderChange[]) {
    const names: Change['names'] = new Map();
    for (const name of there) {
      names.set(name, { inode: bytes.getBigUint64(at, true), changed: bytes.getBigInt64(at + 8, true) });
      at += SIGNATURE_BYTES;
    }
    for (const name of gone) names.set(name, undefined);
    changes.set(folder, { present: present === 1, reset: reset === 1, names });
  }
  return changes;
}

interface Pass {
  /** Rows from here on are done. */
  done: number;
  /** Newest row when the pass began. */
  newest: number;
  seen: Map<string, { whole: boolean; names: Set<string> }>;
}

/**
 * Walks from the newest row to the oldest, drops what a newer row has said otherwise, and puts small rows together.
 * That a name is gone has to stay until all older rows were walked: it is dropped by the next pass.
 */
function createCompaction(database: DatabaseSync): { changed(names: number): void; step(): boolean } {
  const before = database.prepare('SELECT seq, folders, signatures FROM baseline WHERE seq < ? ORDER BY seq DESC LIMIT 64');
  const newest = database.prepare('SELECT max(seq) AS seq FROM baseline');
  const replace = database.prepare('INSERT INTO baseline (seq, folders, signatures) VALUES (?, ?, ?)');
  const remove = database.prepare('DELETE FROM baseline WHERE seq BETWEEN ? AND ?');
  // The log of earlier processes may be long.
  let changes = WORTH_IT;
  let pass: Pass | undefined;
  let clean = 0;

  const walk = (now: Pass): boolean => {
    const end = performance.now() + STEP_MS;
    for (;;) {
      const rows = before.all(now.done);
      if (rows.length === 0) return false;
      let kept: { from: number; to: number; isChanged: boolean; changes: Changes; size: number } | undefined;
      const put = (): void => {
        if (kept?.isChanged === true) {
          remove.run(kept.from, kept.to);
          // An empty row stays where the newest was: something was recorded once.
          if (kept.size > 0 || kept.to === now.newest) {
            const { folders, signatures } = encode(kept.changes);
            replace.run(kept.to, folders, signatures);
          }
        }
        kept = undefined;
      };
      for (const row of rows) {
        const seq = Number(row['seq']);
        const { left, isWhole } = unseen(decode(row), now, seq <= clean);
        if (kept === undefined) kept = { from: seq, to: seq, isChanged: !isWhole, changes: new Map(), size: 0 };
        else kept.isChanged = true;
        kept.from = seq;
        kept.size += merge(kept.changes, left);
        now.done = seq;
        const isLate = performance.now() > end;
        if (isLate || kept.size >= FULL_ROW) put();
        if (isLate) return true;
      }
      put();
    }
  };

  return {
    changed(names) {
      changes += names;
    },
    step() {
      if (pass === undefined) {
        if (changes < WORTH_IT) return false;
        changes = 0;
        const last = Number(newest.get()?.['seq'] ?? 0);
        pass = { done: last + 1, newest: last, seen: new Map() };
      }
      const current = pass;
      try {
        const isMore = transaction(database, () => walk(current));
        if (!isMore) {
          clean = current.newest;
          pass = undefined;
        }
        return isMore;
      } catch (error) {
        // What was walked is not done after all: from the start, when there is something to do again.
        pass = undefined;
        throw error;
      }
    },
  };
}

/** What no newer row speaks of, and whether that is all of it; notes what this one speaks of. `isClean`: nothing older is left that a removal would have to hide. */
function unseen(changes: Changes, { seen }: Pass, isClean: boolean): { left: Changes; isWhole: boolean } {
  const left: Changes = new Map();
  let isWhole = true;
  for (const [folder, change] of changes) {
    const before = seen.get(folder);
    const of = before ?? { whole: false, names: new Set() };
    seen.set(folder, of);
    const names: Change['names'] = new Map();
    for (const [name, signature] of of.whole ? [] : change.names) {
      if (of.names.has(name)) continue;
      of.names.add(name);
      if (signature !== undefined || !isClean) names.set(name, signature);
    }
    const reset = change.reset && !isClean;
    const isNews = !of.whole && (names.size > 0 || reset || (before === undefined && (change.present || !isClean)));
    if (isNews) left.set(folder, { present: change.present, reset, names });
    if (!isNews || names.size < change.names.size || reset !== change.reset) isWhole = false;
    of.whole ||= change.reset || !change.present;
  }
  return { left, isWhole };
}

/** Puts an older change below those that are newer. The number of names and folders it added. */
function merge(newer: Changes, older: Changes): number {
  let added = 0;
  for (const [folder, change] of older) {
    const above = newer.get(folder);
    added += change.names.size + (above === undefined ? 1 : 0);
    if (above === undefined) newer.set(folder, change);
    else {
      above.reset ||= change.reset || !change.present;
      for (const [name, signature] of change.names) above.names.set(name, signature);
    }
  }
  return added;
}


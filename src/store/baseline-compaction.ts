/** Removes from the log of what is known what was superseded, a bit at a time. */
import type { DatabaseSync } from 'node:sqlite';
import { decode, encode, type Change, type Changes } from './baseline-row.ts';
import { transaction } from './database.ts';

/** Changes since the last compaction that make another worth it. */
const WORTH_IT = 50_000;

/** Names that a row is filled up to when rows are put together. */
const FULL_ROW = 1_000;

/** A step of the compaction is ended after this. */
const STEP_MS = 4;

interface Pass {
  /** Rows from here on are done. */
  done: number;
  /** Newest row when the pass began. */
  newest: number;
  seen: Map<string, { whole: boolean; names: Set<string> }>;
}

export interface Compaction {
  changed(names: number): void;
  /** Whether there is more to do. */
  step(): boolean;
  /** The log is another one now. */
  restart(): void;
}

/**
 * Walks from the newest row to the oldest, drops what a newer row has said otherwise, and puts small rows together.
 * That a name is gone has to stay until all older rows were walked: it is dropped by the next pass.
 */
export function createCompaction(database: DatabaseSync): Compaction {
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
    restart() {
      pass = undefined;
      clean = 0;
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


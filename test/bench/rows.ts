/** What can be read from the store while it is written: the one place that knows its layout. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Bundle, Column } from '../../src/store/bundle.ts';

export interface Row {
  action: string;
  path: string;
}

export interface Rows {
  /** Those that were stored since the last call, oldest first. */
  fresh(): Row[];
  /** How many were stored so far, deleted ones too; asking costs the writer nothing. */
  stored(): number;
  close(): void;
}

export function openRows(stateDir: string): Rows {
  const database = new DatabaseSync(join(stateDir, 'events.db'), { readOnly: true });
  const select = database.prepare("SELECT seq, action, directory || '/' || name AS path FROM events WHERE seq > ?");
  const bundles = database.prepare('SELECT first, last, document FROM bundles WHERE last > ?');
  const newest = database.prepare('SELECT max((SELECT coalesce(max(seq), 0) FROM events), (SELECT coalesce(max(last), 0) FROM bundles)) AS seq');
  let last = 0;
  return {
    fresh() {
      const rows: (Row & { seq: number })[] = [];
      for (const { seq, action, path } of select.iterate(last)) rows.push({ seq: Number(seq), action: String(action), path: String(path) });
      for (const row of bundles.iterate(last)) {
        const bundle = new Bundle(Number(row['first']), Number(row['last']), String(row['document']));
        for (let place = 0; place < bundle.length; place += 1) rows.push({ seq: bundle.first + place, action: String(bundle.at(Column.action, place)), path: `${String(bundle.at(Column.directory, place))}/${String(bundle.at(Column.name, place))}` });
      }
      rows.sort((one, other) => one.seq - other.seq);
      last = rows.at(-1)?.seq ?? last;
      return rows;
    },
    stored: () => Number(newest.get()?.['seq'] ?? 0),
    close() {
      if (database.isOpen) database.close();
    },
  };
}

/** An action that puts a name into a directory. */
export function appears(action: string): boolean {
  return action === 'creation' || action === 'rename';
}

export interface FileCount {
  count(): number;
  /** Rows that say again that the same file appeared. */
  repeated(): number;
  /** Rows that say that a file is gone. */
  deleted(): number;
  /** `name: actions of its other rows`, of the first few files that did not appear. */
  missing(paths: readonly string[]): string[];
}

const MOST_MISSING = 5;

/** Counts the different files that appeared, however many rows each has. */
export function countFiles(rows: Rows): FileCount {
  const seen = new Set<string>();
  const others = new Map<string, string[]>();
  let repeated = 0;
  let deleted = 0;
  const take = (): void => {
    for (const { action, path } of rows.fresh()) {
      if (action === 'deletion') deleted += 1;
      if (!appears(action)) {
        if (!seen.has(path)) others.set(path, [...(others.get(path) ?? []), action]);
        continue;
      }
      if (seen.has(path)) repeated += 1;
      seen.add(path);
    }
  };
  return {
    count() {
      take();
      return seen.size;
    },
    repeated: () => repeated,
    deleted: () => deleted,
    missing: (paths) => paths.filter((path) => !seen.has(path)).slice(0, MOST_MISSING).map((path) => `${path}: ${others.get(path)?.join(', ') ?? 'no row'}`),
  };
}

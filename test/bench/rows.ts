/** What can be read from the store while it is written: the one place that knows its layout. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

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
  const select = database.prepare("SELECT seq, action, directory || '/' || name AS path FROM events WHERE seq > ? ORDER BY seq");
  const newest = database.prepare('SELECT max(seq) AS seq FROM events');
  let last = 0;
  return {
    fresh() {
      const rows: Row[] = [];
      for (const row of select.iterate(last)) {
        last = Number(row['seq']);
        rows.push({ action: String(row['action']), path: String(row['path']) });
      }
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

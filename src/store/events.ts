/** Events as they were seen: appended in batches, found by time, id, path, action and unit. */
import type { DatabaseSync } from 'node:sqlite';
import type { FileEvent } from '../model/event.ts';
import { explained } from './database.ts';

export interface EventFilter {
  /** Milliseconds since the epoch, inclusive. */
  since?: number;
  until?: number;
  ids?: readonly string[];
  paths?: readonly string[];
  actions?: readonly string[];
  units?: readonly string[];
  /** The newest so many. */
  limit?: number;
}

export interface Retention {
  maxAgeMs: number;
  maxCount: number;
}

export interface Events {
  /** When it returns, the events survive kill -9. An event whose id is stored already is left as it is. */
  append(events: readonly FileEvent[]): void;
  /** Oldest first, read while it is consumed: memory stays small however many there are. */
  list(filter?: EventFilter): Generator<FileEvent>;
  get(id: string): FileEvent | undefined;
  count(): number;
  /** Deletes what is too old or too many; does nothing while a list is being read. Gives the number deleted. */
  prune(retention: Retention, now: number): number;
}

export const EVENTS_SCHEMA = `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- ms since the epoch
    action TEXT NOT NULL,
    path TEXT NOT NULL,
    unit TEXT NOT NULL,
    document TEXT NOT NULL -- ECS, JSON
  ) STRICT;
  CREATE INDEX events_by_time ON events (time);
  CREATE INDEX events_by_path ON events (path);
  CREATE INDEX events_by_unit ON events (unit);
`;

export function createEvents(database: DatabaseSync, path: string): Events {
  const insert = database.prepare('INSERT INTO events (id, time, action, path, unit, document) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');
  const byId = database.prepare('SELECT document FROM events WHERE id = ?');
  const counted = database.prepare('SELECT count(*) AS n FROM events');
  let readers = 0;

  return {
    append(events) {
      if (events.length === 0) return;
      explained(path, `${events.length} event(s)`, () => {
        database.exec('BEGIN IMMEDIATE');
        try {
          for (const event of events) insert.run(event.event.id, Date.parse(event['@timestamp']), event.event.action, event.file.path, event.tickward.unit, JSON.stringify(event));
          database.exec('COMMIT');
        } catch (error) {
          // A full disk may have rolled the transaction back already.
          if (database.isTransaction) database.exec('ROLLBACK');
          throw error;
        }
      });
    },
    *list(filter = {}) {
      const { sql, values } = selectOf(filter);
      readers += 1;
      try {
        for (const row of database.prepare(sql).iterate(...values)) yield documentOf(row);
      } finally {
        readers -= 1;
      }
    },
    get(id) {
      const row = byId.get(id);
      return row === undefined ? undefined : documentOf(row);
    },
    count: () => Number(counted.get()?.['n'] ?? 0),
    prune(retention, now) {
      if (readers > 0) return 0;
      return explained(path, 'the retention of events', () => {
        const old = database.prepare('DELETE FROM events WHERE time < ?').run(now - retention.maxAgeMs);
        const surplus = database.prepare('DELETE FROM events WHERE seq <= (SELECT seq FROM events ORDER BY seq DESC LIMIT 1 OFFSET ?)').run(retention.maxCount);
        return Number(old.changes) + Number(surplus.changes);
      });
    },
  };
}

function documentOf(row: Record<string, unknown>): FileEvent {
  return JSON.parse(String(row['document'])) as FileEvent;
}

function selectOf(filter: EventFilter): { sql: string; values: (string | number)[] } {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const among = (column: string, wanted: readonly string[] | undefined): void => {
    if (wanted === undefined) return;
    conditions.push(`${column} IN (${wanted.map(() => '?').join(', ')})`);
    values.push(...wanted);
  };
  if (filter.since !== undefined) {
    conditions.push('time >= ?');
    values.push(filter.since);
  }
  if (filter.until !== undefined) {
    conditions.push('time <= ?');
    values.push(filter.until);
  }
  among('id', filter.ids);
  among('path', filter.paths);
  among('action', filter.actions);
  among('unit', filter.units);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  if (filter.limit === undefined) return { sql: `SELECT document FROM events${where} ORDER BY seq`, values };
  return { sql: `SELECT document FROM (SELECT seq, document FROM events${where} ORDER BY seq DESC LIMIT ?) ORDER BY seq`, values: [...values, filter.limit] };
}

/** Alerts: one for each pair of rule and event, with a status that changes. */
import type { DatabaseSync } from 'node:sqlite';
import type { Alert, AlertStatus } from '../model/event.ts';
import { explained } from './database.ts';

export interface AlertFilter {
  /** Milliseconds since the epoch, inclusive. */
  since?: number;
  status?: AlertStatus;
  path?: string;
  limit?: number;
}

export interface Alerts {
  /** Stores those that are new (rule and event together) and gives them back. */
  append(alerts: readonly Alert[]): Alert[];
  /** Oldest first. */
  list(filter?: AlertFilter): Generator<Alert>;
  get(id: string): Alert | undefined;
  /** Those stored after the one with this number, oldest first, and the number to go on from. */
  after(seq: number): { alerts: Alert[]; seq: number };
  /** The number of the newest, 0 when there is none. */
  last(): number;
  setStatus(id: string, status: AlertStatus): void;
}

export const ALERTS_SCHEMA = `
  CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- ms since the epoch
    rule_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    path TEXT NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (rule_id, event_id)
  ) STRICT;
  CREATE INDEX alerts_by_time ON alerts (time);
`;

const PAGE = 256;

export function createAlerts(database: DatabaseSync, path: string): Alerts {
  const insert = database.prepare('INSERT INTO alerts (id, time, rule_id, event_id, path, status, document) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rule_id, event_id) DO NOTHING');
  const byId = database.prepare('SELECT document, status FROM alerts WHERE id = ?');
  const update = database.prepare('UPDATE alerts SET status = ? WHERE id = ?');
  const following = database.prepare('SELECT seq, document, status FROM alerts WHERE seq > ? ORDER BY seq');
  const highest = database.prepare('SELECT max(seq) AS seq FROM alerts');
  const newest = (): number => Number(highest.get()?.['seq'] ?? 0);
  return {
    append: (alerts) =>
      explained(path, `${alerts.length} alert(s)`, () =>
        alerts.filter((alert) => Number(insert.run(alert.id, Date.parse(alert['@timestamp']), alert.rule.id, alert.event.event.id, alert.event.file.path, alert.status, JSON.stringify(alert)).changes) > 0),
      ),
    *list(filter = {}) {
      const conditions: string[] = ['seq > ? AND seq <= ? AND time >= ?'];
      const values: (string | number)[] = [filter.since ?? 0];
      for (const column of ['status', 'path'] as const) {
        if (filter[column] === undefined) continue;
        conditions.push(`${column} = ?`);
        values.push(filter[column]);
      }
      const where = conditions.join(' AND ');
      const end = newest();
      const first = database.prepare(`SELECT min(seq) AS seq FROM (SELECT seq FROM alerts WHERE ${where} ORDER BY seq DESC LIMIT ?)`);
      let at = filter.limit === undefined ? 0 : Number(first.get(0, end, ...values, filter.limit)?.['seq'] ?? end + 1) - 1;
      // A page at a time: a reader that pauses keeps no state of the database alive, which would make its log grow.
      const page = database.prepare(`SELECT seq, document, status FROM alerts WHERE ${where} ORDER BY seq LIMIT ${PAGE}`);
      for (;;) {
        const rows = page.all(at, end, ...values);
        for (const row of rows) yield alertOf(row);
        if (rows.length < PAGE) return;
        at = Number(rows.at(-1)?.['seq']);
      }
    },
    after(seq) {
      const rows = following.all(seq);
      return { alerts: rows.map(alertOf), seq: Number(rows.at(-1)?.['seq'] ?? seq) };
    },
    last: newest,
    get(id) {
      const row = byId.get(id);
      return row === undefined ? undefined : alertOf(row);
    },
    setStatus: (id, status) => explained(path, 'the status of an alert', () => void update.run(status, id)),
  };
}

function alertOf(row: Record<string, unknown>): Alert {
  return { ...(JSON.parse(String(row['document'])) as Alert), status: String(row['status']) as AlertStatus };
}

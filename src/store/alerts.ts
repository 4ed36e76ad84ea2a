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

export function createAlerts(database: DatabaseSync, path: string): Alerts {
  const insert = database.prepare('INSERT INTO alerts (id, time, rule_id, event_id, path, status, document) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rule_id, event_id) DO NOTHING');
  const byId = database.prepare('SELECT document, status FROM alerts WHERE id = ?');
  const update = database.prepare('UPDATE alerts SET status = ? WHERE id = ?');
  return {
    append: (alerts) =>
      explained(path, `${alerts.length} alert(s)`, () =>
        alerts.filter((alert) => Number(insert.run(alert.id, Date.parse(alert['@timestamp']), alert.rule.id, alert.event.event.id, alert.event.file.path, alert.status, JSON.stringify(alert)).changes) > 0),
      ),
    *list(filter = {}) {
      const conditions: string[] = ['time >= ?'];
      const values: (string | number)[] = [filter.since ?? 0];
      for (const column of ['status', 'path'] as const) {
        if (filter[column] === undefined) continue;
        conditions.push(`${column} = ?`);
        values.push(filter[column]);
      }
      const newest = `SELECT seq, document, status FROM alerts WHERE ${conditions.join(' AND ')} ORDER BY seq DESC LIMIT ?`;
      for (const row of database.prepare(`SELECT document, status FROM (${newest}) ORDER BY seq`).iterate(...values, filter.limit ?? -1)) yield alertOf(row);
    },
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

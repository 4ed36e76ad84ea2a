/** Who changed the status of an alert, when and why. */
import type { DatabaseSync } from 'node:sqlite';
import type { StatusChange } from '../model/event.ts';
import { explained, transaction } from './database.ts';

export const HISTORY_SCHEMA = `
  CREATE TABLE alert_history (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    alert TEXT NOT NULL, -- alerts.id
    change TEXT NOT NULL -- JSON
  ) STRICT;
  CREATE INDEX alert_history_by_alert ON alert_history (alert, seq);
`;

export interface AlertHistory {
  change(id: string, change: StatusChange): boolean;
  of(id: string): StatusChange[];
}

export function createAlertHistory(database: DatabaseSync, path: string): AlertHistory {
  const update = database.prepare('UPDATE alerts SET status = ?1 WHERE id = ?2 AND status <> ?1');
  const insert = database.prepare('INSERT INTO alert_history (alert, change) VALUES (?, ?)');
  const read = database.prepare('SELECT change FROM alert_history WHERE alert = ? ORDER BY seq');
  return {
    change: (id, change) =>
      explained(path, 'the status of an alert', () =>
        transaction(database, () => {
          const isNew = Number(update.run(change.status, id).changes) > 0;
          if (isNew) insert.run(id, JSON.stringify(change));
          return isNew;
        }),
      ),
    of: (id) => explained(path, 'the history of an alert', () => read.all(id).map((row) => JSON.parse(String(row['change'])) as StatusChange)),
  };
}

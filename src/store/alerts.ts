/** Alerts: one for each pair of rule and event, with a status that changes and a history of who changed it. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Alert, AlertStatus, StatusChange } from '../model/event.ts';
import { createAlertHistory, HISTORY_SCHEMA } from './alert-history.ts';
import { among } from './among.ts';
import { explained, explainedEach } from './database.ts';
import { EXCEPTIONS_SCHEMA } from './exceptions.ts';

export interface AlertFilter {
  /** Milliseconds since the epoch, inclusive. */
  since?: number;
  until?: number;
  statuses?: readonly string[];
  paths?: readonly string[];
  rules?: readonly string[];
  /** Ids of events. */
  events?: readonly string[];
  /** Only those that an exception covers, or only those that none covers. Default: both. */
  suppressed?: boolean;
  /** The newest so many. */
  limit?: number;
}

export interface Alerts {
  /** Stores those that are new (rule and event together) and gives them back. */
  append(alerts: readonly Alert[]): Alert[];
  /** Oldest first. */
  list(filter?: AlertFilter): Generator<Alert>;
  get(id: string): Alert | undefined;
  /** Those stored after the one with this number that no exception covers, oldest first, and the number to go on from. */
  after(seq: number): { alerts: Alert[]; seq: number };
  /** The number of the newest, 0 when there is none. */
  last(): number;
  /** Changes the status and notes who did; gives false, and changes nothing, where it is that already. */
  setStatus(id: string, change: StatusChange): boolean;
  /** How many each exception covers, by its id. */
  suppressedCounts(): Map<string, number>;
  /** What was decided about it, oldest first. */
  history(id: string): StatusChange[];
}

export const ALERTS_1 = `
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

export const ALERTS_2_FROM_1 = `
  ALTER TABLE alerts ADD COLUMN suppressed_by TEXT; -- exceptions.id
  ${HISTORY_SCHEMA}
  ${EXCEPTIONS_SCHEMA}
`;

/** Who has an event asks for its alerts. */
export const ALERTS_3_FROM_2 = 'CREATE INDEX IF NOT EXISTS alerts_by_event ON alerts (event_id);';

/** Alerts that are read at a time: each has its whole event, which may have megabytes of arguments. */
const PAGE = 16;

/** Behind `?1` and `?2`. */
const FIRST_VALUE = 3;

const COLUMNS = 'seq, document, status';

export function createAlerts(database: DatabaseSync, path: string): Alerts {
  const insert = database.prepare('INSERT INTO alerts (id, time, rule_id, event_id, path, status, suppressed_by, document) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rule_id, event_id) DO NOTHING');
  const byId = database.prepare(`SELECT ${COLUMNS} FROM alerts WHERE id = ?`);
  const following = database.prepare(`SELECT ${COLUMNS} FROM alerts WHERE seq > ? AND seq <= ? AND suppressed_by IS NULL ORDER BY seq`);
  const highest = database.prepare('SELECT max(seq) AS seq FROM alerts');
  const suppressed = database.prepare('SELECT suppressed_by AS id, count(*) AS n FROM alerts WHERE suppressed_by IS NOT NULL GROUP BY 1');
  const newest = (): number => Number(highest.get()?.['seq'] ?? 0);
  const history = createAlertHistory(database, path);
  const store = (alert: Alert): boolean => Number(insert.run(alert.id, Date.parse(alert['@timestamp']), alert.rule.id, alert.event.event.id, alert.event.file.path, alert.status, alert.suppressed_by ?? null, JSON.stringify(alert)).changes) > 0;
  const list = function* (filter: AlertFilter): Generator<Alert> {
    const { from, where, values } = selectionOf(filter);
    const end = newest();
    const first = database.prepare(`SELECT min(seq) AS seq FROM (SELECT seq FROM ${from} WHERE ${where} ORDER BY seq DESC LIMIT ?)`);
    let at = filter.limit === undefined ? 0 : Number(first.get(0, end, ...values, filter.limit)?.['seq'] ?? end + 1) - 1;
    // A page at a time: a reader that pauses keeps no state of the database alive, which would make its log grow.
    const page = database.prepare(`SELECT ${COLUMNS} FROM ${from} WHERE ${where} ORDER BY seq LIMIT ${PAGE}`);
    for (;;) {
      const rows = page.all(at, end, ...values);
      for (const row of rows) yield alertOf(row);
      if (rows.length < PAGE) return;
      at = Number(rows.at(-1)?.['seq']);
    }
  };
  const reading = <Result>(work: () => Result): Result => explained(path, 'alerts', work);
  return {
    append: (alerts) => explained(path, `${alerts.length} alert(s)`, () => alerts.filter(store)),
    list: (filter = {}) => explainedEach(path, 'alerts', list(filter)),
    after: (seq) =>
      reading(() => {
        const end = newest();
        return { alerts: following.all(seq, end).map(alertOf), seq: Math.max(seq, end) };
      }),
    last: () => reading(newest),
    get: (id) =>
      reading(() => {
        const row = byId.get(id);
        return row === undefined ? undefined : alertOf(row);
      }),
    suppressedCounts: () => reading(() => new Map(suppressed.all().map((row) => [String(row['id']), Number(row['n'])]))),
    setStatus: history.change,
    history: history.of,
  };
}

/** `?1` and `?2` stand for the seq before the first and the last. */
function selectionOf({ since, until, statuses, paths, rules, events, suppressed }: AlertFilter): { from: string; where: string; values: SQLInputValue[] } {
  const values: SQLInputValue[] = [];
  const isAmong = (column: string, given: readonly string[] | undefined): string[] => {
    if (given === undefined) return [];
    const placed = among(given, values.length + FIRST_VALUE);
    values.push(...placed.values);
    return [`${column} IN (${placed.sql})`];
  };
  const is = (comparison: string, value: number | undefined): string[] => {
    if (value === undefined) return [];
    values.push(value);
    return [`${comparison} ?${values.length + FIRST_VALUE - 1}`];
  };
  const conditions = ['seq > ?1 AND seq <= ?2', ...is('time >=', since), ...is('time <=', until), ...isAmong('status', statuses), ...isAmong('path', paths), ...isAmong('rule_id', rules), ...isAmong('event_id', events)];
  if (suppressed !== undefined) conditions.push(`suppressed_by IS ${suppressed ? 'NOT ' : ''}NULL`);
  // By their order SQLite would look at all of them, rather than put a few in order.
  return { from: events === undefined || events.length === 0 ? 'alerts' : 'alerts INDEXED BY alerts_by_event', where: conditions.join(' AND '), values };
}

function alertOf(row: Record<string, unknown>): Alert {
  return { ...(JSON.parse(String(row['document'])) as Alert), status: String(row['status']) as AlertStatus };
}

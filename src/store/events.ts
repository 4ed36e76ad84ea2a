/** Events as they were seen: appended in batches, found by time, id, path, action and unit. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { KnownEntry } from '../model/baseline.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { Alerts } from './alerts.ts';
import type { StoredBaseline } from './baseline.ts';
import { bulkInsert, explained, isConflict, snapshot, transaction } from './database.ts';
import { eventOf, ownOf, timeOf, type EventRow } from './event-row.ts';
import { createPrune, type Retention } from './prune.ts';
import type { Readers } from './readers.ts';
import { createSharedReader, createSharedWriter, StaleReference } from './shared.ts';
import { createSpans, firstOf, lastOf, SPAN_BITS, type Span } from './spans.ts';

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

export interface Events {
  /**
   * When it returns, the events survive kill -9, and with them, in one transaction, what is known of the directories and the alerts.
   * An event whose id is stored already is left as it is. Objects that several events share are looked into once: they must not change afterwards.
   */
  append(events: readonly FileEvent[], known?: readonly KnownEntry[], alerts?: readonly Alert[]): void;
  /** Oldest first, read a span at a time: memory stays small however many there are, and a reader that pauses holds nothing up but the retention. Events may share objects: they are not to be changed. */
  list(filter?: EventFilter): Generator<FileEvent>;
  get(id: string): FileEvent | undefined;
  count(): number;
  /** Deletes what is too old or too many, for some 10 ms; gives the number deleted. Call again until it is 0. Deletes nothing while a list is being read, here or in another process. */
  prune(retention: Retention, now: number): number;
}

export const EVENTS_SCHEMA = `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- ms since the epoch
    action TEXT NOT NULL,
    directory TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT, -- NULL: the name
    maker INTEGER, -- shared.id; NULL with surroundings: the document is the whole event
    surroundings INTEGER,
    document TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_name ON events (seq >> ${SPAN_BITS}, name);
  CREATE INDEX events_by_unit ON events (seq >> ${SPAN_BITS}, unit) WHERE unit IS NOT NULL;
`;

/** Events that are read at a time: few enough to be gone before memory grows by them. */
const PAGE = 64;

interface Page {
  page: FileEvent[];
  /** Where the next one begins. */
  next: number | undefined;
}

const COLUMNS = ['seq', 'id', 'time', 'action', 'directory', 'name', 'unit', 'maker', 'surroundings', 'document'] as const;

export function createEvents(database: DatabaseSync, path: string, alerts: Alerts, baseline: StoredBaseline, readers: Readers): Events {
  const insert = bulkInsert(database, 'events', COLUMNS);
  const last = database.prepare('SELECT max(seq) AS seq FROM events');
  const byId = database.prepare('SELECT * FROM events WHERE id = ?');
  const shared = createSharedWriter(database);
  const parts = createSharedReader(database);
  const spans = createSpans(database);
  const prune = createPrune(database, spans, readers);

  const write = (events: readonly FileEvent[], known: readonly KnownEntry[], found: readonly Alert[]): void =>
    transaction(database, () => {
      const first = Number(last.get()?.['seq'] ?? 0) + 1;
      const values: SQLInputValue[] = [];
      const times: number[] = [];
      for (const event of events) {
        const time = timeOf(event['@timestamp']);
        const document = ownOf(event, time);
        const { directory, name } = document === undefined ? cutPath(event.file.path) : event.file;
        const { unit } = event.tickward;
        values.push(first + times.length, event.event.id, time, event.event.action, directory, name, unit === name ? null : unit);
        if (document === undefined) values.push(null, null, JSON.stringify(event));
        else values.push(shared.maker(event).id, shared.surroundings(event).id, document);
        times.push(time);
      }
      shared.flush();
      insert(values);
      spans.grew(first, times);
      baseline.record(known);
      alerts.append(found);
    });

  const fresh = (events: readonly FileEvent[]): FileEvent[] => {
    const ids = new Set<string>();
    return events.filter(({ event: { id } }) => !ids.has(id) && ids.add(id).size > 0 && byId.get(id) === undefined);
  };

  const decode = (row: Record<string, unknown>): FileEvent => {
    const document = String(row['document']);
    if (row['maker'] === null) return JSON.parse(document) as FileEvent;
    const own: EventRow = { id: String(row['id']), time: Number(row['time']), action: String(row['action']), directory: String(row['directory']), name: String(row['name']), unit: row['unit'] === null ? null : String(row['unit']), document };
    return eventOf(own, parts.maker(Number(row['maker'])), parts.surroundings(Number(row['surroundings'])));
  };

  const pageOf = (rows: Record<string, unknown>[]): Page => ({ page: rows.map(decode), next: rows.length < PAGE ? undefined : Number(rows.at(-1)?.['seq']) + 1 });

  const pages = function* (filter: EventFilter): Generator<FileEvent[]> {
    const { where, values } = whereOf(filter);
    const read = database.prepare(`SELECT * FROM events WHERE ${where} ORDER BY seq LIMIT ${PAGE}`);
    const { within, start, end } = snapshot(database, () => {
      const found = spans.between(filter.since ?? -Infinity, filter.until ?? Infinity);
      return { within: found, start: filter.limit === undefined ? 0 : startOf(found, where, values, filter.limit), end: Number(last.get()?.['seq'] ?? 0) };
    });
    for (const { span } of within) {
      if (lastOf(span) < start) continue;
      const to = Math.min(end, lastOf(span));
      for (let from: number | undefined = Math.max(start, firstOf(span)); from !== undefined; ) {
        const { page, next }: Page = snapshot(database, () => pageOf(read.all(from ?? to, to, ...values)));
        yield page;
        from = next;
      }
    }
  };

  /** Where the newest `limit` that fit begin. */
  const startOf = (within: readonly Span[], where: string, values: readonly SQLInputValue[], limit: number): number => {
    if (limit >= spans.count()) return 0;
    const find = database.prepare(`SELECT min(seq) AS seq, count(*) AS n FROM (SELECT seq FROM events WHERE ${where} ORDER BY seq DESC LIMIT ?)`);
    let left = limit;
    let start = Number.MAX_SAFE_INTEGER;
    for (const { span } of within.toReversed()) {
      if (left <= 0) break;
      const row = find.get(firstOf(span), lastOf(span), ...values, left);
      left -= Number(row?.['n'] ?? 0);
      start = Number(row?.['seq'] ?? start);
    }
    return start;
  };

  const withIds = (filter: EventFilter, ids: readonly string[]): FileEvent[] => {
    const { where, values } = whereOf(filter);
    const newest = database.prepare(`SELECT * FROM (SELECT * FROM events WHERE ${where} AND id IN (${marks(ids, values.length + FIRST_VALUE)}) ORDER BY seq DESC LIMIT ?) ORDER BY seq`);
    return snapshot(database, () => newest.all(0, Number.MAX_SAFE_INTEGER, ...values, ...ids, filter.limit ?? -1).map(decode));
  };

  return {
    append(events, known = [], found = []) {
      if (events.length + known.length + found.length === 0) return;
      explained(path, `${events.length} event(s)`, () => {
        try {
          write(events, known, found);
        } catch (error) {
          shared.forget();
          if (!isConflict(error) && !(error instanceof StaleReference)) throw error;
          write(fresh(events), known, found);
        }
      });
    },
    *list(filter = {}) {
      readers.enter();
      try {
        if (filter.ids !== undefined) yield* withIds(filter, filter.ids);
        else for (const page of pages(filter)) yield* page;
      } finally {
        readers.leave();
      }
    },
    get: (id) =>
      snapshot(database, () => {
        const row = byId.get(id);
        return row === undefined ? undefined : decode(row);
      }),
    count: () => spans.count(),
    prune: (retention, now) => explained(path, 'the retention of events', () => prune(retention, now)),
  };
}

/** Values of a filter are numbered from here: ?1 and ?2 are the first and the last seq. */
const FIRST_VALUE = 3;

function marks(values: readonly unknown[], from: number): string {
  return values.map((_, index) => `?${from + index}`).join(', ');
}

/** Names are looked for through the index of their span: ?1 and ?2 must lie in one. */
function whereOf({ since, until, ids, paths, actions, units }: EventFilter): { where: string; values: SQLInputValue[] } {
  const conditions = ['seq BETWEEN ?1 AND ?2'];
  const values: SQLInputValue[] = [];
  const add = (given: readonly SQLInputValue[]): string => {
    const placed = marks(given, values.length + FIRST_VALUE);
    values.push(...given);
    return placed;
  };
  const here = `seq >> ${SPAN_BITS} = ?1 >> ${SPAN_BITS}`;
  const byName = (names: readonly string[]): string => `SELECT seq FROM events INDEXED BY events_by_name WHERE ${here} AND name IN (${add(names)})`;
  // An index is of no use for what is none of nothing.
  const uses = (wanted: readonly string[]): boolean => ids === undefined && wanted.length > 0;
  if (paths !== undefined) {
    if (uses(paths)) conditions.push(`seq IN (${byName([...new Set(paths.map((path) => cutPath(path).name))])})`);
    conditions.push(`directory || '/' || name IN (${add(paths)})`);
  }
  if (units !== undefined) {
    if (uses(units) && paths === undefined) conditions.push(`seq IN (${byName(units)} UNION ALL SELECT seq FROM events INDEXED BY events_by_unit WHERE ${here} AND unit IS NOT NULL AND unit IN (${add(units)}))`);
    conditions.push(`coalesce(unit, name) IN (${add(units)})`);
  }
  if (since !== undefined) conditions.push(`time >= ${add([since])}`);
  if (until !== undefined) conditions.push(`time <= ${add([until])}`);
  if (actions !== undefined) conditions.push(`action IN (${add(actions)})`);
  return { where: conditions.join(' AND '), values };
}

function cutPath(path: string): { directory: string; name: string } {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? { directory: '', name: path } : { directory: path.slice(0, cut), name: path.slice(cut + 1) };
}

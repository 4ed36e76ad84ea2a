/** Events as they were seen: appended in batches, found by time, id, path, action and unit. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { KnownEntry } from '../model/baseline.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { Alerts } from './alerts.ts';
import type { StoredBaseline } from './baseline.ts';
import { bulkInsert, explained, isConflict, snapshot, transaction } from './database.ts';
import { among, cutPath, FIRST_VALUE, hasMany, whereOf, type EventFilter } from './event-filter.ts';
import { eventOf, partsOf, partsOfWhole, type EventParts } from './event-parts.ts';
import { ownOf, timeOf, type EventRow, type Surroundings } from './event-row.ts';
import type { Maker } from './maker.ts';
import { createPrune, type Retention } from './prune.ts';
import type { Readers } from './readers.ts';
import { createSharedReader, createSharedWriter, StaleReference } from './shared.ts';
import { createSpans, firstOf, lastOf, SPAN_BITS, type Span } from './spans.ts';

export type { EventFilter, EventParts };

export interface Events {
  /**
   * When it returns, the events survive kill -9, and with them, in one transaction, what is known of the directories and the alerts.
   * An event whose id is stored already is left as it is. Objects that several events share are looked into once: they must not change afterwards.
   */
  append(events: readonly FileEvent[], known?: readonly KnownEntry[], alerts?: readonly Alert[]): void;
  /** Oldest first, read a span at a time: memory stays small however many there are, and a reader that pauses holds nothing up but the retention. Events may share objects: they are not to be changed. */
  list(filter?: EventFilter): Generator<FileEvent>;
  /** The same, taken apart, for who has to say how many there are before the last was read. */
  select(filter?: EventFilter): Selection;
  get(id: string): FileEvent | undefined;
  count(): number;
  /** Deletes what is too old or too many, for some 10 ms; gives the number deleted. Call again until it is 0. Deletes nothing while a list is being read, here or in another process. */
  prune(retention: Retention, now: number): number;
}

export interface Selection {
  [Symbol.iterator](): Generator<EventParts>;
  /** Exactly as many as the iteration gives that has begun, whatever is appended meanwhile. */
  count(): number;
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

/** What one moment's answer is read from. */
interface Bounds {
  within: readonly Span[];
  start: number;
  end: number;
}

const COLUMNS = ['seq', 'id', 'time', 'action', 'directory', 'name', 'unit', 'maker', 'surroundings', 'document'] as const;

/** Its maker along with each event: mostly each has another, and to ask for it alone takes three times as long. */
const READ = `SELECT ${COLUMNS.join(', ')}, made FROM events LEFT JOIN (SELECT id AS made_by, document AS made FROM shared) ON made_by = maker`;

type Reading = (...values: SQLInputValue[]) => SQLOutputValue[][];

/** Questions differ in which columns they ask for and in how many values: mostly the same few come again. */
const MOST_PREPARED = 16;

/** What becomes of a row, and of a document that is the whole event. */
interface Decoder<Result> {
  packed(row: EventRow, maker: Maker, surroundings: Surroundings): Result;
  whole(event: FileEvent): Result;
}

const AS_EVENTS: Decoder<FileEvent> = { packed: (row, maker, surroundings) => eventOf(partsOf(row, maker, surroundings)), whole: (event) => event };
const AS_PARTS: Decoder<EventParts> = { packed: partsOf, whole: partsOfWhole };

interface Page<Result> {
  page: Result[];
  /** Where the next one begins. */
  next: number | undefined;
}

export function createEvents(database: DatabaseSync, path: string, alerts: Alerts, baseline: StoredBaseline, readers: Readers): Events {
  const insert = bulkInsert(database, 'events', COLUMNS);
  const last = database.prepare('SELECT max(seq) AS seq FROM events');
  const prepared = new Map<string, Reading>();
  /** Rows as arrays take two thirds of the time that objects take. Statements are kept: to prepare one takes longer than to find a row by it, and SQLite's part of it stays in memory until garbage is collected. */
  const reading = (rest: string): Reading => {
    const known = prepared.get(rest);
    if (known !== undefined) return known;
    const statement = database.prepare(`${READ} ${rest}`);
    statement.setReturnArrays(true);
    const read: Reading = (...values) => statement.all(...values) as unknown as SQLOutputValue[][];
    if (prepared.size >= MOST_PREPARED) prepared.clear();
    prepared.set(rest, read);
    return read;
  };
  const byId = reading('WHERE id = ?');
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
    return events.filter(({ event: { id } }) => !ids.has(id) && ids.add(id).size > 0 && byId(id).length === 0);
  };

  const decode = <Result>([, id, time, action, directory, name, unit, maker, surroundings, document, made]: SQLOutputValue[], { packed, whole }: Decoder<Result>): Result => {
    if (maker === null) return whole(JSON.parse(String(document)) as FileEvent);
    const own: EventRow = { id: String(id), time: Number(time), action: String(action), directory: String(directory), name: String(name), unit: unit === null ? null : String(unit), document: String(document) };
    return packed(own, parts.maker(Number(maker), made), parts.surroundings(Number(surroundings)));
  };

  const pageOf = <Result>(rows: SQLOutputValue[][], as: Decoder<Result>): Page<Result> => ({ page: rows.map((row) => decode(row, as)), next: rows.length < PAGE ? undefined : Number(rows.at(-1)?.[0]) + 1 });

  const boundsOf = (filter: EventFilter): Bounds => {
    const { where, values } = whereOf(filter);
    return snapshot(database, () => {
      const within = spans.between(filter.since ?? -Infinity, filter.until ?? Infinity);
      return { within, start: filter.limit === undefined ? 0 : startOf(within, where, values, filter.limit), end: Number(last.get()?.['seq'] ?? 0) };
    });
  };

  /** From and to which seq, span by span. */
  const ranges = ({ within, start, end }: Bounds): [from: number, to: number][] => within.filter(({ span }) => lastOf(span) >= start).map(({ span }) => [Math.max(start, firstOf(span)), Math.min(end, lastOf(span))]);

  const pages = function* <Result>(filter: EventFilter, bounds: Bounds, as: Decoder<Result>): Generator<Result[]> {
    const { where, values } = whereOf(filter);
    const read = reading(`WHERE ${where} ORDER BY seq LIMIT ${PAGE}`);
    for (const [first, to] of ranges(bounds)) {
      for (let from: number | undefined = first; from !== undefined; ) {
        const { page, next }: Page<Result> = snapshot(database, () => pageOf(read(from ?? to, to, ...values), as));
        yield page;
        from = next;
      }
    }
  };

  const countOf = (filter: EventFilter, bounds: Bounds): number => {
    const { where, values } = whereOf(filter);
    const count = database.prepare(`SELECT count(*) AS n FROM events WHERE ${where}`);
    return ranges(bounds).reduce((sum, [from, to]) => sum + Number(count.get(from, to, ...values)?.['n']), 0);
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

  /** At most a page. Sorted here: SQLite takes ten times as long for a single row that it is to sort, since it makes room for many first. */
  const withIds = <Result>(filter: EventFilter, ids: readonly string[], as: Decoder<Result>): Result[] => {
    const { where, values } = whereOf(filter);
    const wanted = among(ids, values.length + FIRST_VALUE);
    const read = reading(`WHERE ${where} AND id IN (${wanted.sql})`);
    return snapshot(database, () => {
      const rows = read(0, Number.MAX_SAFE_INTEGER, ...values, ...wanted.values).sort(([a], [b]) => Number(a) - Number(b));
      return rows.slice(Math.max(0, rows.length - (filter.limit ?? Infinity))).map((row) => decode(row, as));
    });
  };

  /** Where all of them lie. */
  const seqsOf = (filter: EventFilter): number[] => {
    const { where, values } = whereOf(filter);
    const wanted = filter.ids === undefined ? undefined : among(filter.ids, values.length + FIRST_VALUE);
    const rows = database.prepare(`SELECT seq FROM events WHERE ${where}${wanted === undefined ? '' : ` AND id IN (${wanted.sql})`} ORDER BY seq DESC LIMIT ?`).all(0, Number.MAX_SAFE_INTEGER, ...values, ...(wanted?.values ?? []), filter.limit ?? -1);
    return rows.map(({ seq }) => Number(seq)).toReversed();
  };

  const pagesAt = function* <Result>(seqs: readonly number[], as: Decoder<Result>): Generator<Result[]> {
    const read = reading('WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq');
    for (let at = 0; at < seqs.length; at += PAGE) yield snapshot(database, () => read(JSON.stringify(seqs.slice(at, at + PAGE))).map((row) => decode(row, as)));
  };

  const select = <Result>(filter: EventFilter, as: Decoder<Result>): { [Symbol.iterator](): Generator<Result>; count(): number } => {
    const { ids } = filter;
    let count = (): number => 0;
    const read = function* (): Generator<Result> {
      if (ids !== undefined && ids.length <= PAGE) {
        // Read in one go: a deletion cannot come in between.
        const found = withIds(filter, ids, as);
        count = () => found.length;
        return yield* found;
      }
      readers.enter();
      try {
        if (ids !== undefined || hasMany(filter)) {
          const seqs = seqsOf(filter);
          count = () => seqs.length;
          for (const page of pagesAt(seqs, as)) yield* page;
        } else {
          const bounds = boundsOf(filter);
          count = () => countOf(filter, bounds);
          for (const page of pages(filter, bounds, as)) yield* page;
        }
      } finally {
        readers.leave();
      }
    };
    return { [Symbol.iterator]: read, count: () => count() };
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
    list: (filter = {}) => select(filter, AS_EVENTS)[Symbol.iterator](),
    select: (filter = {}) => select(filter, AS_PARTS),
    get: (id) =>
      snapshot(database, () => {
        const [row] = byId(id);
        return row === undefined ? undefined : decode(row, AS_EVENTS);
      }),
    count: () => spans.count(),
    prune: (retention, now) => explained(path, 'the retention of events', () => prune(retention, now)),
  };
}

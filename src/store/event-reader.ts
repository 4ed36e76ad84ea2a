/** Reads events from the store: by id, by name, or all of a time, a page at a time. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { FileEvent } from '../model/event.ts';
import { among } from './among.ts';
import { explain, explained, snapshot } from './database.ts';
import { hasMany, seqsOf, whereOf, type EventFilter } from './event-filter.ts';
import { EVENT_TEXT, EventPages, MADE, OWN_TEXT, type EventBytes } from './event-bytes.ts';
import { eventOf, partsOf, partsOfWhole, type EventParts } from './event-parts.ts';
import type { EventRow, Surroundings } from './event-row.ts';
import type { Maker } from './maker.ts';
import type { Readers } from './readers.ts';
import { createSharedReader } from './shared.ts';
import { firstOf, lastOf, type Span, type Spans } from './spans.ts';

export interface Selection<Result = EventParts> {
  [Symbol.iterator](): Generator<Result>;
  /** Exactly as many as the iteration gives that has begun, whatever is appended meanwhile. */
  count(): number;
}

/** Events that are read at a time, but for long ones: few enough to be gone before memory grows by them. */
const PAGE = 64;

/** What one moment's answer is read from. */
interface Bounds {
  within: readonly Span[];
  start: number;
  end: number;
}

export const EVENT_COLUMNS = ['seq', 'id', 'time', 'action', 'directory', 'name', 'unit', 'maker', 'surroundings', 'document'] as const;

const [MAKER, DOCUMENT, MAKER_DOCUMENT] = [EVENT_COLUMNS.indexOf('maker'), EVENT_COLUMNS.indexOf('document'), EVENT_COLUMNS.length];
const ROWS = `SELECT ${EVENT_COLUMNS.slice(0, -1).join(', ')}, ${OWN_TEXT}, made FROM ${MADE}`;
/** One by itself, however long it is. */
const ALONE = `SELECT ${EVENT_COLUMNS.join(', ')} FROM events WHERE seq = ?`;
/** A page of them as one row: how many, the last, and all their text. */
const textOf = (where: string): string => `SELECT count(*), max(seq), CAST(group_concat(text, '') AS BLOB) FROM (SELECT seq, ${EVENT_TEXT} AS text FROM ${MADE} WHERE ${where})`;

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
  page: Iterable<Result>;
  /** Where the next one begins. */
  next: number | undefined;
}

/** Reads those of a condition, at most a page, from the oldest on. */
type ReadPage<Result> = (where: string, values: readonly SQLInputValue[]) => Page<Result>;

/** The same as objects, which are there at once but for long ones: those are read when their turn comes. */
type ReadObjects<Result> = (where: string, values: readonly SQLInputValue[]) => Page<Result> & { hasLong: boolean };

/** One question, while it is answered. Generators are not made for it: V8 would compile each anew. */
interface Asked<Result> {
  readonly filter: EventFilter;
  readonly few: ReadObjects<Result>;
  readonly many: ReadPage<Result>;
  count: () => number;
}

/** Whether it is found where they lie before any is read. */
const areFound = (filter: EventFilter): boolean => filter.ids !== undefined || filter.paths !== undefined || filter.units !== undefined || hasMany(filter);

export interface EventReader {
  list(filter: EventFilter): Generator<FileEvent>;
  select(filter: EventFilter): Selection;
  selectBytes(filter: EventFilter): Selection<EventBytes | EventParts>;
  get(id: string): FileEvent | undefined;
}

export function createEventReader(database: DatabaseSync, path: string, spans: Spans, readers: Readers): EventReader {
  const last = database.prepare('SELECT max(seq) AS seq FROM events');
  const parts = createSharedReader(database);
  const prepared = new Map<string, Reading>();
  /** Rows as arrays take two thirds of the time that objects take. Statements are kept: to prepare one takes longer than to find a row by it, and SQLite's part of it stays in memory until garbage is collected. */
  const reading = (sql: string): Reading => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    const read: Reading = (...values) => statement.all(...values) as unknown as SQLOutputValue[][];
    if (prepared.size >= MOST_PREPARED) prepared.clear();
    prepared.set(sql, read);
    return read;
  };

  const decode = <Result>([, id, time, action, directory, name, unit, maker, surroundings, document, made]: SQLOutputValue[], { packed, whole }: Decoder<Result>): Result => {
    if (maker === null) return whole(JSON.parse(String(document)) as FileEvent);
    const own: EventRow = { id: String(id), time: Number(time), action: String(action), directory: String(directory), name: String(name), unit: unit === null ? null : String(unit), document: String(document) };
    return packed(own, parts.maker(Number(maker), made), parts.surroundings(Number(surroundings)));
  };

  const nextOf = (rows: number, newestSeq: unknown): number | undefined => (rows < PAGE ? undefined : Number(newestSeq) + 1);

  const alone = <Result>(seq: number, as: Decoder<Result>): Result[] => snapshot(database, () => reading(ALONE)(seq).map((row) => decode(row, as)));

  /** Numbers are those that are to be read alone. */
  const oneByOne = function* <Found extends object, Result>(events: Iterable<Found | number>, as: Decoder<Result>): Generator<Found | Result> {
    for (const event of events) {
      if (typeof event === 'number') yield* alone(event, as);
      else yield event;
    }
  };

  const objects =
    <Result extends object>(as: Decoder<Result>): ReadObjects<Result> =>
    (where, values) => {
      const rows = reading(`${ROWS} WHERE ${where}`)(...values);
      const hasLong = rows.some(isLong);
      const page = hasLong ? oneByOne(rows.map((row) => (isLong(row) ? Number(row[0]) : decode(row, as))), as) : rows.map((row) => decode(row, as));
      return { page, hasLong, next: nextOf(rows.length, rows.at(-1)?.[0]) };
    };
  const [asEvents, asParts] = [objects(AS_EVENTS), objects(AS_PARTS)];

  const surroundingsOf = (id: number): Surroundings => parts.surroundings(id);

  /** Read one after the other: they share their memory. */
  const bytes = (): ReadPage<EventBytes | EventParts> => {
    const events = new EventPages(surroundingsOf);
    return (where, values) => {
      const [[count, newestSeq, text] = []] = reading(textOf(where))(...values);
      return { page: text instanceof Uint8Array ? oneByOne(events.of(text, Number(count)), AS_PARTS) : [], next: nextOf(Number(count), newestSeq) };
    };
  };

  const boundsOf = (filter: EventFilter): Bounds => {
    const { where, values } = whereOf(filter);
    return snapshot(database, () => {
      const within = spans.between(filter.since ?? -Infinity, filter.until ?? Infinity);
      return { within, start: filter.limit === undefined ? 0 : startOf(within, where, values, filter.limit), end: Number(last.get()?.['seq'] ?? 0) };
    });
  };

  /** From and to which seq, span by span. */
  const ranges = ({ within, start, end }: Bounds): [from: number, to: number][] => within.filter(({ span }) => lastOf(span) >= start).map(({ span }) => [Math.max(start, firstOf(span)), Math.min(end, lastOf(span))]);

  const pages = function* <Result>(filter: EventFilter, bounds: Bounds, read: ReadPage<Result>): Generator<Iterable<Result>> {
    const { where, values } = whereOf(filter);
    for (const [first, to] of ranges(bounds)) {
      for (let from: number | undefined = first; from !== undefined; ) {
        const { page, next }: Page<Result> = snapshot(database, () => read(`${where} ORDER BY seq LIMIT ${PAGE}`, [from ?? to, to, ...values]));
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

  /** Where all of them lie. Sorted here: SQLite makes room for many rows before it sorts a single one, which takes ten times as long as to find it. As one text: a million rows of a number each would fill memory. */
  const find = (filter: EventFilter): Float64Array => {
    const { sql, values } = seqsOf(filter);
    const [[seqs] = []] = reading(`SELECT json_group_array(seq) FROM (${sql})`)(0, Number.MAX_SAFE_INTEGER, ...values);
    return newest(Float64Array.from(JSON.parse(String(seqs)) as number[]).sort(), filter.limit);
  };

  /** At most a page. */
  const at = <Read>(seqs: Float64Array, read: (where: string, values: readonly SQLInputValue[]) => Read): Read => {
    const { sql, values } = among([...seqs], 1);
    return read(`seq IN (${sql}) ORDER BY seq LIMIT ${PAGE}`, values);
  };

  /** In one go, in which no deletion can come in between; undefined where they are not to be found before any is read, or are too many or too long for that: then they are found anew once deletions wait. */
  const readFew = <Result>({ filter, few }: Asked<Result>): Result[] | undefined => {
    if (!areFound(filter)) return undefined;
    return snapshot(database, () => {
      const seqs = find(filter);
      if (seqs.length > PAGE) return undefined;
      const { page, hasLong } = at(seqs, few);
      return hasLong ? undefined : [...page];
    });
  };

  const readMany = function* <Result>(asked: Asked<Result>): Generator<Iterable<Result>> {
    const { filter, many } = asked;
    if (areFound(filter)) {
      const seqs = find(filter);
      asked.count = () => seqs.length;
      for (let from = 0; from < seqs.length; from += PAGE) yield snapshot(database, () => at(seqs.subarray(from, from + PAGE), many)).page;
    } else {
      const bounds = boundsOf(filter);
      asked.count = () => countOf(filter, bounds);
      yield* pages(filter, bounds, many);
    }
  };

  const read = function* <Result>(asked: Asked<Result>): Generator<Result> {
    try {
      const all = readFew(asked);
      if (all !== undefined) {
        asked.count = () => all.length;
        return yield* all;
      }
      readers.enter();
      try {
        for (const page of readMany(asked)) yield* page;
      } finally {
        readers.leave();
      }
    } catch (error) {
      throw explain(error, path, 'events');
    }
  };

  const select = <Result>(filter: EventFilter, few: ReadObjects<Result>, many: ReadPage<Result>): Selection<Result> => {
    const asked: Asked<Result> = { filter, few, many, count: () => 0 };
    return { [Symbol.iterator]: () => read(asked), count: () => explained(path, 'events', () => asked.count()) };
  };

  return {
    list: (filter) => select(filter, asEvents, asEvents)[Symbol.iterator](),
    select: (filter) => select(filter, asParts, asParts),
    selectBytes: (filter) => select(filter, asParts, bytes()),
    get: (id) => snapshot(database, () => [...asEvents('id = ?', [id]).page][0]),
  };
}

/** Whether the document of a row, or that of its maker, is not with it. */
function isLong(row: SQLOutputValue[]): boolean {
  return row[DOCUMENT] === null || (row[MAKER] !== null && row[MAKER_DOCUMENT] === null);
}

/** Of what is sorted from the oldest on. */
function newest<All extends { length: number; slice(from: number): All }>(all: All, limit = Infinity): All {
  return all.slice(Math.max(0, all.length - limit));
}

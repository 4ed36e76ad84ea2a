/** Reads events from the store: by id, by name, or all of a time, a page at a time. */
import type { DatabaseSync } from 'node:sqlite';
import type { FileEvent } from '../model/event.ts';
import { among } from './among.ts';
import { fitsOf, type Fits } from './bundle-filter.ts';
import type { Bundle } from './bundle.ts';
import type { Bundles, Stretch } from './bundles.ts';
import { explain, explained, snapshot } from './database.ts';
import { hasMany, seqsOf, whereOf, type EventFilter } from './event-filter.ts';
import type { EventBytes } from './event-bytes.ts';
import type { EventParts } from './event-parts.ts';
import { createShapes, PAGE, type Page, type Shape } from './event-shapes.ts';
import { countIn, inPages, merged, newest, type Lot } from './lots.ts';
import { createReading } from './prepared.ts';
import type { Readers } from './readers.ts';
import { firstOf, lastOf, type Span, type Spans } from './spans.ts';

export interface Selection<Result = EventParts> {
  [Symbol.iterator](): Generator<Result>;
  /** Exactly as many as the iteration gives that has begun, whatever is appended meanwhile. */
  count(): number;
}

/** What one moment's answer is read from. */
interface Bounds {
  within: readonly Span[];
  start: number;
  end: number;
}

/** One question, while it is answered. Generators are not made for it: V8 would compile each anew. */
interface Asked<Result> {
  readonly filter: EventFilter;
  readonly few: Shape<Result>;
  readonly many: Shape<Result>;
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

export function createEventReader(database: DatabaseSync, path: string, spans: Spans, bundles: Bundles, readers: Readers): EventReader {
  const lastRow = database.prepare('SELECT max(seq) AS seq FROM events');
  const reading = createReading(database);
  const shapes = createShapes(database, reading);

  const boundsOf = (filter: EventFilter): Bounds =>
    snapshot(database, () => {
      const within = spans.between(filter.since ?? -Infinity, filter.until ?? Infinity);
      return { within, start: filter.limit === undefined ? 0 : startOf(within, filter, filter.limit), end: Math.max(Number(lastRow.get()?.['seq'] ?? 0), bundles.last()) };
    });

  /** All that lies within them, span by span. */
  const stretches = function* ({ within, start, end }: Bounds): Generator<Stretch> {
    for (const { span } of within) if (lastOf(span) >= start) yield* bundles.stretches(Math.max(start, firstOf(span)), Math.min(end, lastOf(span)));
  };

  /** The numbers of those in a stretch of a bundle that fit. */
  const fitting = ({ from, to }: Stretch, bundle: Bundle | undefined, fits: Fits): number[] => {
    const seqs: number[] = [];
    if (bundle !== undefined) for (let seq = Math.max(from, bundle.first); seq <= to; seq += 1) if (fits.at(bundle, seq - bundle.first)) seqs.push(seq);
    return seqs;
  };

  const readLot = <Result>({ seqs, bundle: last }: Lot, shape: Shape<Result>): Pick<Page<Result>, 'page' | 'hasLong'> => {
    if (last === undefined) {
      const { sql, values } = among([...seqs], 1);
      return shape.rows(`seq IN (${sql}) ORDER BY seq LIMIT ${PAGE}`, values);
    }
    const bundle = bundles.read(last);
    return { page: bundle === undefined ? [] : shape.bundled(bundle, seqs.filter((seq) => seq >= bundle.first)), hasLong: false };
  };

  const pages = function* <Result>(filter: EventFilter, bounds: Bounds, shape: Shape<Result>): Generator<Iterable<Result>> {
    const { where, values } = whereOf(filter);
    const fits = fitsOf(filter);
    for (const stretch of stretches(bounds)) {
      const bundle = stretch.bundle === undefined ? undefined : bundles.read(stretch.bundle.last);
      if (bundle !== undefined) {
        for (const { seqs } of inPages([{ seqs: Float64Array.from(fitting(stretch, bundle, fits)), bundle: bundle.last }], PAGE)) yield snapshot(database, () => shape.bundled(bundle, seqs));
        continue;
      }
      for (let from: number | undefined = stretch.from; from !== undefined; ) {
        const { page, next }: Page<Result> = snapshot(database, () => shape.rows(`${where} ORDER BY seq LIMIT ${PAGE}`, [from ?? stretch.to, stretch.to, ...values]));
        yield page;
        from = next;
      }
    }
  };

  const countOf = (filter: EventFilter, bounds: Bounds): number => {
    const { where, values } = whereOf(filter);
    const count = database.prepare(`SELECT count(*) AS n FROM events WHERE ${where}`);
    const fits = fitsOf(filter);
    let sum = 0;
    for (const stretch of stretches(bounds)) {
      const { from, to, bundle } = stretch;
      if (bundle === undefined) sum += Number(count.get(from, to, ...values)?.['n']);
      else sum += fits.all(bundle) ? to - from + 1 : fitting(stretch, bundles.read(bundle.last), fits).length;
    }
    return sum;
  };

  /** Where the newest `limit` that fit begin. */
  const startOf = (within: readonly Span[], filter: EventFilter, limit: number): number => {
    if (limit >= spans.count()) return 0;
    const { where, values } = whereOf(filter);
    const find = database.prepare(`SELECT min(seq) AS seq, count(*) AS n FROM (SELECT seq FROM events WHERE ${where} ORDER BY seq DESC LIMIT ?)`);
    const fits = fitsOf(filter);
    const last = (stretch: Stretch, count: number): { seq: unknown; n: unknown } => {
      const { from, to, bundle } = stretch;
      if (bundle === undefined) return find.get(from, to, ...values, count) as { seq: unknown; n: unknown };
      if (fits.all(bundle)) return { seq: Math.max(from, to - count + 1), n: Math.min(count, to - from + 1) };
      const seqs = fitting(stretch, bundles.read(bundle.last), fits).slice(-count);
      return { seq: seqs[0] ?? null, n: seqs.length };
    };
    let left = limit;
    let start = Number.MAX_SAFE_INTEGER;
    for (const { span } of within.toReversed()) {
      for (const stretch of bundles.stretches(firstOf(span), lastOf(span)).toReversed()) {
        if (left <= 0) return start;
        const { seq, n } = last(stretch, left);
        left -= Number(n);
        start = Number(seq ?? start);
      }
    }
    return start;
  };

  /** Where all of them lie. Sorted here: SQLite makes room for many rows before it sorts a single one, which takes ten times as long as to find it. As one text: a million rows of a number each would fill memory. */
  const find = (filter: EventFilter): Lot[] => {
    const { sql, values } = seqsOf(filter);
    const [[seqs] = []] = reading(`SELECT json_group_array(seq) FROM (${sql})`)(0, Number.MAX_SAFE_INTEGER, ...values);
    return newest(merged(Float64Array.from(JSON.parse(String(seqs)) as number[]).sort(), bundles.find(filter)), filter.limit);
  };

  /** In one go, in which no deletion can come in between; undefined where they are not to be found before any is read, or are too many or too long for that: then they are found anew once deletions wait. */
  const readFew = <Result>({ filter, few }: Asked<Result>): Result[] | undefined => {
    if (!areFound(filter)) return undefined;
    return snapshot(database, () => {
      const lots = find(filter);
      if (countIn(lots) > PAGE) return undefined;
      const read = lots.map((lot) => readLot(lot, few));
      return read.some(({ hasLong }) => hasLong) ? undefined : read.flatMap(({ page }) => [...page]);
    });
  };

  const readMany = function* <Result>(asked: Asked<Result>): Generator<Iterable<Result>> {
    const { filter, many } = asked;
    if (areFound(filter)) {
      const lots = find(filter);
      asked.count = () => countIn(lots);
      for (const lot of inPages(lots, PAGE)) yield snapshot(database, () => readLot(lot, many)).page;
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

  const select = <Result>(filter: EventFilter, few: Shape<Result>, many: Shape<Result>): Selection<Result> => {
    const asked: Asked<Result> = { filter, few, many, count: () => 0 };
    return { [Symbol.iterator]: () => read(asked), count: () => explained(path, 'events', () => asked.count()) };
  };

  return {
    list: (filter) => select(filter, shapes.events, shapes.events)[Symbol.iterator](),
    select: (filter) => select(filter, shapes.parts, shapes.parts),
    selectBytes: (filter) => select(filter, shapes.parts, shapes.bytes()),
    get: (id) =>
      snapshot(database, () => {
        const [row] = shapes.events.rows('id = ?', [id]).page;
        if (row !== undefined) return row;
        const [event] = merged(new Float64Array(), bundles.find({ ids: [id] })).flatMap((lot) => [...readLot(lot, shapes.events).page]);
        return event;
      }),
  };
}

/** The bundles of events in the store: written where many come at once, read and shortened as a whole. None goes over the end of a span. */
import type { DatabaseSync } from 'node:sqlite';
import type { FileEvent } from '../model/event.ts';
import { fitsOf, marksOf } from './bundle-filter.ts';
import { Bundle, Column, textOfBundle, type BundledRow } from './bundle.ts';
import type { EventFilter } from './event-filter.ts';
import { fieldsOf, fitsIn, type Own } from './event-row.ts';
import { Marks } from './marks.ts';
import type { SharedWriter } from './shared.ts';
import { lastOf, spanOf } from './spans.ts';

export const BUNDLES_SCHEMA = `
  CREATE TABLE bundles ( -- of events that are not in the table events
    last INTEGER PRIMARY KEY, -- seq of the last of them
    first INTEGER NOT NULL,
    oldest INTEGER NOT NULL, -- ms since the epoch
    newest INTEGER NOT NULL,
    marks BLOB NOT NULL, -- marks.ts
    document TEXT NOT NULL -- bundle.ts
  ) STRICT;
`;

/** Fewer are rows: those are found and read one by one. */
const LEAST = 64;

/** Characters that an event has in command lines and in what its unit says. With more it is read alone (event-bytes.ts). */
const MOST_CHARACTERS = 8 * 1024;

/** Where a bundle lies. */
export interface Extent {
  first: number;
  last: number;
  oldest: number;
  newest: number;
}

/** Events that were found in a bundle: their numbers, in order. */
export interface FoundInBundle {
  last: number;
  seqs: number[];
}

/** Numbers that are all of rows, or all of one bundle. */
export interface Stretch {
  from: number;
  to: number;
  bundle?: Extent;
}

export interface Bundles {
  /** Events of one span, within a transaction. False where they are not to be in a bundle: they are few, or one would not come back from it as it is, or is long. */
  append(first: number, events: readonly FileEvent[], times: readonly number[], shared: SharedWriter): boolean;
  /** What lies between two numbers, in order. */
  stretches(from: number, to: number): Stretch[];
  /** The number of the last event in any; 0 where there is none. */
  last(): number;
  /** Undefined where it is gone. */
  read(last: number): Bundle | undefined;
  find(filter: EventFilter): FoundInBundle[];
  /** Which of these ids are in one. */
  holding(ids: readonly string[], since: number, until: number): ReadonlySet<string>;
  remove(last: number): void;
  /** Removes the oldest so many of one. */
  shorten(bundle: Bundle, count: number): void;
}

function isShort({ process, tickward: { directives, commands } }: FileEvent): boolean {
  return (process?.command_line?.length ?? 0) + (process?.parent?.command_line?.length ?? 0) + charactersOf(directives) + charactersOf(commands) <= MOST_CHARACTERS;
}

function charactersOf(texts: readonly string[] | undefined): number {
  let characters = 0;
  if (texts !== undefined) for (const text of texts) characters += text.length;
  return characters;
}

export function createBundles(database: DatabaseSync): Bundles {
  const insert = database.prepare('INSERT INTO bundles (last, first, oldest, newest, marks, document) VALUES (?, ?, ?, ?, ?, ?)');
  const select = database.prepare('SELECT first, last, oldest, newest FROM bundles WHERE last BETWEEN ? AND ? AND first <= ? ORDER BY last');
  const newest = database.prepare('SELECT max(last) AS last FROM bundles');
  const one = database.prepare('SELECT first, document FROM bundles WHERE last = ?');
  const marked = database.prepare('SELECT first, last, marks FROM bundles WHERE newest >= ? AND oldest <= ? ORDER BY last');
  const marksAt = database.prepare('SELECT marks FROM bundles WHERE last = ?');
  const remove = database.prepare('DELETE FROM bundles WHERE last = ?');
  const replace = database.prepare('UPDATE bundles SET first = ?, oldest = ?, marks = ?, document = ? WHERE last = ?');

  const read = (last: number): Bundle | undefined => {
    const row = one.get(last);
    return row === undefined ? undefined : new Bundle(Number(row['first']), last, String(row['document']));
  };

  /** Read one at a time. */
  const fitting = function* (filter: EventFilter): Generator<{ bundle: Bundle; places: number[] }> {
    const fits = fitsOf(filter);
    const marks = marksOf(filter);
    for (const { first, last, marks: bytes } of marked.iterate(filter.since ?? -Infinity, filter.until ?? Infinity)) {
      const candidates = marks === undefined ? undefined : Marks.from(bytes, Number(last) - Number(first) + 1).places(marks.kind, marks.wanted);
      const bundle = candidates?.length === 0 ? undefined : read(Number(last));
      if (bundle === undefined) continue;
      const places = (candidates ?? Array.from({ length: bundle.length }, (_, place) => place)).filter((place) => fits.at(bundle, place));
      if (places.length > 0) yield { bundle, places };
    }
  };

  return {
    append(first, events, times, shared) {
      if (events.length < LEAST) return false;
      const own: Own<undefined>[] = [];
      for (const event of events) {
        const fields = fieldsOf(event);
        if (!isShort(event) || !fitsIn(event, fields, times[own.length] ?? 0)) return false;
        own.push(fields);
      }
      // Not before all fit: those that are asked for are counted.
      const rows: BundledRow[] = [];
      const marks = Marks.of(events.length);
      for (const event of events) {
        const { event: { id, action }, file: { directory = '', name }, tickward: { unit } } = event;
        marks.set(rows.length, id, name, unit);
        rows.push([id, times[rows.length] ?? 0, action, directory, name, unit === name ? null : unit, shared.maker(event).id, shared.surroundings(event).id]);
      }
      insert.run(first + rows.length - 1, first, Math.min(...times), Math.max(...times), marks.bytes, textOfBundle(rows, own));
      return true;
    },
    stretches(from, to) {
      const stretches: Stretch[] = [];
      let at = from;
      for (const row of select.all(from, lastOf(spanOf(to)), to)) {
        const [first, last] = [Number(row['first']), Number(row['last'])];
        if (first > at) stretches.push({ from: at, to: first - 1 });
        stretches.push({ from: Math.max(at, first), to: Math.min(to, last), bundle: { first, last, oldest: Number(row['oldest']), newest: Number(row['newest']) } });
        at = last + 1;
      }
      if (at <= to) stretches.push({ from: at, to });
      return stretches;
    },
    last: () => Number(newest.get()?.['last'] ?? 0),
    read,
    find: (filter) => Array.from(fitting(filter), ({ bundle, places }) => ({ last: bundle.last, seqs: places.map((place) => bundle.first + place) })),
    holding: (ids, since, until) => new Set(Array.from(fitting({ ids, since, until }), ({ bundle, places }) => places.map((place) => String(bundle.at(Column.id, place)))).flat()),
    remove: (last) => void remove.run(last),
    shorten(bundle, count) {
      const marks = Marks.from(marksAt.get(bundle.last)?.['marks'], bundle.length).without(count);
      const times = Array.from({ length: bundle.length - count }, (_, place) => Number(bundle.at(Column.time, place + count)));
      replace.run(bundle.first + count, Math.min(...times), marks.bytes, bundle.without(count), bundle.last);
    },
  };
}

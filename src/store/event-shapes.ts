/** What becomes of events as they are read, row by row or out of a bundle: objects, or bytes of a page. */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { FileEvent } from '../model/event.ts';
import { Column, type Bundle } from './bundle.ts';
import { snapshot } from './database.ts';
import { EVENT_TEXT, EventPages, MADE, OWN_TEXT, type EventBytes } from './event-bytes.ts';
import { eventOf, partsOf, partsOfWhole, type EventParts } from './event-parts.ts';
import type { EventRow, Own, Surroundings } from './event-row.ts';
import type { Maker } from './maker.ts';
import type { Reading } from './prepared.ts';
import { createSharedReader } from './shared.ts';

/** Events that are read at a time, but for long ones: few enough to be gone before memory grows by them. */
export const PAGE = 64;

export const EVENT_COLUMNS = ['seq', 'id', 'time', 'action', 'directory', 'name', 'unit', 'maker', 'surroundings', 'document'] as const;

const [MAKER, DOCUMENT, MAKER_DOCUMENT] = [EVENT_COLUMNS.indexOf('maker'), EVENT_COLUMNS.indexOf('document'), EVENT_COLUMNS.length];
const ROWS = `SELECT ${EVENT_COLUMNS.slice(0, -1).join(', ')}, ${OWN_TEXT}, made FROM ${MADE}`;
/** One by itself, however long it is. */
const ALONE = `SELECT ${EVENT_COLUMNS.join(', ')} FROM events WHERE seq = ?`;
/** A page of them as one row: how many, the last, and all their text. */
const textOf = (where: string): string => `SELECT count(*), max(seq), CAST(group_concat(text, '') AS BLOB) FROM (SELECT seq, ${EVENT_TEXT} AS text FROM ${MADE} WHERE ${where})`;

/** What becomes of a row, and of a document that is the whole event. */
interface Decoder<Result> {
  packed(row: EventRow, maker: Maker, surroundings: Surroundings): Result;
  whole(event: FileEvent): Result;
}

const AS_EVENTS: Decoder<FileEvent> = { packed: (row, maker, surroundings) => eventOf(partsOf(row, maker, surroundings)), whole: (event) => event };
const AS_PARTS: Decoder<EventParts> = { packed: partsOf, whole: partsOfWhole };

export interface Page<Result> {
  page: Iterable<Result>;
  /** Whether one of them is read only when its turn comes: it is long. */
  hasLong: boolean;
  /** Where the next one begins. */
  next: number | undefined;
}

export interface Shape<Result> {
  /** Reads those of a condition, at most a page, from the oldest on. */
  rows(where: string, values: readonly SQLInputValue[]): Page<Result>;
  /** Those of a bundle with these numbers. */
  bundled(bundle: Bundle, seqs: ArrayLike<number> & Iterable<number>): Iterable<Result>;
}

export interface Shapes {
  events: Shape<FileEvent>;
  parts: Shape<EventParts>;
  /** Read one after the other: they share their memory. */
  bytes(): Shape<EventBytes | EventParts>;
}

export function createShapes(database: DatabaseSync, reading: (sql: string) => Reading): Shapes {
  const parts = createSharedReader(database);

  const decode = <Result>([, id, time, action, directory, name, unit, maker, surroundings, document, made]: SQLOutputValue[], { packed, whole }: Decoder<Result>): Result => {
    if (maker === null) return whole(JSON.parse(String(document)) as FileEvent);
    const row: EventRow = { id: String(id), time: Number(time), action: String(action), directory: String(directory), name: String(name), unit: unit === null ? null : String(unit), own: JSON.parse(String(document)) as Own<null> };
    return packed(row, parts.maker(Number(maker), made), parts.surroundings(Number(surroundings)));
  };

  const unpack = <Result>(bundle: Bundle, seq: number, { packed }: Decoder<Result>): Result => {
    const place = seq - bundle.first;
    return packed(rowAt(bundle, place), parts.maker(Number(bundle.at(Column.maker, place))), parts.surroundings(Number(bundle.at(Column.surroundings, place))));
  };

  const alone = <Result>(seq: number, as: Decoder<Result>): Result[] => snapshot(database, () => reading(ALONE)(seq).map((row) => decode(row, as)));

  const objects = <Result extends object>(as: Decoder<Result>): Shape<Result> => ({
    rows(where, values) {
      const rows = reading(`${ROWS} WHERE ${where}`)(...values);
      const hasLong = rows.some(isLong);
      const page = hasLong ? oneByOne(rows.map((row) => (isLong(row) ? Number(row[0]) : decode(row, as))), (seq) => alone(seq, as)) : rows.map((row) => decode(row, as));
      return { page, hasLong, next: nextOf(rows.length, rows.at(-1)?.[0]) };
    },
    bundled: (bundle, seqs) => Array.from(seqs, (seq) => unpack(bundle, seq, as)),
  });

  /** As a row of EVENT_TEXT. */
  const textAt = (bundle: Bundle, seq: number): string => {
    const place = seq - bundle.first;
    const [name, unit] = [String(bundle.at(Column.name, place)), bundle.at(Column.unit, place)];
    const row = [seq, bundle.at(Column.surroundings, place), bundle.at(Column.id, place), bundle.at(Column.time, place), bundle.at(Column.action, place), `${String(bundle.at(Column.directory, place))}/${name}`, unit ?? name];
    return JSON.stringify(row) + bundle.ownText(place) + parts.documentOfMaker(Number(bundle.at(Column.maker, place)));
  };

  const bytes = (): Shape<EventBytes | EventParts> => {
    const pages = new EventPages((id) => parts.surroundings(id));
    return {
      rows(where, values) {
        const [[count, newest, text] = []] = reading(textOf(where))(...values);
        const page = text instanceof Uint8Array ? oneByOne(pages.of(text, Number(count)), (seq) => alone(seq, AS_PARTS)) : [];
        return { page, hasLong: false, next: nextOf(Number(count), newest) };
      },
      bundled: (bundle, seqs) => oneByOne(pages.of(Buffer.from(Array.from(seqs, (seq) => textAt(bundle, seq)).join('')), seqs.length), (seq) => [unpack(bundle, seq, AS_PARTS)]),
    };
  };

  return { events: objects(AS_EVENTS), parts: objects(AS_PARTS), bytes };
}

function rowAt(bundle: Bundle, place: number): EventRow {
  const unit = bundle.at(Column.unit, place);
  return {
    id: String(bundle.at(Column.id, place)),
    time: Number(bundle.at(Column.time, place)),
    action: String(bundle.at(Column.action, place)),
    directory: String(bundle.at(Column.directory, place)),
    name: String(bundle.at(Column.name, place)),
    unit: unit === null ? null : String(unit),
    own: bundle.own(place),
  };
}

/** Numbers are those that are to be read alone. */
function* oneByOne<Found extends object, Result>(events: Iterable<Found | number>, alone: (seq: number) => readonly Result[]): Generator<Found | Result> {
  for (const event of events) {
    if (typeof event === 'number') yield* alone(event);
    else yield event;
  }
}

function nextOf(rows: number, newest: unknown): number | undefined {
  return rows < PAGE ? undefined : Number(newest) + 1;
}

/** Whether the document of a row, or that of its maker, is not with it. */
function isLong(row: SQLOutputValue[]): boolean {
  return row[DOCUMENT] === null || (row[MAKER] !== null && row[MAKER_DOCUMENT] === null);
}

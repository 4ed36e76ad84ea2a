/**
 * Many events that came together as one text: for each field a column, of one value where all of them have the same. In a storm that is most of what an event has, so that
 * an event takes half the room of a row with its indexes, and less than half the time to write it.
 */
import { damaged } from './packing.ts';
import type { Own } from './event-row.ts';

/** What a row has beside its document (events.ts), in this order; those of the document (Own) follow it. Only ever add at the end. */
export const Column = { id: 0, time: 1, action: 2, directory: 3, name: 4, unit: 5, maker: 6, surroundings: 7, own: 8 } as const;

/** `unit` is null where it is the name. */
export type BundledRow = readonly [id: string, time: number, action: string, directory: string, name: string, unit: string | null, maker: number, surroundings: number];

type Columns = readonly (readonly unknown[])[];

/** Of events, what a row has and what is their own, in two lists: to put both together for each costs more than it saves. */
export function textOfBundle(rows: readonly BundledRow[], own: readonly Own<undefined>[]): string {
  const columns: unknown[][] = [];
  for (const list of [rows, own]) for (let column = 0; column < (list[0]?.length ?? 0); column += 1) columns.push(columnOf(list, column));
  return JSON.stringify(columns);
}

/** One value where all have the same. */
function columnOf(list: readonly (readonly unknown[])[], column: number): unknown[] {
  const first = list[0]?.[column];
  let same = 1;
  while (same < list.length && list[same]?.[column] === first) same += 1;
  return same === list.length ? [first] : list.map((fields) => fields[column]);
}

/** As it is read. Its events lie beside each other in the store: the first has the number `first`, the last `last`. */
export class Bundle {
  readonly first: number;
  readonly last: number;
  readonly #columns: Columns;
  /** What the JSON of every event's own fields has in the same way, and between it the columns in which they differ. */
  #ownParts: (string | readonly unknown[])[] | undefined;

  /** Throws STATE where the text is none of as many events. */
  constructor(first: number, last: number, text: string) {
    const columns: unknown = JSON.parse(text);
    const length = last - first + 1;
    if (!Array.isArray(columns) || columns.length <= Column.own || !columns.every((column) => Array.isArray(column) && (column.length === 1 || column.length === length))) throw damaged();
    [this.first, this.last, this.#columns] = [first, last, columns as Columns];
  }

  get length(): number {
    return this.last - this.first + 1;
  }

  /** A field of the event at a place, from 0 on. */
  at(column: (typeof Column)[keyof typeof Column], place: number): unknown {
    const values = this.#columns[column];
    return values?.length === 1 ? values[0] : values?.[place];
  }

  own(place: number): Own<null> {
    return this.#columns.slice(Column.own).map((values) => (values.length === 1 ? values[0] : values[place])) as Own<null>;
  }

  /** The same as JSON: what all have is put into words once. */
  ownText(place: number): string {
    this.#ownParts ??= partsOf(this.#columns.slice(Column.own));
    let text = '';
    for (const part of this.#ownParts) text += typeof part === 'string' ? part : JSON.stringify(part[place]);
    return text;
  }

  /** The text of what is left when the first `count` are gone. */
  without(count: number): string {
    return JSON.stringify(this.#columns.map((values) => (values.length === 1 ? values : values.slice(count))));
  }
}

function partsOf(columns: Columns): (string | readonly unknown[])[] {
  const parts: (string | readonly unknown[])[] = [];
  let same = '[';
  columns.forEach((values, index) => {
    if (index > 0) same += ',';
    if (values.length === 1) same += JSON.stringify(values[0]);
    else {
      parts.push(same, values);
      same = '';
    }
  });
  return [...parts, `${same}]`];
}

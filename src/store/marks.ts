/**
 * How an event of a bundle is found without reading its text: three numbers, made of its id, its name and its unit. Others may have the same numbers, also where somebody wants it so:
 * they say where to look, and what is there decides.
 */
import { damaged } from './packing.ts';

/** Which of the three. */
export const Mark = { id: 0, name: 1, unit: 2 } as const;
export type MarkKind = (typeof Mark)[keyof typeof Mark];

const KINDS = 3;

/** A prime that is often taken for texts. */
const FACTOR = 31;

/** So many are looked for one by one; more in one go over all. */
const FEW = 16;

export function markOf(text: string): number {
  let mark = 0;
  for (let at = 0; at < text.length; at += 1) mark = (Math.imul(mark, FACTOR) + text.charCodeAt(at)) | 0;
  return mark;
}

/** Those of as many events: of each kind one after the other, 32 bits each, the lower bytes first as the processors have them on which Node runs. */
export class Marks {
  readonly #all: Int32Array;
  readonly #count: number;

  private constructor(all: Int32Array) {
    this.#all = all;
    this.#count = all.length / KINDS;
  }

  static of(count: number): Marks {
    return new Marks(new Int32Array(count * KINDS));
  }

  /** Throws STATE where they are not those of `count` events. */
  static from(bytes: unknown, count: number): Marks {
    if (!(bytes instanceof Uint8Array) || bytes.length !== count * KINDS * Int32Array.BYTES_PER_ELEMENT) throw damaged();
    return new Marks(new Int32Array(bytes.slice().buffer));
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.#all.buffer);
  }

  set(place: number, id: string, name: string, unit: string): void {
    const ofName = markOf(name);
    this.#all[place] = markOf(id);
    this.#all[this.#count + place] = ofName;
    this.#all[2 * this.#count + place] = unit === name ? ofName : markOf(unit);
  }

  /** Places of those that have one of some marks, in order. */
  places(kind: MarkKind, wanted: ReadonlySet<number>): number[] {
    const marks = this.#of(kind);
    const places: number[] = [];
    if (wanted.size > FEW) {
      for (let place = 0; place < marks.length; place += 1) if (wanted.has(marks[place] ?? 0)) places.push(place);
      return places;
    }
    for (const mark of wanted) for (let place = marks.indexOf(mark); place >= 0; place = marks.indexOf(mark, place + 1)) places.push(place);
    return places.toSorted((one, other) => one - other);
  }

  /** What is left when the first `count` are gone. */
  without(count: number): Marks {
    const rest = Marks.of(this.#count - count);
    for (const kind of Object.values(Mark)) rest.#of(kind).set(this.#of(kind).subarray(count));
    return rest;
  }

  #of(kind: MarkKind): Int32Array {
    return this.#all.subarray(kind * this.#count, (kind + 1) * this.#count);
  }
}

/** Files of one folder by their names' bytes as latin1: as a map of objects 200,000 of them take 31 MB, and the collector looks at each again and again; as numbers beside each other 18 MB. */
import type { Signature } from './baseline.ts';

/** Places at first: most folders hold a few files. */
const FEW = 4;

export class Entries implements Iterable<[name: string, signature: Signature]> {
  readonly #places = new Map<string, number>();
  /** Places of those that are gone. */
  readonly #free: number[] = [];
  /** Names that were set lately, while that is noted. */
  #fresh: Set<string> | undefined;
  #inodes = new BigUint64Array(0);
  #changed = new BigInt64Array(0);

  constructor(from: Iterable<readonly [string, Signature]> = []) {
    for (const [name, signature] of from) this.set(name, signature);
  }

  get size(): number {
    return this.#places.size;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  get(name: string): Signature | undefined {
    const place = this.#places.get(name);
    return place === undefined ? undefined : this.#at(place);
  }

  /** Whether the name is a new one. */
  set(name: string, { inode, changed }: Signature): boolean {
    const known = this.#places.get(name);
    const place = known ?? this.#newPlace(name);
    this.#inodes[place] = inode;
    this.#changed[place] = changed;
    this.#fresh?.add(name);
    return known === undefined;
  }

  /** From now on it is noted which are set. */
  noteFresh(): void {
    this.#fresh = new Set();
  }

  isFresh(name: string): boolean {
    return this.#fresh?.has(name) === true;
  }

  forgetFresh(): void {
    this.#fresh = undefined;
  }

  delete(name: string): void {
    const place = this.#places.get(name);
    if (place === undefined) return;
    this.#places.delete(name);
    this.#free.push(place);
    this.#fresh?.delete(name);
  }

  names(): Iterable<string> {
    return this.#places.keys();
  }

  *[Symbol.iterator](): Generator<[string, Signature]> {
    for (const [name, place] of this.#places) yield [name, this.#at(place)];
  }

  #at(place: number): Signature {
    return { inode: this.#inodes[place] ?? 0n, changed: this.#changed[place] ?? 0n };
  }

  #newPlace(name: string): number {
    const place = this.#free.pop() ?? this.#places.size;
    if (place >= this.#inodes.length) {
      const room = Math.max(FEW, place * 2);
      const [inodes, changed] = [new BigUint64Array(room), new BigInt64Array(room)];
      inodes.set(this.#inodes);
      changed.set(this.#changed);
      [this.#inodes, this.#changed] = [inodes, changed];
    }
    this.#places.set(name, place);
    return place;
  }
}

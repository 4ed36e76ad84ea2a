/** Files of one folder by their names' bytes as latin1: as a map of objects 200,000 of them take 31 MB, and the collector looks at each again and again; as numbers beside each other 18 MB, and 4 bytes each for who told of them. */
import type { Signature } from './baseline.ts';

/** Places at first: most folders hold a few files. */
const FEW = 4;

/** Binary logarithm of the places in a page: of many files nothing is copied to make room for more. */
const PAGE_BITS = 12;
const PAGE = 2 ** PAGE_BITS;

interface Page {
  readonly inodes: BigUint64Array;
  readonly changed: BigInt64Array;
  readonly tellers: Int32Array;
}

/** In the place of a process where none was named. */
export const NOBODY = -1;

export class Entries implements Iterable<[name: string, signature: Signature]> {
  readonly #places = new Map<string, number>();
  /** Places of those that are gone. */
  readonly #free: number[] = [];
  /** Names that were set lately, while that is noted. */
  #fresh: Set<string> | undefined;
  readonly #pages: Page[] = [];

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

  /** The process whose change was the last that was told of a file. */
  teller(name: string): number {
    const place = this.#places.get(name);
    return place === undefined ? NOBODY : (this.#pageOf(place).tellers[place % PAGE] ?? NOBODY);
  }

  /** Whether the name is a new one. */
  set(name: string, { inode, changed }: Signature, teller: number = NOBODY): boolean {
    const known = this.#places.get(name);
    const place = known ?? this.#newPlace(name);
    const page = this.#pageOf(place);
    page.inodes[place % PAGE] = inode;
    page.changed[place % PAGE] = changed;
    page.tellers[place % PAGE] = teller;
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
    const { inodes, changed } = this.#pageOf(place);
    return { inode: inodes[place % PAGE] ?? 0n, changed: changed[place % PAGE] ?? 0n };
  }

  #newPlace(name: string): number {
    const place = this.#free.pop() ?? this.#places.size;
    this.#places.set(name, place);
    return place;
  }

  /** The page of a place, which has room for it. */
  #pageOf(place: number): Page {
    const page = this.#pages[place >> PAGE_BITS];
    if (page !== undefined && place % PAGE < page.inodes.length) return page;
    const wider = withRoom(page, place < PAGE ? Math.min(PAGE, Math.max(FEW, place * 2)) : PAGE);
    this.#pages[place >> PAGE_BITS] = wider;
    return wider;
  }
}

function withRoom(page: Page | undefined, room: number): Page {
  const wider = { inodes: new BigUint64Array(room), changed: new BigInt64Array(room), tellers: new Int32Array(room) };
  if (page !== undefined) {
    wider.inodes.set(page.inodes);
    wider.changed.set(page.changed);
    wider.tellers.set(page.tellers);
  }
  return wider;
}

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

/** How many names may be kept, by several folders together. */
export interface Room {
  /** Makes a name less possible; false where there is no room for one more. */
  take(): boolean;
  giveBack(): void;
  readonly isFull: boolean;
}

const ENDLESS: Room = { take: () => true, giveBack: () => undefined, isFull: false };

/** What became of a name that was set: kept for the first time, kept already, or left out for want of room. */
export type Kept = 'new' | 'known' | 'left out';

export class Entries implements Iterable<[name: string, signature: Signature]> {
  readonly #places = new Map<string, number>();
  /** Places of those that are gone. */
  readonly #free: number[] = [];
  /** Names that were set lately, while that is noted. */
  #fresh: Set<string> | undefined;
  readonly #pages: Page[] = [];
  readonly #room: Room;
  #lacks = false;

  constructor(from: Iterable<readonly [string, Signature]> = [], room: Room = ENDLESS) {
    this.#room = room;
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

  /** There may be files in the folder that are not in here, and are no news: there was, or is, no room for them. */
  get isPartial(): boolean {
    return this.#lacks || this.isFull;
  }

  /** There is no room for one more. */
  get isFull(): boolean {
    return this.#room.isFull;
  }

  lack(lacks: boolean): void {
    this.#lacks = lacks;
  }

  set(name: string, { inode, changed }: Signature, teller: number = NOBODY): Kept {
    const known = this.#places.get(name);
    if (known === undefined && !this.#room.take()) {
      this.#lacks = true;
      return 'left out';
    }
    const place = known ?? this.#newPlace(name);
    const page = this.#pageOf(place);
    page.inodes[place % PAGE] = inode;
    page.changed[place % PAGE] = changed;
    page.tellers[place % PAGE] = teller;
    this.#fresh?.add(name);
    return known === undefined ? 'new' : 'known';
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
    this.#room.giveBack();
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

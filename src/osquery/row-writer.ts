/**
 * Writes rows as maps of texts (binary.ts writes all else): the one loop through which every byte of every answer goes, so it makes no garbage and calls nothing for a short text.
 * Rows that follow each other are mostly much alike: what a row has from the one before is copied from there, columns that lie side by side with one call. A row that is bytes already is copied as it is.
 */
import { RowBytes, type Column, type Row, type Value } from '../model/table.ts';
import { Type } from './binary.ts';
import { BUFFER_BYTES, giveBack, takeBuffer } from './buffers.ts';

/** Up to here it is copied, to keep no whole buffer for a small answer. */
const SMALL_BYTES = BUFFER_BYTES / 4;
/** From here on Node's own writing is faster than a loop. */
const LONG_TEXT = 16;
/** A UTF-16 unit is at most so many bytes of UTF-8. */
const MOST_BYTES = 3;
const LENGTH = 4;
const NONE = Buffer.alloc(0);
const NOWHERE = -1;
/** Bytes that are copied at once, as a number of floating point: a whole number of so many would be an object. Only a signalling NaN might not stay what it is, and no text has one: behind a byte of 0xf0 and more, UTF-8 has none of 0x7f or 0xff. */
const WORD = 8;

/** A column: its name as bytes, and what was last written of it since the last `take`, and where that lies. */
interface Entry extends Key {
  last: Value | undefined;
  start: number;
  end: number;
}

export class RowWriter {
  /** In the order in which osquery itself writes a map. */
  readonly #entries: readonly Entry[];
  #buffer: Buffer;
  #at = 0;
  #from = new Viewed(NONE);
  #to = new Viewed(NONE);

  constructor(columns: readonly Column[]) {
    this.#buffer = takeBuffer();
    this.#entries = keysOf(columns).map((key) => ({ ...key, last: undefined, start: 0, end: 0 }));
  }

  get length(): number {
    return this.#at;
  }

  /** A missing key reads as NULL there. */
  write(row: Row | RowBytes): void {
    if (row instanceof RowBytes) this.#writeBytes(row);
    else this.#writeRow(row);
  }

  #writeRow(row: Row): void {
    this.#reserve(2 + LENGTH);
    this.#buffer[this.#at] = Type.STRING;
    this.#buffer[this.#at + 1] = Type.STRING;
    const counted = this.#at + 2;
    this.#at = counted + LENGTH;
    let count = 0;
    // What is to be copied from the row before, and is not yet.
    let [from, to] = [0, 0];
    for (const entry of this.#entries) {
      const value = row[entry.name];
      if (value === undefined || value === null) continue;
      count += 1;
      if (value === entry.last) {
        if (entry.start !== to) {
          this.#copy(from, to);
          from = entry.start;
        }
        to = entry.end;
        entry.start = this.#at + entry.start - from;
        entry.end = this.#at + to - from;
        continue;
      }
      this.#copy(from, to);
      [from, to] = [0, 0];
      entry.last = value;
      entry.start = this.#at;
      this.#entry(entry.key, typeof value === 'string' ? value : String(value));
      entry.end = this.#at;
    }
    this.#copy(from, to);
    writeLength(this.#buffer, counted, count);
  }

  #writeBytes({ bytes, places, starts, ends }: RowBytes): void {
    let most = 2 + LENGTH + WORD;
    for (const { column, key } of this.#entries) {
      const place = places[column] ?? NOWHERE;
      const start = starts[place] ?? NOWHERE;
      if (start >= 0) most += key.length + LENGTH + (ends[place] ?? NOWHERE) - start;
    }
    this.#reserve(most);
    this.#from = this.#from.of(bytes);
    this.#to = this.#to.of(this.#buffer);
    const [from, to] = [this.#from.view, this.#to.view];
    let at = this.#at + 2;
    to.setUint8(this.#at, Type.STRING);
    to.setUint8(this.#at + 1, Type.STRING);
    const counted = at;
    at += LENGTH;
    let count = 0;
    for (const { column, key, words } of this.#entries) {
      const place = places[column] ?? NOWHERE;
      const start = starts[place] ?? NOWHERE;
      const end = ends[place] ?? NOWHERE;
      if (start < 0) continue;
      count += 1;
      for (let index = 0; index < words.length; index += 1) to.setFloat64(at + index * WORD, words[index] ?? 0, true);
      at += key.length;
      to.setUint32(at, end - start);
      at += LENGTH;
      // What is written over the end is written over by what comes next.
      for (let index = start; index < end; index += WORD) to.setFloat64(at + index - start, from.getFloat64(index, true), true);
      at += end - start;
    }
    to.setUint32(counted, count);
    this.#at = at;
  }

  /** What was written since the last time; to be given back. */
  take(): Buffer {
    const written = this.#buffer.subarray(0, this.#at);
    const isSmall = this.#at <= SMALL_BYTES;
    const bytes = isSmall ? Buffer.from(written) : written;
    if (!isSmall) this.#buffer = takeBuffer();
    this.#at = 0;
    for (const entry of this.#entries) entry.last = undefined;
    return bytes;
  }

  /** Nothing may be written afterwards. */
  end(): void {
    giveBack(this.#buffer);
    [this.#buffer, this.#at] = [NONE, 0];
  }

  #copy(from: number, to: number): void {
    if (from === to) return;
    this.#reserve(to - from);
    this.#buffer.copyWithin(this.#at, from, to);
    this.#at += to - from;
  }

  #entry(key: Buffer, text: string): void {
    this.#reserve(key.length + LENGTH + text.length * MOST_BYTES);
    const buffer = this.#buffer;
    let at = this.#at;
    for (let index = 0; index < key.length; index += 1) buffer[at + index] = key[index] ?? 0;
    at += key.length;
    const start = at + LENGTH;
    const end = (text.length < LONG_TEXT ? writeAscii(buffer, start, text) : undefined) ?? start + buffer.write(text, start);
    writeLength(buffer, at, end - start);
    this.#at = end;
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(needed * 2);
    this.#buffer.copy(grown, 0, 0, this.#at);
    giveBack(this.#buffer);
    this.#buffer = grown;
  }
}

/** Where it ends; undefined where it is not all ASCII. */
function writeAscii(buffer: Buffer, start: number, text: string): number | undefined {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return undefined;
    buffer[start + index] = unit;
  }
  return start + text.length;
}

/** Bytes as words: a text is copied in a quarter of the time. Made only once for the same bytes. */
class Viewed {
  readonly view: DataView;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  of(bytes: Uint8Array): Viewed {
    return bytes === this.#bytes ? this : new Viewed(bytes);
  }
}

/** In the four bytes in which Thrift has it. */
function writeLength(buffer: Buffer, at: number, length: number): void {
  buffer[at] = length >>> 24;
  buffer[at + 1] = length >>> 16;
  buffer[at + 2] = length >>> 8;
  buffer[at + 3] = length;
}

interface Key {
  readonly name: string;
  /** Its length and its bytes. */
  readonly key: Buffer;
  /** The same, and what is missing for the last word. */
  readonly words: Float64Array;
  /** Which of the table's columns it is. */
  readonly column: number;
}

/** A table has the same columns for every answer. */
const known = new WeakMap<readonly Column[], readonly Key[]>();

function keysOf(columns: readonly Column[]): readonly Key[] {
  const before = known.get(columns);
  if (before !== undefined) return before;
  const keys = columns.map(({ name }, column) => ({ name, ...lengthAnd(name), column })).sort((a, b) => (a.name < b.name ? -1 : 1));
  known.set(columns, keys);
  return keys;
}

function lengthAnd(name: string): Pick<Key, 'key' | 'words'> {
  const length = LENGTH + Buffer.byteLength(name);
  const words = Buffer.alloc(Math.ceil(length / WORD) * WORD);
  words.writeInt32BE(length - LENGTH);
  words.write(name, LENGTH);
  return { key: words.subarray(0, length), words: Float64Array.from({ length: words.length / WORD }, (_, index) => words.readDoubleLE(index * WORD)) };
}

/**
 * Writes rows as maps of texts (binary.ts writes all else): the one loop through which every byte of every answer goes, so it makes no garbage and calls nothing for a short text.
 * Rows that follow each other are mostly much alike: what a row has from the one before is copied from there, columns that lie side by side with one call. A row that is bytes already is copied as it is.
 */
import { RowBytes, type Column, type Row, type Value } from '../model/table.ts';
import { Type } from './binary.ts';

const FIRST_BYTES = 96 * 1024;
/** What one huge row made is not kept for the next answer. */
const MOST_KEPT_BYTES = 2 * FIRST_BYTES;
/** From here on Node's own writing is faster than a loop. */
const LONG_TEXT = 16;
/** A UTF-16 unit is at most so many bytes of UTF-8. */
const MOST_BYTES = 3;
const LENGTH = 4;
const NONE = Buffer.alloc(0);
const NOWHERE = -1;

/** For the next answer: a new one for each that has a single row fills memory until garbage is collected. */
let spare: Buffer | undefined;

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

  constructor(columns: readonly Column[]) {
    this.#buffer = spare ?? Buffer.allocUnsafeSlow(FIRST_BYTES);
    spare = undefined;
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

  #writeBytes({ bytes, starts, ends }: RowBytes): void {
    let needed = 2 + LENGTH;
    for (const { place, key } of this.#entries) needed += key.length + LENGTH + Math.max(0, (ends[place] ?? 0) - (starts[place] ?? 0));
    this.#reserve(needed);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at] = Type.STRING;
    buffer[at + 1] = Type.STRING;
    const counted = at + 2;
    at = counted + LENGTH;
    let count = 0;
    for (const { place, key } of this.#entries) {
      const start = starts[place] ?? NOWHERE;
      const end = ends[place] ?? NOWHERE;
      if (start < 0) continue;
      count += 1;
      for (let index = 0; index < key.length; index += 1, at += 1) buffer[at] = key[index] ?? 0;
      writeLength(buffer, at, end - start);
      at += LENGTH;
      for (let index = start; index < end; index += 1, at += 1) buffer[at] = bytes[index] ?? 0;
    }
    writeLength(buffer, counted, count);
    this.#at = at;
  }

  /** What was written since the last time. */
  take(): Buffer {
    const bytes = Buffer.from(this.#buffer.subarray(0, this.#at));
    this.#at = 0;
    for (const entry of this.#entries) entry.last = undefined;
    return bytes;
  }

  /** Nothing may be written afterwards. */
  end(): void {
    if (this.#buffer.length <= MOST_KEPT_BYTES) spare = this.#buffer;
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
  /** Which of the table's columns it is. */
  readonly place: number;
}

/** A table has the same columns for every answer. */
const known = new WeakMap<readonly Column[], readonly Key[]>();

function keysOf(columns: readonly Column[]): readonly Key[] {
  const before = known.get(columns);
  if (before !== undefined) return before;
  const keys = columns.map(({ name }, place) => ({ name, key: lengthAnd(name), place })).sort((a, b) => (a.name < b.name ? -1 : 1));
  known.set(columns, keys);
  return keys;
}

function lengthAnd(name: string): Buffer {
  const bytes = Buffer.alloc(LENGTH + Buffer.byteLength(name));
  bytes.writeInt32BE(bytes.length - LENGTH);
  bytes.write(name, LENGTH);
  return bytes;
}

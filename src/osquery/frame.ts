/** Finds where the messages of a connection end, however they are cut: a message of the buffered transport has no length in front. Reads every byte once. */
import { malformed, Type } from './binary.ts';
import { VERSION } from './message.ts';

export interface FrameLimits {
  /** Of one message. */
  bytes: number;
  /** Of all maps and lists of one message: each is an object once it is read. */
  elements: number;
}

/** registerExtension has six: the arguments, two maps, a list, a map, a text. */
const MOST_LEVELS = 16;

/** Bytes of a value of these types. */
const SIZES: Readonly<Record<number, number>> = { [Type.BOOL]: 1, [Type.BYTE]: 1, [Type.DOUBLE]: 8, [Type.I16]: 2, [Type.I32]: 4, [Type.I64]: 8 };

/** Values of these types in turn, so many more. A struct has undefined: its fields say their types themselves. */
interface Level {
  types: readonly number[] | undefined;
  left: number;
}

export class Framer {
  readonly #limits: FrameLimits;
  /** Told how many bytes more (or fewer) of an unfinished message are kept; may throw. */
  readonly #onKept: (bytes: number) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #length = 0;
  #kept = 0;
  #at = 0;
  #elements = 0;
  #levels: Level[] | undefined;

  constructor(limits: FrameLimits, onKept: (bytes: number) => void = () => undefined) {
    this.#limits = limits;
    this.#onKept = onKept;
  }

  /** The messages that are whole now. Throws BAD_INPUT for what is no message, or a larger one than is taken. */
  *push(data: Buffer): Generator<Buffer> {
    this.#append(data);
    while (this.#scan()) {
      yield this.#bytes.subarray(0, this.#at);
      this.#bytes = this.#bytes.subarray(this.#at, this.#length);
      this.#length = this.#bytes.length;
      [this.#at, this.#elements, this.#levels] = [0, 0, undefined];
    }
    this.#keep(this.#length);
  }

  /** What was kept is not needed any more. */
  drop(): void {
    [this.#bytes, this.#length] = [Buffer.alloc(0), 0];
    this.#keep(0);
  }

  #keep(bytes: number): void {
    const more = bytes - this.#kept;
    this.#kept = bytes;
    if (more !== 0) this.#onKept(more);
  }

  #append(data: Buffer): void {
    if (this.#length === 0) {
      [this.#bytes, this.#length] = [data, data.length];
      return;
    }
    const needed = this.#length + data.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#length * 2));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    data.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  /** Goes on where it stopped; true at the end of a message. */
  #scan(): boolean {
    if (this.#levels === undefined && !this.#begin()) return false;
    const levels = this.#levels ?? [];
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      if (level.types === undefined ? !this.#field(levels) : !this.#element(levels, level)) return false;
    }
    return true;
  }

  #begin(): boolean {
    if (this.#length < 2) return false;
    if (this.#bytes.readUInt16BE(0) !== VERSION) throw malformed('it does not begin with the version of the strict protocol');
    const name = this.#sizeAt(4);
    if (name === undefined || !this.#has(4 + 4 + name + 4)) return false;
    this.#at = 4 + 4 + name + 4;
    this.#levels = [{ types: undefined, left: 0 }];
    return true;
  }

  #field(levels: Level[]): boolean {
    if (!this.#has(1)) return false;
    const type = this.#bytes.readUInt8(this.#at);
    if (type === Type.STOP) {
      this.#at += 1;
      levels.pop();
      return true;
    }
    return this.#value(type, 3, levels);
  }

  #element(levels: Level[], level: Level): boolean {
    const { types = [] } = level;
    if (types.every((type) => type === Type.STRING) && !this.#texts(level)) return false;
    if (level.left === 0) {
      levels.pop();
      return true;
    }
    const type = types[types.length - 1 - ((level.left - 1) % types.length)] ?? Type.STOP;
    // Before the value: it may be a level of its own.
    level.left -= 1;
    if (this.#value(type, 0, levels)) return true;
    level.left += 1;
    return false;
  }

  /** Passes over all that are left, at once: nearly every value of an answer is a text. False where they are not all there yet. */
  #texts(level: Level): boolean {
    this.#at = this.#overTexts(level);
    for (; level.left > 0; level.left -= 1) {
      const size = this.#sizeAt(this.#at);
      if (size === undefined || !this.#pass(4 + size)) return false;
    }
    return true;
  }

  /** Behind those that certainly are whole and no longer than they may be: it looks at nothing but their lengths. */
  #overTexts(level: Level): number {
    const bytes = this.#bytes;
    const end = Math.min(this.#length, this.#limits.bytes);
    let at = this.#at;
    for (; level.left > 0 && at + 4 <= end; level.left -= 1) {
      const size = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
      if (size < 0 || at + 4 + size > end) break;
      at += 4 + size;
    }
    return at;
  }

  /** Passes over a value behind `before` bytes, or goes into it; false, and nothing is changed, where it is not there yet. */
  #value(type: number, before: number, levels: Level[]): boolean {
    const start = this.#at + before;
    switch (type) {
      case Type.STRUCT:
        if (!this.#has(before)) return false;
        return this.#enter(levels, start, { types: undefined, left: 0 });
      case Type.STRING: {
        const size = this.#sizeAt(start);
        return size !== undefined && this.#pass(before + 4 + size);
      }
      case Type.MAP:
      case Type.SET:
      case Type.LIST:
        return this.#container(type === Type.MAP ? 2 : 1, start, levels);
      default: {
        const size = SIZES[type];
        if (size === undefined) throw malformed(`a value of the type ${type}`);
        return this.#pass(before + size);
      }
    }
  }

  #container(types: 1 | 2, start: number, levels: Level[]): boolean {
    const count = this.#sizeAt(start + types);
    if (count === undefined) return false;
    this.#elements += count;
    if (this.#elements > this.#limits.elements) throw malformed(`more than ${this.#limits.elements} elements`);
    const [first, second] = [this.#bytes.readUInt8(start), this.#bytes.readUInt8(start + types - 1)];
    return this.#enter(levels, start + types + 4, { types: types === 1 ? [first] : [first, second], left: count * types });
  }

  #enter(levels: Level[], at: number, level: Level): true {
    if (levels.length >= MOST_LEVELS) throw malformed(`more than ${MOST_LEVELS} levels`);
    this.#at = at;
    levels.push(level);
    return true;
  }

  #pass(bytes: number): boolean {
    if (!this.#has(bytes)) return false;
    this.#at += bytes;
    return true;
  }

  /** Whether so many bytes are there from here on. */
  #has(bytes: number): boolean {
    const end = this.#at + bytes;
    if (end > this.#limits.bytes) throw malformed(`more than ${this.#limits.bytes} bytes`);
    return end <= this.#length;
  }

  /** The length or the count that stands there; undefined where it is not there yet. */
  #sizeAt(start: number): number | undefined {
    if (!this.#has(start + 4 - this.#at)) return undefined;
    const size = this.#bytes.readInt32BE(start);
    if (size < 0) throw malformed(`a length of ${size}`);
    return size;
  }
}

/** Finds where the elements of JSON's arrays lie in bytes, without making anything of them. What is no JSON is gone over as far as it goes: it never reads past the end. */

export const Sign = { QUOTE: 0x22, COMMA: 0x2c, OPEN: 0x5b, BACKSLASH: 0x5c, CLOSE: 0x5d, LETTER_N: 0x6e, OPEN_OBJECT: 0x7b, CLOSE_OBJECT: 0x7d } as const;
const { QUOTE, COMMA, OPEN, BACKSLASH, CLOSE, LETTER_N, OPEN_OBJECT, CLOSE_OBJECT } = Sign;

/** Where elements lie, by their number: from `starts[n]` up to, without, `ends[n]`. A text lies between its quotes; what is null or missing starts at ABSENT. */
export interface Places {
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export const ABSENT = -1;

export class JsonScan {
  /** Where the next value starts. */
  at = 0;
  /** Whether a text that was an element, of those read so far, has escapes: it does not read as it lies there. */
  hasEscapes = false;
  #bytes: Uint8Array = new Uint8Array();
  #end = 0;

  /** From here on it reads these bytes, as far as `end`. */
  read(bytes: Uint8Array, at: number, end: number): void {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
    this.hasEscapes = false;
  }

  /** The array at `at`, and behind it: its first elements, as many as `length`, get the numbers from `first` on. False where there is no array; then it goes over what there is. */
  array(places: Places, first: number, length: number): boolean {
    const isArray = this.enter();
    if (isArray) this.rest(places, first, length);
    return isArray;
  }

  /** Goes into the array at `at`. False where there is none; then it goes over what there is. */
  enter(): boolean {
    if (this.#bytes[this.at] === COMMA) this.at += 1;
    const isArray = this.#bytes[this.at] === OPEN;
    this.at = isArray ? this.at + 1 : this.#over(this.at);
    return isArray;
  }

  /** One element of the array it is in, if there is one, gets this number. */
  element({ starts, ends }: Places, place: number): void {
    const bytes = this.#bytes;
    const start = this.at;
    if (start >= this.#end || bytes[start] === CLOSE) return;
    this.at = this.#over(start);
    if (bytes[start] === LETTER_N) return;
    const quotes = bytes[start] === QUOTE ? 1 : 0;
    starts[place] = start + quotes;
    ends[place] = this.at - quotes;
  }

  /** What is left of the array it is in, as `array` has it, and behind it: the loop in which most of the time goes by, so it holds all it needs. */
  rest({ starts, ends }: Places, first: number, length: number): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = this.at;
    for (let place = first; at < end && bytes[at] !== CLOSE; place += 1) {
      if (bytes[at] === COMMA) at += 1;
      const start = at;
      at = this.#over(at);
      if (place >= first + length || bytes[start] === LETTER_N) continue;
      const quotes = bytes[start] === QUOTE ? 1 : 0;
      starts[place] = start + quotes;
      ends[place] = at - quotes;
    }
    this.at = Math.min(at + 1, end);
  }

  /** Where the text ends that starts there, behind its first quote. */
  textEnd(start: number): number {
    return this.#overText(start - 1, true) - 1;
  }

  /** Behind the value that starts there. */
  #over(from: number): number {
    const first = this.#bytes[from];
    if (first === QUOTE) return this.#overText(from, true);
    if (first === OPEN || first === OPEN_OBJECT) return this.#overNested(from);
    let at = from + 1;
    for (; at < this.#end; at += 1) {
      const byte = this.#bytes[at];
      if (byte === COMMA || byte === CLOSE) break;
    }
    return Math.min(at, this.#end);
  }

  #overText(from: number, isElement: boolean): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = from + 1;
    for (; at < end; at += 1) {
      const byte = bytes[at];
      if (byte === QUOTE) return at + 1;
      if (byte !== BACKSLASH) continue;
      if (isElement) this.hasEscapes = true;
      at += 1;
    }
    return end;
  }

  #overNested(from: number): number {
    let at = from;
    let depth = 0;
    while (at < this.#end) {
      const byte = this.#bytes[at];
      if (byte === QUOTE) {
        at = this.#overText(at, false);
        continue;
      }
      at += 1;
      if (byte === OPEN || byte === OPEN_OBJECT) depth += 1;
      else if ((byte === CLOSE || byte === CLOSE_OBJECT) && --depth === 0) return at;
    }
    return this.#end;
  }
}

/** What stands behind a backslash, and is one byte. */
const ESCAPED: ReadonlyMap<number, number> = new Map([...'"\\/bfnrt'].map((sign, index) => [sign.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]));
const [SPACE, LETTER_U] = [0x20, 0x75];

/** Puts the text of these bytes to `to`, without its escapes; where that ends. Undefined where one of them is of more than seven bits: half of a pair has no place in UTF-8. */
export function unescapeText(bytes: Uint8Array, start: number, end: number, to: number): number | undefined {
  let free = to;
  for (let at = start; at < end; free += 1) {
    const byte = bytes[at] ?? 0;
    const sign = byte === BACKSLASH ? escapedAt(bytes, at) : byte;
    if (sign === undefined) return undefined;
    bytes[free] = sign;
    at += byte === BACKSLASH ? escapeLength(bytes, at) : 1;
  }
  return free;
}

/** Puts the texts of an array with spaces between to `to`, likewise. */
export function joinTexts(bytes: Uint8Array, start: number, end: number, to: number): number | undefined {
  let free = to;
  for (let at = start; at < end; at += 1) {
    if (bytes[at] === COMMA) {
      bytes[free] = SPACE;
      free += 1;
    }
    if (bytes[at] !== QUOTE) continue;
    for (at += 1; at < end && bytes[at] !== QUOTE; free += 1) {
      const byte = bytes[at] ?? 0;
      const sign = byte === BACKSLASH ? escapedAt(bytes, at) : byte;
      if (sign === undefined) return undefined;
      bytes[free] = sign;
      at += byte === BACKSLASH ? escapeLength(bytes, at) : 1;
    }
  }
  return free;
}

/** What the backslash there and the signs behind it stand for. */
function escapedAt(bytes: Uint8Array, at: number): number | undefined {
  const sign = bytes[at + 1] ?? 0;
  const code = sign === LETTER_U ? Number.parseInt(String.fromCharCode(...bytes.subarray(at + 2, at + 6)), 16) : ESCAPED.get(sign);
  return code !== undefined && code < 0x80 ? code : undefined;
}

function escapeLength(bytes: Uint8Array, at: number): number {
  return bytes[at + 1] === LETTER_U ? 6 : 2;
}

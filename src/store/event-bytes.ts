/**
 * Events as bytes: thousands of them are handed on as text without an object or a string for each.
 * SQLite gives a page of them as one text, each as arrays of JSON behind each other: its row, its document (event-row.ts), that of its maker (maker.ts). Here is found where in it each field lies.
 * An event with a field that cannot be found there (its name is no UTF-8, it is kept whole, or it is long) is odd: it has to be read as an object.
 */
import { SCOPES, SOURCES, UNIT_TYPES, type Surroundings } from './event-row.ts';
import { ABSENT, joinTexts, JsonScan, Sign, unescapeText, type Places } from './json-scan.ts';
import { ATTRIBUTIONS } from './maker.ts';
import { damaged } from './packing.ts';

/** Bytes of an event's document or of its maker's. What has more is read alone: another sensor's event may have megabytes of arguments, and a page dozens of those. */
export const MOST_TOGETHER = 64 * 1024;

/** Its document. SQLite knows how long it is without reading it. */
export const OWN_TEXT = `CASE WHEN octet_length(document) <= ${MOST_TOGETHER} THEN document END`;

/** Its maker along with each event: mostly each has another, and to ask for it alone takes three times as long. */
export const MADE = `events LEFT JOIN (SELECT id AS made_by, document AS made FROM shared) ON made_by = maker AND octet_length(made) <= ${MOST_TOGETHER}`;

/** An event in the text of a page. One that is kept whole has no maker, and with it, as with what is too long, the first part is NULL. */
export const EVENT_TEXT = `coalesce(json_array(seq, surroundings, id, time, action, directory || '/' || name, coalesce(unit, name)) || ${OWN_TEXT} || made, json_array(seq))`;

/** The arrays, in their order; elements behind the last are not asked for. */
const ROW = ['seq', 'surroundings', 'id', 'milliseconds', 'action', 'path', 'unit'] as const;
const OWN = ['type', 'sourcePlace', 'unitTypePlace', 'scopePlace', 'fileType', 'extension', 'size', 'mode', 'fileUid', 'fileGid', 'owner', 'group', 'inode', 'mtime', 'sha256', 'target', 'ext', 'pathBytes', 'directives', 'commands'] as const;
const MAKER = ['attributionPlace'] as const;
const PROCESS = ['pid', 'processName', 'executable', 'commandLine', 'args', 'workingDirectory', 'start', 'uid', 'username', 'gid'] as const;
const PARENT = ['ppid'] as const;
const USER = ['userId', 'userName'] as const;
const SURROUNDINGS = ['auid', 'cgroup', 'container', 'ancestry'] as const;
/** What lies within others, or is one of the words. */
const FOUND = ['originalPath', 'seconds', 'directory', 'name', 'source', 'unitType', 'scope', 'attribution'] as const;

const NAMES = [...ROW, ...OWN, ...MAKER, ...PROCESS, ...PARENT, ...USER, ...SURROUNDINGS, ...FOUND] as const;

/** The number of each field in the places. */
export const Field = Object.fromEntries(NAMES.map((name, number) => [name, number])) as Record<(typeof NAMES)[number], number>;

/** Words are kept as their place in a list: all of them lie before every page. */
const ALL_WORDS = Buffer.from([SOURCES, UNIT_TYPES, SCOPES, ATTRIBUTIONS].flat().join(''));
const WORDS = [
  { kept: Field.sourcePlace, word: Field.source, places: placesOf(SOURCES) },
  { kept: Field.unitTypePlace, word: Field.unitType, places: placesOf(UNIT_TYPES) },
  { kept: Field.scopePlace, word: Field.scope, places: placesOf(SCOPES) },
  { kept: Field.attributionPlace, word: Field.attribution, places: placesOf(ATTRIBUTIONS) },
];

interface Place {
  start: number;
  end: number;
}

/** Where each of these words lies. */
function placesOf(words: readonly string[]): Place[] {
  return words.map((word) => ({ start: ALL_WORDS.indexOf(word), end: ALL_WORDS.indexOf(word) + word.length }));
}

/** The arrays within that of the maker, behind its attribution. */
const INNER = [
  { first: Field.pid, length: PROCESS.length },
  { first: Field.ppid, length: PARENT.length },
  { first: Field.userId, length: USER.length },
] as const;

const [SLASH, ZERO] = [0x2f, 0x30];
/** How `File.Ext` of a renamed file begins (event.ts). */
const ORIGINAL = Buffer.from('{"original":{"path":"');
/** Of a time in milliseconds, those behind the whole second. */
const DIGITS_OF_MS = 3;
/** Bytes that may be read behind the last field (RowBytes). */
const BEHIND = 8;

/** The fields of one event, until the next is taken. */
export interface EventBytes extends Places {
  readonly bytes: Uint8Array;
}

/** Reads one page after the other. */
export class EventPages implements EventBytes {
  readonly starts = new Int32Array(NAMES.length);
  readonly ends = new Int32Array(NAMES.length);
  readonly #surroundingsOf: (id: number) => Surroundings;
  readonly #scan = new JsonScan();
  /** All words, then the page, then what is put together for it. */
  #bytes = Buffer.from(ALL_WORDS);
  #pageBytes = 0;
  /** Where what is put together goes on. */
  #free = 0;
  /** Of the event before. */
  #known: { id: number; places: readonly Place[] | undefined } | undefined;

  constructor(surroundingsOf: (id: number) => Surroundings) {
    this.#surroundingsOf = surroundingsOf;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Each event of a page of EVENT_TEXT: its fields, or its seq where it is odd. Throws STATE where there are not as many as `count`. */
  *of(page: Uint8Array, count: number): Generator<EventBytes | number> {
    [this.#pageBytes, this.#free, this.#known] = [page.length, ALL_WORDS.length, undefined];
    this.#reserve(page.length);
    this.#bytes.set(page, ALL_WORDS.length);
    this.#free += page.length;
    const end = this.#free;
    let at = ALL_WORDS.length;
    for (let index = 0; index < count; index += 1) {
      // Anew for each: they move when a text is put behind them.
      this.#scan.read(this.#bytes, at, end);
      const isLocated = this.#locate();
      at = this.#scan.at;
      yield isLocated && this.#complete() ? this : this.#number(Field.seq);
    }
    if (at !== end) throw damaged();
  }

  /** Finds all that lies in the page. False where the event is odd. */
  #locate(): boolean {
    const scan = this.#scan;
    this.starts.fill(ABSENT);
    if (!scan.array(this, Field.seq, ROW.length) || !this.#has(Field.seq)) throw damaged();
    if (!this.#has(Field.id)) return false;
    const hasOwn = scan.array(this, Field.type, OWN.length);
    const hasMaker = scan.enter();
    if (hasMaker) {
      scan.element(this, Field.attributionPlace);
      for (const { first, length } of INNER) scan.array(this, first, length);
      scan.rest(this, 0, 0);
    }
    return hasOwn && hasMaker && !this.#has(Field.pathBytes);
  }

  /** Finds all else. False where the event is odd after all. */
  #complete(): boolean {
    if (this.#has(Field.ext) && !this.#findOriginal()) return false;
    const isJoined = this.#has(Field.commandLine) && !this.#isText(Field.commandLine);
    if (this.#scan.hasEscapes && !this.#unescape()) return false;
    for (const { kept, word, places } of WORDS) {
      const place = places[this.#number(kept)];
      if (place === undefined) return false;
      this.#set(word, place.start, place.end);
    }
    if (!this.#has(Field.uid)) this.#set(Field.uid, this.#start(Field.userId), this.#end(Field.userId));
    if (!this.#has(Field.username)) this.#set(Field.username, this.#start(Field.userName), this.#end(Field.userName));
    this.#splitPath();
    return this.#findSurroundings() && this.#findSeconds() && (!isJoined || this.#joinArguments());
  }

  #findOriginal(): boolean {
    const start = this.#start(Field.ext) + ORIGINAL.length;
    if (this.#bytes.compare(ORIGINAL, 0, ORIGINAL.length, start - ORIGINAL.length, start) !== 0) return false;
    this.#set(Field.originalPath, start, this.#scan.textEnd(start));
    return true;
  }

  /** Texts with escapes are put together anew. False where one cannot be. */
  #unescape(): boolean {
    for (let field = 0; field < NAMES.length; field += 1) {
      if (!this.#has(field) || !this.#isText(field)) continue;
      const end = unescapeText(this.#bytes, this.#start(field), this.#end(field), this.#free);
      if (end === undefined) return false;
      this.#set(field, this.#free, end);
      this.#free = end;
    }
    return true;
  }

  #splitPath(): void {
    const start = this.#start(Field.path);
    const end = this.#end(Field.path);
    let slash = end - 1;
    while (slash > start && this.#bytes[slash] !== SLASH) slash -= 1;
    this.#set(Field.directory, start, Math.max(slash, start + 1));
    this.#set(Field.name, slash + 1, end);
  }

  /** Times before 1970 are rounded the other way. */
  #findSeconds(): boolean {
    const start = this.#start(Field.milliseconds);
    const end = this.#end(Field.milliseconds) - DIGITS_OF_MS;
    this.#set(Field.seconds, start, end);
    return end > start && (this.#bytes[start] ?? 0) > ZERO;
  }

  /** The command line is kept only where it is not the arguments with spaces between. */
  #joinArguments(): boolean {
    if (!this.#has(Field.args)) return false;
    const end = joinTexts(this.#bytes, this.#start(Field.args), this.#end(Field.args), this.#free);
    if (end === undefined) return false;
    this.#set(Field.commandLine, this.#free, end);
    this.#free = end;
    return true;
  }

  /** False where they are too long to be put there for each event. */
  #findSurroundings(): boolean {
    const id = this.#number(Field.surroundings);
    if (this.#known?.id !== id) {
      const { auid, cgroup, container, ancestry } = this.#surroundingsOf(id);
      const texts = [auid, cgroup, container?.id, JSON.stringify(ancestry)];
      const isShort = texts.reduce((sum, text = '') => sum + text.length, 0) <= MOST_TOGETHER;
      this.#known = { id, places: isShort ? texts.map((text) => (text === undefined ? { start: ABSENT, end: ABSENT } : this.#put(text))) : undefined };
    }
    const { places } = this.#known;
    let field = Field.auid;
    for (const { start, end } of places ?? []) {
      this.#set(field, start, end);
      field += 1;
    }
    return places !== undefined;
  }

  #put(text: string): Place {
    this.#reserve(Buffer.byteLength(text));
    const start = this.#free;
    this.#free += this.#bytes.write(text, start);
    return { start, end: this.#free };
  }

  /** Besides, there is always room for all command lines of the page, none of which is longer than its arguments, and for who reads some bytes behind the last. */
  #reserve(bytes: number): void {
    const needed = this.#free + bytes + this.#pageBytes + BEHIND;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(needed * 2);
    this.#bytes.copy(grown, 0, 0, this.#free);
    this.#bytes = grown;
  }

  #has(field: number): boolean {
    return this.starts[field] !== ABSENT;
  }

  /** As long as it lies in the page. */
  #isText(field: number): boolean {
    return this.#bytes[this.#start(field) - 1] === Sign.QUOTE;
  }

  #start(field: number): number {
    return this.starts[field] ?? ABSENT;
  }

  #end(field: number): number {
    return this.ends[field] ?? ABSENT;
  }

  #set(field: number, start: number, end: number): void {
    this.starts[field] = start;
    this.ends[field] = end;
  }

  #number(field: number): number {
    let number = 0;
    for (let at = this.#start(field); at < this.#end(field); at += 1) number = number * 10 + (this.#bytes[at] ?? 0) - ZERO;
    return number;
  }
}

/** What many events have in common, stored once and counted: who did it, and where that process lives. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { FileEvent } from '../model/event.ts';
import { bulkInsert } from './database.ts';
import { MOST_TOGETHER } from './event-bytes.ts';
import { surroundingsOf, type Surroundings } from './event-row.ts';
import { documentOfMaker, makerOf, makerOfDocument, type Maker } from './maker.ts';
import { damaged } from './packing.ts';

export const SHARED_SCHEMA = `
  CREATE TABLE shared (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: one that is gone cannot be taken for another
    refs INTEGER NOT NULL, -- events that refer to it
    document TEXT NOT NULL -- of a maker (maker.ts), or of its surroundings
  ) STRICT;
`;

/** Rows whose content is remembered, but for long ones, and looked for again after a restart. Older ones may be stored a second time: an index over all of them would cost more than it saves. */
const REMEMBERED = 1_024;
/** And of so many characters, where they are long. */
const REMEMBERED_CHARACTERS = 4 * 1024 ** 2;

/** Parts that were read, but for long ones, kept for the next events of the same process: each in the place that its id gives it. A Map that is cleared again and again would keep its garbage alive for long. */
const READ_KEPT = 128;

/** A row that was remembered is gone: another process has pruned it. */
export class StaleReference extends Error {}

interface Part {
  id: number;
  document: string;
  /** Whether the database has it. */
  stored: boolean;
  /** Events of this batch that refer to it. */
  refs: number;
}

export interface SharedWriter {
  /** The part of the event, for objects that were seen before without looking into them: they must not change after they were appended. */
  maker(event: FileEvent): Part;
  surroundings(event: FileEvent): Part;
  /** Writes what the batch referred to, within its transaction. Throws StaleReference: forget and do the batch again. */
  flush(): void;
  /** After a rollback. */
  forget(): void;
}

export function createSharedWriter(database: DatabaseSync): SharedWriter {
  const insert = bulkInsert(database, 'shared', ['id', 'refs', 'document']);
  const addRefs = database.prepare('UPDATE shared SET refs = refs + ? WHERE id = ?');
  const newest = database.prepare('SELECT id, document FROM shared WHERE octet_length(document) <= ? ORDER BY id DESC LIMIT ?');
  const lastGiven = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'shared'");

  let recent = new Map<string, Part>();
  let older = new Map<string, Part>();
  let characters = 0;
  let isLoaded = false;
  let nextId: number | undefined;
  let touched: Part[] = [];
  let makers = new WeakMap<object, SeenMaker>();
  let places = new WeakMap<object, SeenPlace>();
  let lastMaker: SeenMaker | undefined;
  let lastPlace: SeenPlace | undefined;

  const remember = (part: Part): void => {
    if (part.document.length > MOST_TOGETHER) return;
    if (recent.size >= REMEMBERED || characters >= REMEMBERED_CHARACTERS) {
      older = recent;
      recent = new Map();
      characters = 0;
    }
    recent.set(part.document, part);
    characters += part.document.length;
  };
  const load = (): void => {
    isLoaded = true;
    for (const { id, document } of newest.all(MOST_TOGETHER, REMEMBERED).toReversed()) remember({ id: Number(id), document: String(document), stored: true, refs: 0 });
  };
  const partOf = (document: string): Part => {
    if (!isLoaded) load();
    const known = recent.get(document) ?? older.get(document);
    if (known !== undefined) return known;
    nextId ??= Number(lastGiven.get()?.['seq'] ?? 0) + 1;
    const part: Part = { id: nextId, document, stored: false, refs: 0 };
    nextId += 1;
    remember(part);
    return part;
  };
  const count = (part: Part): Part => {
    if (part.refs === 0) touched.push(part);
    part.refs += 1;
    return part;
  };

  return {
    maker(event) {
      if (lastMaker !== undefined && isMaker(lastMaker, event)) return count(lastMaker.part);
      const key = event.process;
      let seen = key === undefined ? undefined : makers.get(key);
      if (seen === undefined || !isMaker(seen, event)) {
        seen = { process: event.process, user: event.user, attribution: event.tickward.attribution, note: event.tickward.attribution_note, part: partOf(documentOfMaker(makerOf(event))) };
        if (key !== undefined) makers.set(key, seen);
      }
      lastMaker = seen;
      return count(seen.part);
    },
    surroundings(event) {
      if (lastPlace !== undefined && isPlace(lastPlace, event)) return count(lastPlace.part);
      const key = event.tickward.ancestry;
      let seen = places.get(key);
      if (seen === undefined || !isPlace(seen, event)) {
        seen = { ancestry: key, host: event.host, cgroup: event.tickward.cgroup, auid: event.tickward.auid, container: event.container, part: partOf(JSON.stringify(surroundingsOf(event))) };
        places.set(key, seen);
      }
      lastPlace = seen;
      return count(seen.part);
    },
    flush() {
      const rows: SQLInputValue[] = [];
      for (const part of touched) {
        if (!part.stored) rows.push(part.id, part.refs, part.document);
        else if (Number(addRefs.run(part.refs, part.id).changes) === 0) throw new StaleReference();
        part.stored = true;
        part.refs = 0;
      }
      insert(rows);
      touched = [];
      // Another process may give ids before our next batch.
      nextId = undefined;
    },
    forget() {
      recent = new Map();
      older = new Map();
      makers = new WeakMap();
      places = new WeakMap();
      [isLoaded, nextId, touched, lastMaker, lastPlace] = [false, undefined, [], undefined, undefined];
    },
  };
}

interface SeenMaker {
  process: FileEvent['process'];
  user: FileEvent['user'];
  attribution: string;
  note: string | undefined;
  part: Part;
}

function isMaker(seen: SeenMaker, { process, user, tickward }: FileEvent): boolean {
  return seen.process === process && seen.user === user && seen.attribution === tickward.attribution && seen.note === tickward.attribution_note;
}

interface SeenPlace {
  ancestry: FileEvent['tickward']['ancestry'];
  host: FileEvent['host'];
  cgroup: string | undefined;
  auid: string | undefined;
  container: FileEvent['container'];
  part: Part;
}

function isPlace(seen: SeenPlace, { host, container, tickward }: FileEvent): boolean {
  return seen.ancestry === tickward.ancestry && seen.host === host && seen.cgroup === tickward.cgroup && seen.auid === tickward.auid && sameContainer(seen.container, container);
}

/** Its only field is compared: the object may be a new one in each event. */
function sameContainer(a: FileEvent['container'], b: FileEvent['container']): boolean {
  return a === b || (a !== undefined && b !== undefined && a.id === b.id && Object.keys(a).length === 1 && Object.keys(b).length === 1);
}

export interface SharedReader {
  /** `document` where it was read already. */
  maker(id: number, document?: unknown): Maker;
  surroundings(id: number): Surroundings;
  /** The document of a maker, as it is stored. */
  documentOfMaker(id: number): string;
}

export function createSharedReader(database: DatabaseSync): SharedReader {
  const byId = database.prepare('SELECT document FROM shared WHERE id = ?');
  const read: { id: number; part: unknown }[] = Array.from({ length: READ_KEPT }, () => ({ id: -1, part: undefined }));
  const documentOf = (id: number): string => {
    const document = byId.get(id)?.['document'];
    if (typeof document !== 'string') throw damaged();
    return document;
  };
  const find = <Content>(id: number, parse: (document: string) => Content, document?: unknown): Content => {
    const place = read[id % READ_KEPT];
    if (place?.id === id) return place.part as Content;
    const found = typeof document === 'string' ? document : documentOf(id);
    const part = parse(found);
    if (place !== undefined && found.length <= MOST_TOGETHER) [place.id, place.part] = [id, part];
    return part;
  };
  let asText = { id: -1, document: '' };
  return {
    maker: (id, document) => find(id, makerOfDocument, document),
    surroundings: (id) => find(id, (document) => JSON.parse(document) as Surroundings),
    documentOfMaker(id) {
      if (asText.id !== id) asText = { id, document: documentOf(id) };
      return asText.document;
    },
  };
}

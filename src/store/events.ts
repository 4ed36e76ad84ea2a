/** Events as they were seen: appended in batches, found by time, id, path, action and unit. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { KnownEntry } from '../model/baseline.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { Alerts } from './alerts.ts';
import type { StoredBaseline } from './baseline.ts';
import { createBundles, type Bundles } from './bundles.ts';
import { bulkInsert, explained, isConflict, transaction } from './database.ts';
import { cutPath, type EventFilter } from './event-filter.ts';
import type { EventBytes } from './event-bytes.ts';
import type { EventParts } from './event-parts.ts';
import { createEventReader, type Selection } from './event-reader.ts';
import { EVENT_COLUMNS } from './event-shapes.ts';
import { ownOf, timeOf } from './event-row.ts';
import { createPrune, type Retention } from './prune.ts';
import type { Readers } from './readers.ts';
import { createSharedWriter, StaleReference } from './shared.ts';
import { createSpans, lastOf, SPAN_BITS, spanOf } from './spans.ts';

export type { EventBytes, EventFilter, EventParts, Selection };

export interface Events {
  /**
   * When it returns, the events survive kill -9, and with them, in one transaction, what is known of the directories and the alerts.
   * An event whose id is stored already is left as it is. Objects that several events share are looked into once: they must not change afterwards.
   */
  append(events: readonly FileEvent[], known?: readonly KnownEntry[], alerts?: readonly Alert[]): void;
  /** The same for events whose ids were never given before, which only who makes them can know: many take half the room and less than half the time. */
  appendNew: Events['append'];
  /** Oldest first, read a span at a time: memory stays small however many there are, and a reader that pauses holds nothing up but the retention. Events may share objects: they are not to be changed. */
  list(filter?: EventFilter): Generator<FileEvent>;
  /** The same, taken apart, for who has to say how many there are before the last was read. */
  select(filter?: EventFilter): Selection;
  /** The same as bytes, for who hands many on as text: it takes a third of the time. Few, and odd ones, come taken apart. */
  selectBytes(filter?: EventFilter): Selection<EventBytes | EventParts>;
  get(id: string): FileEvent | undefined;
  count(): number;
  /** Deletes what is too old or too many, for some 10 ms; gives the number deleted. Call again until it is 0. Deletes nothing while a list is being read, here or in another process. */
  prune(retention: Retention, now: number): number;
}

export const EVENTS_SCHEMA = `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- ms since the epoch
    action TEXT NOT NULL,
    directory TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT, -- NULL: the name
    maker INTEGER, -- shared.id; NULL with surroundings: the document is the whole event
    surroundings INTEGER,
    document TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_name ON events (seq >> ${SPAN_BITS}, name);
  CREATE INDEX events_by_unit ON events (seq >> ${SPAN_BITS}, unit) WHERE unit IS NOT NULL;
`;

export function createEvents(database: DatabaseSync, path: string, alerts: Alerts, baseline: StoredBaseline, readers: Readers): Events {
  const insert = bulkInsert(database, 'events', EVENT_COLUMNS);
  const last = database.prepare('SELECT max(seq) AS seq FROM events');
  const shared = createSharedWriter(database);
  const spans = createSpans(database);
  const bundles = createBundles(database);
  const prune = createPrune(database, spans, bundles, readers);
  const reader = createEventReader(database, path, spans, bundles, readers);
  const isThere = database.prepare('SELECT 1 FROM events WHERE id = ?');

  /** In rows of their own. */
  const writeRows = (first: number, events: readonly FileEvent[], times: readonly number[]): void => {
    const values: SQLInputValue[] = [];
    events.forEach((event, index) => {
      const time = times[index] ?? 0;
      const document = ownOf(event, time);
      const { directory, name } = document === undefined ? cutPath(event.file.path) : event.file;
      const { unit } = event.tickward;
      values.push(first + index, event.event.id, time, event.event.action, directory, name, unit === name ? null : unit);
      if (document === undefined) values.push(null, null, JSON.stringify(event));
      else values.push(shared.maker(event).id, shared.surroundings(event).id, document);
    });
    insert(values);
  };

  const write = (given: readonly FileEvent[], known: readonly KnownEntry[], found: readonly Alert[], areNew: boolean): void =>
    transaction(database, () => {
      const events = areNew ? given : notIn(bundles, given);
      const first = Math.max(Number(last.get()?.['seq'] ?? 0), bundles.last()) + 1;
      const times = events.map((event) => timeOf(event['@timestamp']));
      for (let at = 0; at < events.length; ) {
        const end = Math.min(events.length, lastOf(spanOf(first + at)) + 1 - first);
        const batch = [first + at, events.slice(at, end), times.slice(at, end)] as const;
        if (!areNew || !bundles.append(...batch, shared)) writeRows(...batch);
        at = end;
      }
      shared.flush();
      spans.grew(first, times);
      baseline.record(known);
      alerts.append(found);
    });

  const fresh = (events: readonly FileEvent[]): FileEvent[] => {
    const ids = new Set<string>();
    return events.filter(({ event: { id } }) => !ids.has(id) && ids.add(id).size > 0 && isThere.get(id) === undefined);
  };

  const append =
    (areNew: boolean): Events['append'] =>
    (events, known = [], found = []) => {
      if (events.length + known.length + found.length === 0) return;
      explained(path, `${events.length} event(s)`, () => {
        try {
          write(events, known, found, areNew);
        } catch (error) {
          shared.forget();
          if (!isConflict(error) && !(error instanceof StaleReference)) throw error;
          write(fresh(events), known, found, areNew);
        }
      });
    };

  return {
    append: append(false),
    appendNew: append(true),
    list: (filter = {}) => reader.list(filter),
    select: (filter = {}) => reader.select(filter),
    selectBytes: (filter = {}) => reader.selectBytes(filter),
    get: (id) => explained(path, 'events', () => reader.get(id)),
    count: () => explained(path, 'events', () => spans.count()),
    prune: (retention, now) => explained(path, 'the retention of events', () => prune(retention, now)),
  };
}

/** Those whose ids no bundle has. The same event has the same time. */
function notIn(bundles: Bundles, events: readonly FileEvent[]): readonly FileEvent[] {
  let [since, until] = [Infinity, -Infinity];
  for (const event of events) {
    const time = timeOf(event['@timestamp']);
    [since, until] = [Math.min(since, time), Math.max(until, time)];
  }
  const ids = bundles.holding(events.map(({ event }) => event.id), since, until);
  return ids.size === 0 ? events : events.filter(({ event: { id } }) => !ids.has(id));
}

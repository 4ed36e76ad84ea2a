/** Many new events are kept in bundles: nobody who reads, removes or appends notices. */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';
import { partsOfWhole } from '../../src/store/event-parts.ts';
import { ownOf } from '../../src/store/event-row.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { arbitraryEvents } from '../helpers/arbitrary-event.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

const FOREVER = { maxAgeMs: 1e15, maxCount: 1e9 };
const START = 1_700_000_000_000;

/** As the sensor gives many: of a few processes, in the order of their times. */
function storm(count: number, from = 0): FileEvent[] {
  const [one, other] = [fileEvent(), fileEvent({ executable: '/usr/bin/tar' })];
  return Array.from({ length: count }, (_, index) => {
    const n = from + index;
    const event = fileEvent({ id: `id-${n}`, path: `/etc/systemd/system/n${n}.timer`, time: new Date(START + n).toISOString() });
    const { process, user } = n % 3 === 0 ? one : other;
    return { ...event, ...(process === undefined ? {} : { process }), ...(user === undefined ? {} : { user }) };
  });
}

function raw(store: Store, sql: string): Record<string, unknown>[] {
  const database = new DatabaseSync(join(store.directory, 'events.db'));
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

function counted(store: Store): { rows: unknown; bundles: unknown } {
  return { ...raw(store, 'SELECT (SELECT count(*) FROM events) AS rows, (SELECT count(*) FROM bundles) AS bundles')[0] } as { rows: unknown; bundles: unknown };
}

/** Of each shared part: how many events say that they refer to it. */
function isCountedRight(store: Store): boolean {
  const refs = new Map<number, number>();
  const add = (id: unknown): void => void refs.set(Number(id), (refs.get(Number(id)) ?? 0) + 1);
  for (const { maker, surroundings } of raw(store, 'SELECT maker, surroundings FROM events WHERE maker IS NOT NULL')) [maker, surroundings].forEach(add);
  for (const { first, last, document } of raw(store, 'SELECT first, last, document FROM bundles')) {
    const columns = JSON.parse(String(document)) as unknown[][];
    for (let place = 0; place <= Number(last) - Number(first); place += 1) for (const column of [columns[6], columns[7]]) add(column?.length === 1 ? column[0] : column?.[place]);
  }
  const stored = raw(store, 'SELECT id, refs FROM shared').map(({ id, refs: count }) => [Number(id), Number(count)]);
  return JSON.stringify(stored.toSorted()) === JSON.stringify([...refs].toSorted());
}

test('many new events are one bundle a span, few are rows, and what may be stored already is rows', () => {
  const store = openStore(temporaryDirectory());
  store.events.appendNew(storm(63));
  expect(counted(store)).toEqual({ rows: 63, bundles: 0 });
  store.events.appendNew(storm(64, 63));
  expect(counted(store)).toEqual({ rows: 63, bundles: 1 });
  store.events.appendNew(storm(2_000, 127));
  // Spans end before 1,024 and 2,048.
  expect(raw(store, 'SELECT first, last FROM bundles ORDER BY last').map(Object.values)).toEqual([[64, 127], [128, 1_023], [1_024, 2_047], [2_048, 2_127]]);
  store.events.append(storm(500, 2_127));
  expect(counted(store)).toEqual({ rows: 563, bundles: 4 });
  expect([...store.events.list()]).toEqual(storm(2_627));
  expect(store.events.count()).toBe(2_627);
  expect(isCountedRight(store)).toBe(true);
});

test('every event comes back from a bundle as it was, in this process and the next; one that would not is no part of one', () => {
  fc.assert(
    fc.property(arbitraryEvents, fc.integer({ min: 64, max: 90 }), (list, least) => {
      fc.pre(list.length > 0);
      const many = Array.from({ length: least }, (_, n) => list.map((event) => ({ ...event, event: { ...event.event, id: `${event.event.id} ${n}` } }))).flat().slice(0, least);
      const before = structuredClone(many);
      const store = openStore(temporaryDirectory());
      store.events.appendNew(many);
      const fit = many.every((event) => ownOf(event, Date.parse(event['@timestamp'])) !== undefined);
      expect(counted(store)).toEqual(fit ? { rows: 0, bundles: 1 } : { rows: least, bundles: 0 });
      expect([...store.events.select()]).toEqual(before.map(partsOfWhole));
      expect(isCountedRight(store)).toBe(true);
      store.close();
      const again = openStore(store.directory);
      expect([...again.events.list()]).toEqual(before);
      for (const event of before.slice(-list.length)) expect(again.events.get(event.event.id)).toEqual(event);
      again.close();
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['its command line', (event: FileEvent): FileEvent => ({ ...event, process: { pid: 1, command_line: 'x'.repeat(9_000) } })],
  ['the command line of its parent', (event: FileEvent): FileEvent => ({ ...event, process: { pid: 1, parent: { pid: 2, command_line: 'x'.repeat(9_000) } } })],
  ['what its unit says', (event: FileEvent): FileEvent => ({ ...event, tickward: { ...event.tickward, directives: ['x'.repeat(5_000)], commands: ['y'.repeat(5_000)] } })],
])('an event of which %s is long is kept in a row, with those that came with it', (_, lengthen) => {
  const store = openStore(temporaryDirectory());
  const all = storm(100).map((event, n) => (n === 50 ? lengthen(event) : event));
  store.events.appendNew(all);
  expect(counted(store)).toEqual({ rows: 100, bundles: 0 });
  expect([...store.events.list()]).toEqual(all);
  expect(isCountedRight(store)).toBe(true);
});

test('an event that a bundle has is not stored again, in rows beside others that are new', () => {
  const store = openStore(temporaryDirectory());
  store.events.appendNew(storm(300));
  store.events.append([...storm(10, 295), ...storm(5)]);
  expect([...store.events.list()]).toEqual(storm(305));
  store.events.append(storm(305));
  expect(store.events.count()).toBe(305);
});

test('of events in bundles and rows exactly the oldest are removed that are too many or too old, and nothing is left of them', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 63 }), fc.integer({ min: 64, max: 1_300 })), { minLength: 1, maxLength: 5 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean(), (counts, share, byAge) => {
      const store = openStore(temporaryDirectory());
      let stored = 0;
      for (const count of counts) {
        store.events.appendNew(storm(count, stored));
        stored += count;
      }
      const kept = Math.floor(stored * share);
      const gone = stored - kept;
      const removeAll = (retention: typeof FOREVER, now: number): number => {
        let sum = 0;
        for (let removed = Infinity; removed > 0; sum += removed) removed = store.events.prune(retention, now);
        return sum;
      };
      expect(byAge ? removeAll({ ...FOREVER, maxAgeMs: 1_000 }, START + gone + 1_000) : removeAll({ ...FOREVER, maxCount: kept }, START)).toBe(gone);
      expect(Array.from(store.events.list(), ({ event }) => event.id)).toEqual(storm(kept, gone).map(({ event }) => event.id));
      expect(store.events.count()).toBe(kept);
      expect(isCountedRight(store)).toBe(true);
      // What is left of a bundle is still found.
      expect(Array.from(store.events.list({ paths: [`/etc/systemd/system/n${gone}.timer`] }), ({ event }) => event.id)).toEqual(kept > 0 ? [`id-${gone}`] : []);
      removeAll({ ...FOREVER, maxCount: 0 }, START);
      expect(raw(store, 'SELECT (SELECT count(*) FROM shared) + (SELECT count(*) FROM spans) + (SELECT count(*) FROM events) + (SELECT count(*) FROM bundles) AS n')).toEqual([{ n: 0 }]);
      store.events.appendNew(storm(70, stored));
      expect(store.events.count()).toBe(70);
      store.close();
    }),
    { numRuns: 60 },
  );
});

test('a bundle that is shortened while it is read gives what was not read yet', () => {
  const store = openStore(temporaryDirectory());
  const other = openStore(store.directory);
  store.events.appendNew(storm(400));
  const reading = store.events.list();
  expect(reading.next().value).toEqual(storm(1)[0]);
  // Only one who does not wait for readers any more does this.
  expect(other.events.prune({ ...FOREVER, maxCount: 100 }, START)).toBe(0);
  expect(other.events.prune({ ...FOREVER, maxCount: 100 }, START + 3_600_001)).toBe(300);
  const rest = [...reading].map(({ event }) => event.id);
  expect(rest.slice(-100)).toEqual(storm(100, 300).map(({ event }) => event.id));
});

test.each(['', '[]', '{}', '[[1],[2]]', `[${Array.from({ length: 29 }, () => '[1,2]').join()}]`, 'not JSON'])('a bundle that reads %j is an error, and no answer without it', (document) => {
  const store = openStore(temporaryDirectory());
  store.events.appendNew(storm(100));
  const database = new DatabaseSync(join(store.directory, 'events.db'));
  database.prepare('UPDATE bundles SET document = ?').run(document);
  database.close();
  for (const read of [() => [...store.events.list()], () => [...store.events.selectBytes()], () => [...store.events.list({ ids: ['id-1'] })], () => store.events.get('id-1')]) expect(read).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining('damaged') }));
});

test.each(["x''", "x'00'", 'zeroblob(1188)', 'zeroblob(1212)'])('a bundle whose marks are %s is an error for who looks for one of its events', (marks) => {
  const store = openStore(temporaryDirectory());
  store.events.appendNew(storm(100));
  const database = new DatabaseSync(join(store.directory, 'events.db'));
  database.exec(`UPDATE bundles SET marks = ${marks}`);
  database.close();
  for (const read of [() => [...store.events.list({ ids: ['id-1'] })], () => store.events.get('id-1'), () => store.events.append(storm(1)), () => store.events.prune({ ...FOREVER, maxCount: 50 }, START)]) expect(read).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining('damaged') }));
  expect([...store.events.list()]).toEqual(storm(100));
});

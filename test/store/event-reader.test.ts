/** Events are found by every filter, alone and with others, and read a page at a time whatever else happens meanwhile. */
import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';
import { seqsOf } from '../../src/store/event-filter.ts';
import type { EventFilter } from '../../src/store/events.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

/** How many come at a time, and whether they are new: many new ones are kept in bundles. */
const BATCHES: [kept: string, batches: readonly [count: number, areNew: boolean][]][] = [
  ['in rows', [[230, false]]],
  ['in bundles', [[230, true]]],
  ['in both, between each other', [[230, true], [3, true], [70, false], [64, true], [1_100, true]]],
];

function appendIn(batches: (typeof BATCHES)[number][1], { events }: Store, all: readonly FileEvent[]): void {
  for (let at = 0, turn = 0; at < all.length; turn += 1) {
    const [count, areNew] = batches[turn % batches.length] ?? [1, false];
    events[areNew ? 'appendNew' : 'append'](all.slice(at, at + count));
    at += count;
  }
}

test.each(BATCHES)('every filter, alone and with others and a limit, finds what a look at all events finds, kept %s', (_kept, batches) => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const { events } = store;
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`);
  const all: FileEvent[] = Array.from({ length: 3_000 }, (_, n) => {
    const folder = n % 3 === 0 ? '/etc/systemd/system' : '/run/systemd/system';
    const event = fileEvent({ id: `id${String(n).padStart(5, '0')}`, path: `${folder}/${names[(n * 7) % names.length]}.timer`, action: n % 5 === 0 ? 'deletion' : 'creation', time: new Date(1_700_000_000_000 + n * 10 + (n % 7) * 300).toISOString() });
    return n % 4 === 0 ? { ...event, tickward: { ...event.tickward, unit: 'n3.timer' } } : event;
  });
  appendIn(batches, store, all);
  // Sometimes among so many that are not there that they are handed over otherwise.
  const some = (values: string[]): fc.Arbitrary<string[]> => fc.tuple(fc.subarray(values, { maxLength: 3 }), fc.constantFrom(0, 0, 300)).map(([chosen, more]) => [...chosen, ...Array.from({ length: more }, (_, n) => `none-${n}`)]);
  const filters: fc.Arbitrary<EventFilter> = fc.record(
    {
      since: fc.integer({ min: 1_699_999_999_000, max: 1_700_000_035_000 }),
      until: fc.integer({ min: 1_699_999_999_000, max: 1_700_000_035_000 }),
      ids: some([...all.slice(0, 20), ...all.slice(-20)].map(({ event }) => event.id)),
      paths: some([...names.map((name) => `/etc/systemd/system/${name}.timer`), '/nowhere']),
      actions: some(['creation', 'deletion', 'rename']),
      units: some(names.map((name) => `${name}.timer`)),
      limit: fc.integer({ min: 0, max: 1_200 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(filters, (filter) => {
      const { since = 0, until = Infinity, ids, paths, actions, units, limit = Infinity } = filter;
      const expected = all.filter((event) => {
        const time = Date.parse(event['@timestamp']);
        return time >= since && time <= until && (ids?.includes(event.event.id) ?? true) && (paths?.includes(event.file.path) ?? true) && (actions?.includes(event.event.action) ?? true) && (units?.includes(event.tickward.unit) ?? true);
      });
      const selection = events.select(filter);
      const found = [...selection];
      expect(selection.count()).toBe(found.length);
      expect(found.map(({ id }) => id)).toEqual(expected.slice(limit === 0 ? expected.length : -Math.min(limit, expected.length)).map(({ event }) => event.id));
    }),
    { numRuns: 200 },
  );
});

test.each(BATCHES)('the newest so many are found across spans, of all and of each kind, kept %s', (_kept, batches) => {
  const store = openStore(temporaryDirectory());
  const { events } = store;
  const all = Array.from({ length: 2_500 }, (_, n) => fileEvent({ id: `id${n}`, path: `/etc/systemd/system/n${n % 50}.timer`, action: n % 5 === 0 ? 'deletion' : 'creation', time: new Date(1_700_000_000_000 + n).toISOString() }));
  appendIn(batches, store, all);
  const deletions = all.filter(({ event }) => event.action === 'deletion');
  const named = all.filter(({ file }) => file.name === 'n7.timer');
  for (const [filter, fitting] of [[{}, all], [{ since: 1_700_000_000_500 }, all.slice(500)], [{ until: 1_700_000_001_499 }, all.slice(0, 1_500)], [{ actions: ['deletion'] }, deletions], [{ paths: ['/etc/systemd/system/n7.timer'] }, named], [{ units: ['n7.timer'], until: 1_700_000_001_499 }, named.slice(0, 30)]] as const) {
    const wrong = [1, 90, 300, 476, 477, 1_500, 2_499, 9_999].filter((limit) => [...events.list({ ...filter, limit })].map(({ event }) => event.id).join() !== fitting.slice(-limit).map(({ event }) => event.id).join());
    expect({ filter, wrong }).toEqual({ filter, wrong: [] });
  }
});

test('more values than SQLite has variables are looked for, and found a page at a time', () => {
  const { events } = openStore(temporaryDirectory());
  const all = Array.from({ length: 3_000 }, (_, n) => fileEvent({ id: `id${n}`, path: `/etc/systemd/system/n${n}.timer` }));
  events.append(all);
  const among = <Value>(of: (n: number) => Value): Value[] => Array.from({ length: 70_000 }, (_, n) => of(n * 2));
  const even = all.filter((_, n) => n % 2 === 0);
  for (const filter of [{ ids: among((n) => `id${n}`) }, { paths: among((n) => `/etc/systemd/system/n${n}.timer`) }, { units: among((n) => `n${n}.timer`) }, { ids: among((n) => `id${n}`), paths: among((n) => `/etc/systemd/system/n${n}.timer`) }, { actions: ['creation', ...among((n) => `none-${n}`)], paths: [0, 1_400, 2_998].map((n) => `/etc/systemd/system/n${n}.timer`) }]) {
    const selection = events.select(filter);
    const found = [...selection].map(({ id }) => id);
    expect(found).toEqual('actions' in filter ? ['id0', 'id1400', 'id2998'] : even.map(({ event }) => event.id));
    expect(selection.count()).toBe(found.length);
  }
  expect(Array.from(events.list({ ids: among((n) => `id${n}`), limit: 100 }), ({ event }) => event.id)).toEqual(even.slice(-100).map(({ event }) => event.id));
});

test('a list tells what was there when it began, and is not lengthened by what comes', () => {
  const { events } = openStore(temporaryDirectory());
  const append = (count: number): void => events.append(Array.from({ length: count }, () => fileEvent()));
  append(1_500);
  const list = events.list();
  list.next();
  append(1_500);
  expect([...list]).toHaveLength(1_499);
});

test('a selection knows how many it gives while it is read, whatever is appended', () => {
  const { events } = openStore(temporaryDirectory());
  const append = (count: number): void => events.append(Array.from({ length: count }, () => fileEvent()));
  append(1_500);
  const selection = events.select();
  const reading = selection[Symbol.iterator]();
  reading.next();
  append(700);
  expect(selection.count()).toBe(1_500);
  expect([...reading]).toHaveLength(1_499);
});

test('the log of the database stays small while a reader pauses, and the reader still gets all', () => {
  const directory = temporaryDirectory();
  const [writer, reader] = [openStore(directory), openStore(directory)];
  const append = (): void => writer.events.append(Array.from({ length: 1_000 }, () => fileEvent()));
  for (let n = 0; n < 3; n += 1) append();
  const list = reader.events.list();
  list.next();
  for (let n = 0; n < 60; n += 1) append();
  // SQLite starts the log anew after 1,000 pages of 4 KB, unless somebody reads an old state.
  expect(statSync(join(directory, 'events.db-wal')).size).toBeLessThan(8_000_000);
  expect([...list]).toHaveLength(2_999);
});

test.each([{ paths: ['/etc/systemd/system/a.timer'] }, { paths: ['/a/b', '/a/c'], since: 5 }, { units: ['a.timer'] }, { units: ['a.timer', 'b.timer'], until: 5, actions: ['creation'] }, { ids: ['a', 'b'] }])('to find %j no event is looked at that has another name', (filter) => {
  const directory = temporaryDirectory();
  openStore(directory).close();
  const database = new DatabaseSync(join(directory, 'events.db'));
  const { sql, values } = seqsOf(filter);
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(0, Number.MAX_SAFE_INTEGER, ...values).map((row) => String(row['detail']));
  database.close();
  const looks = plan.filter((detail) => detail.includes(' events '));
  expect(looks.length).toBeGreaterThan(0);
  for (const look of looks) expect(look).toMatch(/^SEARCH events .*(name|unit|id)=\?/);
});

test.each([{ ids: [] }, { units: [] }, { paths: [] }, { paths: [], units: ['evil.timer'] }, { paths: ['/etc/systemd/system/evil.timer'], units: [] }, { paths: ['/etc/systemd/system/evil.timer'], actions: [] }, { units: ['evil.timer'], actions: [] }, { ids: [], units: ['evil.timer'] }])('what is none of nothing is not found: %j', (filter) => {
  const { events } = openStore(temporaryDirectory());
  events.append([fileEvent()]);
  expect([...events.list(filter)]).toEqual([]);
});

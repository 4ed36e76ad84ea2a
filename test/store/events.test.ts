/** That events come back as they were, however they are kept. */
import { truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { partsOfWhole } from '../../src/store/event-parts.ts';
import { ownOf } from '../../src/store/event-row.ts';
import { arbitraryEvents } from '../helpers/arbitrary-event.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

function opened(directory = temporaryDirectory()): Store & { raw: (sql: string) => Record<string, unknown>[] } {
  const store = openStore(directory);
  return {
    ...store,
    raw(sql) {
      const database = new DatabaseSync(join(directory, 'events.db'));
      try {
        return database.prepare(sql).all();
      } finally {
        database.close();
      }
    },
  };
}

/** All that may be kept from an earlier example. */
const EVERYTHING = { maxAgeMs: 1e15, maxCount: 0 };

function empty({ events }: Store): void {
  while (events.prune(EVERYTHING, Date.now()) > 0);
}

test('every event comes back exactly as it was, from the list and by its id, in this process and the next', () => {
  const directory = temporaryDirectory();
  fc.assert(
    fc.property(arbitraryEvents, (list) => {
      const store = openStore(directory);
      empty(store);
      const before = structuredClone(list);
      store.events.append(list.slice(0, 3));
      store.events.append(list.slice(3));
      expect([...store.events.list()]).toEqual(before);
      store.close();
      const again = openStore(directory);
      expect([...again.events.list()]).toEqual(before);
      for (const event of before) expect(again.events.get(event.event.id)).toEqual(event);
      again.close();
    }),
    { numRuns: 150 },
  );
});

test('events that share some objects and not others come back as they were, one by one and together', () => {
  const bare = fileEvent();
  const base: FileEvent = { ...bare, process: { pid: 7 }, user: { id: '0' }, container: { id: 'c' }, tickward: { ...bare.tickward, attribution: 'proc', attribution_note: 'n', auid: '1', cgroup: '/a' } };
  const { attribution_note: _note, ...unnoted } = base.tickward;
  const { user: _user, ...unowned } = base;
  const { container: _container, ...outside } = base;
  const of = (changes: Partial<FileEvent['tickward']>): FileEvent => ({ ...base, tickward: { ...base.tickward, ...changes } });
  const others = [{ ...base, user: { id: '1' } }, unowned, { ...base, process: { pid: 8 } }, of({ attribution: 'exact' }), of({ attribution_note: 'm' }), { ...base, tickward: unnoted }, of({ auid: '2' }), of({ cgroup: '/b' }), of({ ancestry: [{ pid: 1 }] }), { ...base, host: { ...base.host, name: 'other' } }, outside, { ...base, container: { id: 'd' } }, { ...base, container: { id: 'c', name: 'x' } }, { ...base, container: { id: 'c' } }];
  const all = others.flatMap((other) => [base, other]).map((event, n): FileEvent => ({ ...event, event: { ...event.event, id: `e${n}` } }));
  for (const batches of [[all], all.map((event) => [event])]) {
    const { events } = opened();
    for (const batch of batches) events.append(batch);
    expect([...events.list()]).toEqual(all);
  }
});

test('an event of which the path is not its directory and its name, or that has more than usual, is kept whole; one that has all that the sensor says is not', () => {
  const usual = fileEvent();
  const placed = (path: string, directory: string, name: string): FileEvent => ({ ...usual, file: { ...usual.file, path, directory, name } });
  const odd = [placed('/a/b/x', '/a', 'x'), placed('/a/bx', '/a', 'x'), placed('/a/b/x', '/a', 'b/x'), placed('/a.x', '/a', 'x'), placed('/b/x', '/a', 'x'), placed('/a/y', '/a', 'x'), placed('x', '', 'x'), { ...usual, file: { ...usual.file, hash: { sha256: 'a', md5: 'b' } } }, { ...usual, event: { ...usual.event, more: 1 } }, { ...usual, more: 1 }, { ...usual, tickward: { ...usual.tickward, more: 1 } }, { ...usual, file: { ...usual.file, more: 1 } }];
  const whole: FileEvent = { ...usual, file: { ...usual.file, type: 'file', extension: 'timer', size: 1, mode: '0644', uid: '0', gid: '0', owner: 'root', group: 'root', inode: '1', mtime: usual['@timestamp'], hash: { sha256: 'a' }, target_path: 't', Ext: { original: { path: '/a/y', name: 'y' } } }, process: { pid: 1 }, user: { id: '0' }, container: { id: 'c' }, tickward: { ...usual.tickward, attribution_note: 'n', auid: '0', cgroup: '/', path_bytes: 'AA==', directives: ['d'], commands: ['c'], content_cut: true } };
  expect([...odd, whole].map((event) => ownOf(event, Date.parse(event['@timestamp'])) === undefined)).toEqual([...odd.map(() => true), false]);
});

test('nothing of what events have in common is left when they are gone', () => {
  const store = opened();
  fc.assert(
    fc.property(arbitraryEvents, fc.nat(12), (list, kept) => {
      empty(store);
      store.events.append(list);
      store.events.append(list);
      store.events.prune({ ...EVERYTHING, maxCount: kept }, Date.now());
      expect([...store.events.list()]).toEqual(list.slice(Math.max(0, list.length - kept)));
      expect(store.raw('SELECT id FROM shared WHERE refs != (SELECT count(*) FROM events WHERE maker = shared.id) + (SELECT count(*) FROM events WHERE surroundings = shared.id) OR refs <= 0')).toEqual([]);
      empty(store);
      expect(store.raw('SELECT (SELECT count(*) FROM shared) + (SELECT count(*) FROM spans) + (SELECT count(*) FROM events) AS n')).toEqual([{ n: 0 }]);
    }),
    { numRuns: 60 },
  );
});

test('what events have in common is kept once, also after a restart and when the objects are others', () => {
  const directory = temporaryDirectory();
  const base = fileEvent();
  for (let n = 0; n < 3; n += 1) {
    const store = openStore(directory);
    store.events.append([1, 2].map((part) => ({ ...structuredClone(base), event: { ...base.event, id: `e${n}-${part}` } })));
    store.close();
  }
  expect(opened(directory).raw('SELECT refs FROM shared')).toEqual([{ refs: 6 }, { refs: 6 }]);
});

test('what was common long ago is not remembered, or memory had no end: it is kept a second time', () => {
  const { events, raw } = opened();
  const by = (pids: readonly number[]): void => events.append(pids.map((pid) => ({ ...fileEvent(), process: { pid } })));
  const others = (from: number): number[] => Array.from({ length: 1_100 }, (_, n) => from + n);
  const kept = (): number => raw("SELECT id FROM shared WHERE document LIKE '[_,[1]%'").length;
  by([1, ...others(100)]);
  by([1]);
  expect(kept()).toBe(1);
  for (const from of [2_000, 4_000, 6_000]) by(others(from));
  by([1]);
  expect(kept()).toBe(2);
});

test('an event of the sensor takes a tenth of what it took as a document', () => {
  const store = opened();
  const base = fileEvent();
  const ancestry = Array.from({ length: 8 }, (_, index) => ({ pid: index + 1, name: 'sh', executable: '/usr/bin/dash', command_line: 'sh -c something or other that is long' }));
  const events = Array.from({ length: 500 }, (_, n) => ({ ...base, event: { ...base.event, id: `e${n}` }, tickward: { ...base.tickward, ancestry } }));
  store.events.append(events);
  const [row] = store.raw('SELECT avg(length(document)) AS own, (SELECT count(*) FROM shared) AS parts FROM events');
  expect(row).toMatchObject({ parts: 2 });
  expect(Number(row?.['own'])).toBeLessThan(JSON.stringify(events[0]).length / 10);
});

test('a part that another process pruned meanwhile is stored anew', () => {
  const directory = temporaryDirectory();
  const [one, other] = [openStore(directory), openStore(directory)];
  const event = fileEvent();
  one.events.append([event]);
  empty(other);
  const next = { ...event, event: { ...event.event, id: 'next' } };
  one.events.append([next]);
  expect([...other.events.list()]).toEqual([next]);
});

test('a store that has numbered more events than 32 bits tell takes more, finds and removes them', () => {
  const { events, raw } = opened();
  const [first, ...more] = Array.from({ length: 4 }, (_, n) => fileEvent({ path: `/etc/systemd/system/n${n}.timer` }));
  events.append([first!]);
  const last = 2 ** 31 - 2;
  raw(`UPDATE events SET seq = ${last}`);
  raw(`UPDATE spans SET span = ${last} >> 10`);
  events.append(more);
  expect([...events.list()]).toEqual([first, ...more]);
  expect([...events.list({ paths: [more[2]!.file.path] })]).toEqual([more[2]]);
  expect(events.count()).toBe(4);
  expect(events.prune({ maxAgeMs: 1e12, maxCount: 1 }, Date.now())).toBe(3);
  expect([...events.list()]).toEqual([more[2]]);
});

test('an event taken apart is the same whether it is kept whole or not', () => {
  fc.assert(
    fc.property(arbitraryEvents, (list) => {
      const { events } = openStore(temporaryDirectory());
      events.append(list);
      expect([...events.select()]).toEqual([...events.list()].map(partsOfWhole));
    }),
    { numRuns: 30 },
  );
});

test('an event takes no more fields than it has of the rare ones', () => {
  const plain = fileEvent();
  const linked: FileEvent = { ...plain, file: { ...plain.file, target_path: '/tmp/x' } };
  const read: FileEvent = { ...plain, tickward: { ...plain.tickward, commands: ['/tmp/x'] } };
  const lengths = [plain, linked, read].map((event) => (JSON.parse(ownOf(event, Date.parse(event['@timestamp'])) ?? '[]') as unknown[]).length);
  expect(lengths).toEqual([15, 18, 21]);
});

const LAYOUT_1 = `
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- ms since the epoch
    action TEXT NOT NULL,
    path TEXT NOT NULL,
    unit TEXT NOT NULL,
    document TEXT NOT NULL -- ECS, JSON
  ) STRICT;
  CREATE INDEX events_by_time ON events (time);
  CREATE INDEX events_by_path ON events (path);
  CREATE INDEX events_by_unit ON events (unit);
  CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    time INTEGER NOT NULL, -- ms since the epoch
    rule_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    path TEXT NOT NULL,
    status TEXT NOT NULL,
    document TEXT NOT NULL,
    UNIQUE (rule_id, event_id)
  ) STRICT;
  CREATE INDEX alerts_by_time ON alerts (time);
  PRAGMA user_version = 1;
`;

test('a store of 0.1.0 is taken over: its events are found as before, beside new ones', () => {
  const directory = temporaryDirectory();
  const raw = new DatabaseSync(join(directory, 'events.db'));
  raw.exec(`${LAYOUT_1} BEGIN`);
  const old = Array.from({ length: 2_500 }, (_, n) => fileEvent({ path: `/etc/systemd/system/old${n}.timer.d/x.conf`, time: new Date(1_700_000_000_000 + n * 1_000).toISOString() })).map((event, n) => ({ ...event, tickward: { ...event.tickward, unit: `old${n}.timer` } }));
  const insert = raw.prepare('INSERT INTO events (id, time, action, path, unit, document) VALUES (?, ?, ?, ?, ?, ?)');
  for (const event of old) insert.run(event.event.id, Date.parse(event['@timestamp']), event.event.action, event.file.path, event.tickward.unit, JSON.stringify(event));
  raw.exec('COMMIT');
  raw.close();
  const { events } = openStore(directory);
  const young = fileEvent();
  events.append([young]);
  expect([...events.list()]).toEqual([...old, young]);
  expect(events.count()).toBe(2_501);
  expect([...events.list({ paths: ['/etc/systemd/system/old7.timer.d/x.conf'] })]).toEqual([old[7]]);
  expect([...events.list({ units: ['old8.timer'], limit: 1 })]).toEqual([old[8]]);
  expect([...events.list({ since: 1_700_000_000_000, until: 1_700_000_001_000 })]).toEqual(old.slice(0, 2));
  expect(events.get(old[3]?.event.id ?? '')).toEqual(old[3]);
  while (events.prune({ maxAgeMs: 1e15, maxCount: 2 }, Date.now()) > 0);
  expect([...events.list()]).toEqual([old[2_499], young]);
});

test('nothing is removed while another process reads, unless it does not come to an end', () => {
  const directory = temporaryDirectory();
  const [keeper, reader] = [openStore(directory).events, openStore(directory).events];
  keeper.append(Array.from({ length: 10 }, () => fileEvent()));
  const list = reader.list();
  list.next();
  const now = Date.now();
  const retention = { maxAgeMs: 1e12, maxCount: 4 };
  expect(keeper.prune(retention, now)).toBe(0);
  expect(keeper.prune(retention, now + 3_500_000)).toBe(0);
  expect(keeper.prune(retention, now + 3_700_000)).toBe(6);
  expect([...list]).toHaveLength(9);
  expect(keeper.prune({ ...retention, maxCount: 2 }, now)).toBe(2);
});

test('a list that could not begin holds nothing up afterwards, and is read when it can be', () => {
  const directory = temporaryDirectory();
  const { events } = openStore(directory);
  events.append([fileEvent(), fileEvent()]);
  const lock = join(directory, 'readers.lock');
  writeFileSync(lock, 'no lock of ours, and too long to be taken for an empty one'.repeat(10));
  expect(() => [...events.list()]).toThrow('not a database');
  expect(() => [...events.list()]).toThrow('not a database');
  truncateSync(lock);
  expect([...events.list()]).toHaveLength(2);
  expect(events.prune({ maxAgeMs: 1e12, maxCount: 1 }, Date.now())).toBe(1);
});

test('a removal is done in bits, from the oldest on, and the room is used again', () => {
  const { events, raw } = opened();
  const fill = (): void => {
    for (let n = 0; n < 12; n += 1) events.append(Array.from({ length: 1_000 }, () => fileEvent()));
  };
  fill();
  const size = (): number => Number(raw('PRAGMA page_count')[0]?.['page_count']);
  const before = size();
  let steps = 0;
  while (events.prune({ maxAgeMs: 1e12, maxCount: 100 }, Date.now()) > 0) steps += 1;
  expect(steps).toBeGreaterThan(1);
  expect(events.count()).toBe(100);
  fill();
  expect(size()).toBeLessThan(before * 1.3);
});

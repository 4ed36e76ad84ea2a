import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, snapshot, transaction, type Layout } from '../../src/store/database.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { openSensorLock } from '../../src/store/lock.ts';
import { createRecorder } from '../../src/store/recorder.ts';
import { defaultStateDirectory } from '../../src/store/state-directory.ts';
import { alertOf } from '../helpers/alerts.ts';
import { destroyTable } from '../helpers/damage.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';

const STORE = new URL('../../src/store/index.ts', import.meta.url).pathname;
const LOCK = new URL('../../src/store/lock.ts', import.meta.url).pathname;

test('events come back oldest first and are found by time, id, path, action and unit', () => {
  const { events } = openStore(temporaryDirectory());
  const old = fileEvent({ time: '2026-01-01T00:00:00.000Z', path: '/etc/systemd/system/a.timer' });
  const young = fileEvent({ time: '2026-02-01T00:00:00.000Z', path: '/etc/systemd/system/b.timer', action: 'deletion' });
  events.append([old, young]);
  const ids = (filter: Parameters<typeof events.list>[0]): string[] => [...events.list(filter)].map((event) => event.event.id);
  expect(ids({})).toEqual([old.event.id, young.event.id]);
  expect(ids({ since: Date.parse('2026-01-15') })).toEqual([young.event.id]);
  expect(ids({ until: Date.parse('2026-01-15') })).toEqual([old.event.id]);
  expect(ids({ ids: [young.event.id, 'no'] })).toEqual([young.event.id]);
  expect(ids({ paths: ['/etc/systemd/system/a.timer'] })).toEqual([old.event.id]);
  expect(ids({ actions: ['deletion'] })).toEqual([young.event.id]);
  expect(ids({ units: ['a.timer'] })).toEqual([old.event.id]);
  expect(ids({ limit: 1 })).toEqual([young.event.id]);
  expect(events.get(old.event.id)).toEqual(old);
});

test('an event that is stored already is not stored twice', () => {
  const { events } = openStore(temporaryDirectory());
  const event = fileEvent();
  events.append([event]);
  events.append([event]);
  expect(events.count()).toBe(1);
});

test('every event that was acknowledged is there after kill -9', async () => {
  const directory = temporaryDirectory();
  const program = `
    import { openStore } from ${JSON.stringify(STORE)};
    const { events } = openStore(${JSON.stringify(directory)});
    const base = ${JSON.stringify(fileEvent())};
    // What the pipe does not take at once leaves only between two turns.
    for (let n = 0; ; n++) { events.append([{ ...base, event: { ...base.event, id: 'e' + n } }]); process.stdout.write(n + '\\n'); await new Promise(setImmediate); }`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.length > 2_000) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const acknowledged = output.split('\n').filter((line, index, lines) => index < lines.length - 1 && line !== '').length;
  expect(acknowledged).toBeGreaterThan(100);
  const { events } = openStore(directory);
  for (let n = 0; n < acknowledged; n += 1) expect(events.get(`e${n}`), `event ${n}`).toBeDefined();
});

test('retention removes by age and by count, and never while a list is being read', () => {
  const { events } = openStore(temporaryDirectory());
  const now = Date.parse('2026-06-01T00:00:00Z');
  events.append([fileEvent({ time: '2026-01-01T00:00:00.000Z' }), ...Array.from({ length: 5 }, (_, n) => fileEvent({ time: new Date(now - 5_000 + n).toISOString() }))]);
  const reading = events.list();
  reading.next();
  expect(events.prune({ maxAgeMs: 86_400_000, maxCount: 3 }, now)).toBe(0);
  reading.return(undefined);
  expect(events.prune({ maxAgeMs: 86_400_000, maxCount: 3 }, now)).toBe(3);
  expect(events.count()).toBe(3);
});

test('one event gives one alert a rule, and the status of an alert can change', () => {
  const { alerts } = openStore(temporaryDirectory());
  const alert = { id: 'a1', '@timestamp': new Date().toISOString(), status: 'open' as const, rule: { id: 'r', name: 'n', version: 1, severity: 'low', risk_score: 21, threat: { tactic: 'TA0003', technique: ['T1053.006'] } }, event: fileEvent() };
  expect(alerts.append([alert])).toEqual([alert]);
  expect(alerts.append([{ ...alert, id: 'a2' }])).toEqual([]);
  alerts.setStatus('a1', { time: new Date().toISOString(), status: 'closed', by: 'someone', reason: 'known' });
  expect(alerts.get('a1')?.status).toBe('closed');
  expect([...alerts.list({ statuses: ['open'] })]).toEqual([]);
});

test('the journal chains its entries and shows the first one that was changed', () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  store.journal.append({ run: 'r1', kind: 'run-started', data: { playbook: 'p' } });
  store.journal.append({ run: 'r1', step: 's', kind: 'change', data: { what: 'x' } });
  store.journal.append({ run: 'r1', kind: 'run-finished', data: {} });
  expect(store.journal.verify()).toMatchObject({ intact: true, entries: 3 });
  expect(store.journal.runs()).toMatchObject([{ run: 'r1', data: { playbook: 'p' } }]);
  store.close();
  const raw = new DatabaseSync(join(directory, 'journal.db'));
  expect(() => raw.exec("UPDATE entries SET data = '{}' WHERE seq = 2")).toThrow('append-only');
  expect(() => raw.exec('DELETE FROM entries')).toThrow('append-only');
  raw.exec(`DROP TRIGGER entries_stay_as_they_are; UPDATE entries SET data = '{"what":"y"}' WHERE seq = 2`);
  raw.close();
  expect(openStore(directory).journal.verify()).toMatchObject({ intact: false, broken_at: 2 });
});

test('two processes append to one journal without breaking the chain', async () => {
  const directory = temporaryDirectory();
  openStore(directory).close();
  const program = (run: string): string => `import { openStore } from ${JSON.stringify(STORE)}; const { journal } = openStore(${JSON.stringify(directory)}); for (let n = 0; n < 50; n++) journal.append({ run: '${run}', kind: 'change', data: { n } });`;
  await Promise.all(['a', 'b'].map((run) => once(spawn(process.execPath, ['--input-type=module-typescript', '-e', program(run)], { stdio: 'inherit' }), 'close')));
  expect(openStore(directory).journal.verify()).toMatchObject({ intact: true, entries: 100 });
});

test('a state directory that others can write is refused, untouched', () => {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o777);
  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining('written by others') }));
  expect(existsSync(join(directory, 'events.db'))).toBe(false);
});

test('a state directory that is a link or a file is refused', () => {
  const directory = temporaryDirectory();
  symlinkSync(directory, join(directory, 'link'));
  writeFileSync(join(directory, 'file'), '');
  expect(() => openStore(join(directory, 'link'))).toThrow('is a link');
  expect(() => openStore(join(directory, 'file'))).toThrow(expect.objectContaining({ code: 'STATE' }));
});

test('a state directory of another user is refused', () => {
  const directory = temporaryDirectory();
  expect(() => openStore(directory, (process.getuid?.() ?? 0) + 1)).toThrow('belongs to uid');
});

test('a state directory that others could read is closed to them', () => {
  const directory = join(temporaryDirectory(), 'state');
  mkdirSync(directory, { mode: 0o755 });
  openStore(directory);
  expect(execFileSync('stat', ['-c', '%a', directory]).toString()).toBe('700\n');
});

test('a store from a newer version is refused and left as it is', () => {
  const directory = temporaryDirectory();
  openStore(directory).close();
  const raw = new DatabaseSync(join(directory, 'events.db'));
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining('newer Tickward') }));
});

test('a store that a newer version takes over while it is opened is refused too', () => {
  const path = join(temporaryDirectory(), 'events.db');
  const newer = new DatabaseSync(path);
  const versionOf = (): unknown => newer.prepare('PRAGMA user_version').get()?.['user_version'];
  const layout: Layout = {
    what: 'events',
    version: 2,
    migrations: ['CREATE TABLE one (a)', 'CREATE TABLE two (a)'],
    // Asked for once the version was read, and before the lock is taken.
    get synchronous(): 'NORMAL' {
      newer.exec('PRAGMA user_version = 3');
      return 'NORMAL';
    },
  };
  expect(() => openDatabase(path, layout)).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining('newer Tickward (layout 3') }));
  expect(versionOf()).toBe(3);
  newer.close();
});

test.each([['read', snapshot], ['written', transaction]] as const)('what a failing disk says while a store is %s is what is told', (_, together) => {
  const database = openDatabase(join(temporaryDirectory(), 'events.db'), { what: 'events', version: 0, migrations: [], synchronous: 'NORMAL' });
  const failing = (): never => {
    // SQLite does so itself then.
    database.exec('ROLLBACK');
    throw new Error('disk I/O error');
  };
  expect(() => together(database, failing)).toThrow('disk I/O error');
  expect(together(database, () => database.prepare('SELECT 1 AS one').get()?.['one'])).toBe(1);
  database.close();
});

test('a damaged store says so and what to do', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'events.db'), 'this is no database at all '.repeat(100));
  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining('damaged') }));
});

test.each<[string, string, (store: Store) => unknown]>([
  ['events.db', 'events', ({ events }) => [...events.list()]],
  ['events.db', 'events', ({ events }) => [...events.list({ ids: ['e'] })]],
  ['events.db', 'events', ({ events }) => [...events.selectBytes()]],
  ['events.db', 'events', ({ events }) => events.get('e')],
  ['events.db', 'shared', ({ events }) => [...events.list()]],
  ['events.db', 'shared', ({ events }) => [...events.selectBytes()]],
  ['events.db', 'spans', ({ events }) => events.count()],
  ['events.db', 'alerts', ({ alerts }) => [...alerts.list()]],
  ['events.db', 'alerts', ({ alerts }) => alerts.get('e-1')],
  ['events.db', 'alerts', ({ alerts }) => alerts.after(0)],
  ['events.db', 'alert_history', ({ alerts }) => alerts.history('e-1')],
  ['events.db', 'exceptions', ({ exceptions }) => exceptions.all()],
  ['journal.db', 'entries', ({ journal }) => journal.runs()],
  ['journal.db', 'entries', ({ journal }) => journal.entries('r')],
  ['journal.db', 'entries', ({ journal }) => journal.verify()],
])('who reads a damaged %s, its %s, is told which file and what to do: %s', (file, table, read) => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const event = fileEvent({ id: 'e' });
  store.events.append([event], [], [{ ...alertOf(), id: 'e-1', event }]);
  store.alerts.setStatus('e-1', { time: event['@timestamp'], status: 'closed', by: 'someone' });
  store.journal.append({ run: 'r', kind: 'run-started', data: {} });
  store.close();
  destroyTable(join(directory, file), table);
  const damaged = openStore(directory);
  expect(() => read(damaged)).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining(`${file} is damaged`), hint: expect.stringContaining('move it away') }));
  damaged.close();
});

test('so is who reads an alert whose text is another one, which SQLite does not notice', () => {
  const directory = temporaryDirectory();
  const { alerts, events } = openStore(directory);
  alerts.append([alertOf()]);
  events.append([fileEvent({ id: 'e' })]);
  using raw = new DatabaseSync(join(directory, 'events.db'));
  raw.exec("UPDATE alerts SET document = substr(document, 2); UPDATE events SET document = substr(document, 2)");
  for (const read of [() => [...alerts.list()], () => [...events.list()]]) expect(read).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining('events.db is damaged') }));
});

test('the lock of the sensor is free as soon as its holder was killed', async () => {
  const directory = temporaryDirectory();
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', `import { openSensorLock } from ${JSON.stringify(LOCK)}; globalThis.lock = openSensorLock(${JSON.stringify(directory)}).acquire(); console.log('held'); setInterval(() => {}, 1000);`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const file = openSensorLock(directory);
  onTestFinished(() => file.close());
  expect(file.acquire()).toBeUndefined();
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(file.acquire()).toBeDefined();
});

test('events that a full disk refuses wait in memory and are stored when there is room', () => {
  const notices: string[] = [];
  const { events } = openStore(temporaryDirectory());
  let full = true;
  const recorder = createRecorder({ appendNew: (batch) => { if (full) throw new Error('the disk is full'); events.append(batch); } }, (notice) => notices.push(notice.message));
  recorder.record([fileEvent()]);
  expect([recorder.waiting, events.count()]).toEqual([1, 0]);
  full = false;
  recorder.record([fileEvent()]);
  expect([recorder.waiting, events.count()]).toEqual([0, 2]);
  expect(notices).toEqual(['events are kept in memory for now: the disk is full', '2 event(s) that waited in memory are stored now']);
  expect(recorder.close()).toBe(0);
});

test.each([
  [0, {}, '/var/lib/tickward'],
  [1000, { HOME: '/home/a' }, '/home/a/.local/state/tickward'],
  [1000, { HOME: '/home/a', XDG_STATE_HOME: '/x' }, '/x/tickward'],
  [1000, { HOME: '/home/a', XDG_STATE_HOME: 'relative' }, '/home/a/.local/state/tickward'],
])('the state directory of uid %s with %j is %s', (uid, environment, directory) => {
  expect(defaultStateDirectory(uid, environment)).toBe(directory);
});

test.skipIf(noMounts !== undefined)(`a full disk is said plainly and what was stored stays (${noMounts ?? 'on a small tmpfs'})`, () => {
  const program = `
    import { openStore } from ${JSON.stringify(STORE)};
    const store = openStore('/mnt/state');
    const base = ${JSON.stringify(fileEvent())};
    let stored = 0;
    try { for (;; stored++) store.events.append([{ ...base, event: { ...base.event, id: 'e' + stored }, padding: 'x'.repeat(20000) }]); }
    catch (error) { console.log(JSON.stringify({ code: error.code, message: error.message, kept: store.events.count() === stored })); }`;
  expect(printedAmongMounts('mount -t tmpfs -o size=1m tmpfs /mnt', program)).toEqual({ code: 'STATE', message: expect.stringContaining('the disk is full'), kept: true });
});

test('several that open a store that is not there yet, and close it, at the same moment, all have it', async () => {
  const all = 3;
  const answers: unknown[] = [];
  const arrived = new Int32Array(new SharedArrayBuffer(4));
  const threads = Array.from({ length: all }, () => new Worker(new URL('../helpers/open-there.ts', import.meta.url), { workerData: { arrived, all } }));
  for (let round = 0; round < 30; round += 1) {
    const directory = temporaryDirectory();
    answers.push(...(await Promise.all(threads.map(async (thread) => {
      thread.postMessage(directory);
      return (await once(thread, 'message'))[0] as unknown;
    }))));
  }
  await Promise.all(threads.map((thread) => thread.terminate()));
  expect(answers).toEqual(Array.from({ length: 30 * all }, () => 'opened'));
});

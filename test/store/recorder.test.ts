/** What waits for a failing disk stays together: events, what is known because of them, and their alerts. */
import { expect, test } from 'vitest';
import type { KnownEntry } from '../../src/model/baseline.ts';
import type { Alert, FileEvent } from '../../src/model/event.ts';
import { openStore } from '../../src/store/index.ts';
import { createRecorder } from '../../src/store/recorder.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { plainly } from '../helpers/known.ts';

function alertOf(event: FileEvent): Alert {
  return { id: `a-${event.event.id}`, '@timestamp': event['@timestamp'], status: 'open', rule: { id: 'r', name: 'n', version: 1, severity: 'low', risk_score: 21, threat: { tactic: 'TA0003', technique: ['T1053.006'] } }, event };
}

function known(name: string, inode: bigint): KnownEntry {
  return { folder: '/u', name, signature: { inode, changed: 1n } };
}

test('all that waited is stored in order when there is room again', () => {
  const store = openStore(temporaryDirectory());
  let isFull = true;
  const recorder = createRecorder({ appendNew: (...batch) => { if (isFull) throw new Error('the disk is full'); store.events.appendNew(...batch); } }, () => undefined);
  const events = [fileEvent(), fileEvent(), fileEvent()];
  recorder.record([], [{ folder: '/u', present: true }]);
  for (const [index, event] of events.entries()) recorder.record([event], [known('a', BigInt(index))], [alertOf(event)]);
  expect(store.baseline.read()).toBeUndefined();
  isFull = false;
  recorder.record([], [known('b', 9n)]);
  expect(recorder.waiting).toBe(0);
  expect([...store.events.list()]).toEqual(events);
  expect([...store.alerts.list()]).toEqual(events.map(alertOf));
  expect(plainly(store.baseline.read())).toEqual(new Map([['/u', new Map([['a', { inode: 2n, changed: 1n }], ['b', { inode: 9n, changed: 1n }]])]]));
});

test('a disk that has room for some takes some, and the rest waits with what belongs to it', () => {
  const store = openStore(temporaryDirectory());
  let room = 0;
  const recorder = createRecorder({ appendNew: (...batch) => { if (room <= 0) throw new Error('the disk is full'); room -= batch[0].length; store.events.appendNew(...batch); } }, () => undefined);
  for (let n = 0; n < 1_200; n += 1) recorder.record([fileEvent()], [known(String(n), BigInt(n))]);
  room = 500;
  recorder.record([fileEvent()], [known('last', 1n)]);
  expect(recorder.waiting).toBe(701);
  expect(store.events.count()).toBe(500);
  expect([...(store.baseline.read()?.get('/u')?.names() ?? [])]).toEqual(Array.from({ length: 500 }, (_, n) => String(n)));
});

test('what is lost at last is lost with what was known because of it, so that the next start finds it', () => {
  const store = openStore(temporaryDirectory());
  store.events.append([], [{ folder: '/u', present: true }]);
  const notices: string[] = [];
  let isFull = true;
  const recorder = createRecorder({ appendNew: (...batch) => { if (isFull) throw new Error('the disk is full'); store.events.appendNew(...batch); } }, ({ message }) => notices.push(message));
  const base = fileEvent();
  const batch = (from: number): FileEvent[] => Array.from({ length: 1_000 }, (_, n) => ({ ...base, event: { ...base.event, id: `e${from + n}` } }));
  for (let n = 0; n < 22; n += 1) recorder.record(batch(n * 1_000), [known(`batch${n}`, 1n)]);
  expect(recorder.waiting).toBe(20_000);
  isFull = false;
  expect(recorder.close()).toBe(0);
  expect([...(store.baseline.read()?.get('/u')?.names() ?? [])]).toEqual(Array.from({ length: 20 }, (_, n) => `batch${n + 2}`));
  expect(notices).toContain('1000 event(s) are lost: the store has not taken any for too long');
});

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { StatusChange } from '../../src/model/event.ts';
import type { AlertException } from '../../src/model/exception.ts';
import { ALERTS_1, type AlertFilter } from '../../src/store/alerts.ts';
import { openStore } from '../../src/store/index.ts';
import { EVENTS_1 } from '../../src/store/layouts.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

const change = (status: StatusChange['status'], by: string): StatusChange => ({ time: '2026-06-01T00:00:00.000Z', status, by, ...(status === 'closed' ? { reason: 'a backup job' } : {}) });

const exception = (id: string): AlertException => ({ id, rule: null, tests: [{ field: 'user.name', operator: 'exact', values: ['root'] }], reason: 'r', author: 'alice', created: '2026-01-01T00:00:00.000Z', expires: null, alert: 'a' });

test('a status changes with who, when and why; what it is already is no change', () => {
  const { alerts } = openStore(temporaryDirectory());
  const alert = alertOf();
  alerts.append([alert]);
  expect([change('acknowledged', 'alice'), change('acknowledged', 'bob'), change('closed', 'alice'), change('open', 'bob')].map((each) => alerts.setStatus(alert.id, each))).toEqual([true, false, true, true]);
  expect(alerts.get(alert.id)?.status).toBe('open');
  expect(alerts.history(alert.id)).toEqual([change('acknowledged', 'alice'), change('closed', 'alice'), change('open', 'bob')]);
  expect(alerts.setStatus('no', change('closed', 'x'))).toBe(false);
});

test('what an exception covers is kept, found when asked for, and passed over by who follows', () => {
  const { alerts } = openStore(temporaryDirectory());
  const [shown, suppressed] = [alertOf(), alertOf({ suppressed_by: 'e1' })];
  alerts.append([shown, suppressed]);
  const ids = (filter: Parameters<typeof alerts.list>[0]): string[] => [...alerts.list(filter)].map(({ id }) => id);
  expect([ids({}), ids({ suppressed: false }), ids({ suppressed: true })]).toEqual([[shown.id, suppressed.id], [shown.id], [suppressed.id]]);
  expect(alerts.after(0)).toEqual({ alerts: [shown], seq: 2 });
  expect(alerts.after(2)).toEqual({ alerts: [], seq: 2 });
  expect(alerts.get(suppressed.id)).toEqual(suppressed);
});

test('an exception that another process adds or removes is there at the next look, and is the same list otherwise', () => {
  const directory = temporaryDirectory();
  const [{ exceptions }, { exceptions: other }] = [openStore(directory), openStore(directory)];
  expect(exceptions.all()).toEqual([]);
  other.add(exception('e1'));
  const first = exceptions.all();
  expect([first, exceptions.all() === first]).toEqual([[exception('e1')], true]);
  const removed = { time: '2026-02-01T00:00:00.000Z', by: 'bob' };
  expect([other.remove('e1', removed), other.remove('e1', removed), other.remove('e2', removed)]).toEqual([true, false, false]);
  expect(exceptions.all()).toEqual([{ ...exception('e1'), removed }]);
  expect(exceptions.get('e1')).toEqual({ ...exception('e1'), removed });
});

test('alerts of an earlier layout are taken over as open to decisions and covered by nothing', () => {
  const directory = temporaryDirectory();
  const alert = alertOf();
  const raw = new DatabaseSync(join(directory, 'events.db'));
  raw.exec(`${EVENTS_1} ${ALERTS_1} PRAGMA user_version = 1`);
  raw.prepare('INSERT INTO alerts (id, time, rule_id, event_id, path, status, document) VALUES (?, ?, ?, ?, ?, ?, ?)').run(alert.id, Date.parse(alert['@timestamp']), alert.rule.id, alert.event.event.id, alert.event.file.path, 'open', JSON.stringify(alert));
  raw.close();
  const { alerts } = openStore(directory);
  expect([...alerts.list({ suppressed: false })]).toEqual([alert]);
  expect(alerts.setStatus(alert.id, change('closed', 'alice'))).toBe(true);
  expect(alerts.history(alert.id)).toHaveLength(1);
});

test('alerts are found by what is asked, a page at a time, the newest so many', () => {
  const { alerts } = openStore(temporaryDirectory());
  expect([alerts.last(), [...alerts.list({ limit: 3 })]]).toEqual([0, []]);
  const time = (n: number): number => 1_700_000_000_000 + n * 1_000;
  const all = Array.from({ length: 50 }, (_, n) => alertOf({ '@timestamp': new Date(time(n)).toISOString(), event: fileEvent({ id: `e${n}`, path: n % 2 === 0 ? '/a' : '/b' }), rule: { ...alertOf().rule, id: `r${n % 3}` } }));
  alerts.append(all);
  const numbers = (filter: AlertFilter): number[] => Array.from(alerts.list(filter), ({ id }) => all.findIndex((alert) => alert.id === id));
  const upTo = (end: number): number[] => Array.from({ length: end }, (_, n) => n);
  for (const limit of [0, 1, 15, 16, 17, 33, 50, 51]) expect([limit, numbers({ limit })]).toEqual([limit, upTo(50).slice(Math.max(0, 50 - limit))]);
  expect(numbers({})).toEqual(upTo(50));
  expect(numbers({ since: time(10), until: time(12) })).toEqual([10, 11, 12]);
  expect(numbers({ paths: ['/a'], rules: ['r0', 'r1'], since: time(20), until: time(40), limit: 3 })).toEqual([34, 36, 40]);
  expect(numbers({ events: ['e3', 'e40', 'none'] })).toEqual([3, 40]);
  expect(numbers({ events: [] })).toEqual([]);
  expect([alerts.last(), alerts.after(48).alerts.length]).toEqual([50, 2]);
});

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { StatusChange } from '../../src/model/event.ts';
import type { AlertException } from '../../src/model/exception.ts';
import { ALERTS_1 } from '../../src/store/alerts.ts';
import { openStore } from '../../src/store/index.ts';
import { EVENTS_1 } from '../../src/store/layouts.ts';
import { alertOf } from '../helpers/alerts.ts';
import { temporaryDirectory } from '../helpers/events.ts';

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

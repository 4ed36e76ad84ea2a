import { expect, test } from 'vitest';
import type { Alert, FileEvent } from '../../src/model/event.ts';
import { MOST_IDS, relatedTo } from '../../src/rule/related.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent } from '../helpers/events.ts';

const counts = (alert: Alert, others: Alert[]): Record<string, number> => Object.fromEntries(relatedTo(alert, others).map(({ relation, count }) => [relation, count]));

function by(changes: Parameters<typeof fileEvent>[0], host = 'host'): Alert {
  const event = fileEvent(changes);
  return alertOf({ event: { ...event, host: { ...event.host, name: host } } });
}

test('each relation counts the others that share its value, never the alert itself', () => {
  const alert = by({ path: '/a.timer', executable: '/bin/x', user: 'eve' });
  const others = [alert, by({ path: '/a.timer', executable: '/bin/y', user: 'eve' }), by({ path: '/b.timer', executable: '/bin/x', user: 'bob' }, 'other')];
  expect(counts(alert, others)).toEqual({ user: 1, host: 1, program: 1, path: 1 });
  expect(relatedTo(alert, others).find(({ relation }) => relation === 'program')).toEqual({ relation: 'program', value: '/bin/x', count: 1, ids: [others[2]?.id] });
});

test('a relation of which the alert has no value is left out', () => {
  const { process: _process, user: _user, ...event }: FileEvent = fileEvent();
  expect(Object.keys(counts(alertOf({ event }), []))).toEqual(['host', 'path']);
});

test('of very many the newest are named and all are counted', () => {
  const others = Array.from({ length: MOST_IDS + 50 }, () => by({ path: '/a.timer' }));
  const path = relatedTo(by({ path: '/a.timer' }), others).find(({ relation }) => relation === 'path');
  expect([path?.count, path?.ids.length, path?.ids[0]]).toEqual([MOST_IDS + 50, MOST_IDS, others.at(-1)?.id]);
});

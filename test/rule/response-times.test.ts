import { expect, test } from 'vitest';
import type { Alert, StatusChange } from '../../src/model/event.ts';
import { responseTimes } from '../../src/rule/response-times.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent } from '../helpers/events.ts';

const START = Date.parse('2026-06-01T00:00:00Z');
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString();

/** An event at the start and its alert so many seconds later. */
function alertAfter(seconds: number, changes: Partial<Alert> = {}): Alert {
  return alertOf({ event: fileEvent({ time: at(0) }), '@timestamp': at(seconds), ...changes });
}

const closedAt = (...seconds: number[]): StatusChange[] => seconds.map((second) => ({ time: at(second), status: 'closed', by: 'alice', reason: 'r' }));

test('the time to detect is from the event to the alert: median and 90th percentile, a rule at a time and all together', () => {
  const other = { ...alertOf().rule, id: 'other', name: 'Other' };
  const alerts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((seconds) => alertAfter(seconds));
  const [first, second, all] = responseTimes([...alerts, alertAfter(0.25, { rule: other })], () => []);
  expect(first).toMatchObject({ rule: { id: 'rule' }, alerts: 11, mttd: { count: 11, median_s: 6, p90_s: 10 }, mttr: { count: 0, median_s: null, p90_s: null } });
  expect(second).toMatchObject({ rule: { id: 'other', name: 'Other' }, mttd: { count: 1, median_s: 0.25, p90_s: 0.25 } });
  expect(all).toMatchObject({ rule: null, alerts: 12, mttd: { count: 12, median_s: 5.5 } });
});

test('the time to respond counts alerts that are closed, to the last time they were', () => {
  const [closed, reopened, open] = [alertAfter(10, { status: 'closed' }), alertAfter(10), alertAfter(10)];
  const histories = new Map([[closed.id, closedAt(20, 70)], [reopened.id, [...closedAt(20), { time: at(30), status: 'open' as const, by: 'bob' }]]]);
  const [times] = responseTimes([closed, reopened, open], (id) => histories.get(id) ?? []);
  expect(times?.mttr).toEqual({ count: 1, median_s: 60, p90_s: 60 });
});

test('what an exception covers counts apart, and a clock that was set back makes no negative time', () => {
  const [times] = responseTimes([alertAfter(-5), alertAfter(500, { suppressed_by: 'e' })], () => []);
  expect(times).toMatchObject({ alerts: 1, suppressed: 1, mttd: { count: 1, median_s: 0 } });
});

test('without alerts there are no times', () => {
  expect(responseTimes([], () => [])).toEqual([{ rule: null, alerts: 0, suppressed: 0, mttd: { count: 0, median_s: null, p90_s: null }, mttr: { count: 0, median_s: null, p90_s: null } }]);
});

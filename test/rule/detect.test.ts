import { expect, test } from 'vitest';
import { createDetector, type Detector, type Suppression } from '../../src/rule/detect.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { loadRule, type Rule } from '../../src/rule/load.ts';
import { fileEvent } from '../helpers/events.ts';
import { alertOf } from '../helpers/alerts.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const MINUTE = 60_000;

const rule = (id: string, from: string): Rule => loadRule(`[rule]\nrule_id = "${id}"\nname = "${id}"\ndescription = "d"\nseverity = "low"\nrisk_score = 1\ntype = "eql"\nquery = "any where true"\nfrom = "now-${from}"\ninterval = "5m"\nmax_signals = 2\n`);

const before = (ms: number): string => new Date(NOW - ms).toISOString();
const rules = (alerts: ReturnType<Detector['judge']>): string[] => alerts.map((alert) => alert.rule.id);

test('a stored event alerts only by the rules that look back so far; one that comes now by all', () => {
  const detector = createDetector([rule('short', '9m'), rule('long', '2h')]);
  const event = fileEvent({ time: before(10 * MINUTE) });
  expect(rules(detector.judgeStored(event, NOW))).toEqual(['long']);
  expect(rules(detector.judge(event, NOW))).toEqual(['short']);
  expect(rules(detector.judgeStored(fileEvent({ time: before(3 * 60 * MINUTE) }), NOW))).toEqual([]);
  expect(detector.lookBackMs).toBe(120 * MINUTE);
});

test('what alerted before the start does not alert again, however long ago', () => {
  const detector = createDetector([rule('r', '2h')]);
  const event = fileEvent({ time: before(60 * MINUTE) });
  detector.remember({ ...alertOf({ event, '@timestamp': before(60 * MINUTE) }), rule: { ...alertOf().rule, id: 'r' } });
  expect(detector.judgeStored(event, NOW)).toEqual([]);
  expect(detector.judge(event, NOW)).toEqual([]);
  expect(rules(detector.judge(fileEvent(), NOW))).toEqual(['r']);
});

test('alerts that were given before the start count in their interval, so that a restart gives no more of them', () => {
  const detector = createDetector([rule('r', '9m')]);
  for (const minutes of [4, 3]) detector.remember({ ...alertOf({ '@timestamp': before(minutes * MINUTE) }), rule: { ...alertOf().rule, id: 'r' } });
  expect([detector.judge(fileEvent(), NOW).length, detector.suppressed]).toEqual([0, 1]);
  expect(detector.judge(fileEvent(), NOW + MINUTE)).toHaveLength(1);
});

test('alerts before the start that an exception covered take no place of others, and those of a rule that is gone none at all', () => {
  const detector = createDetector([rule('r', '9m')]);
  for (const id of ['r', 'r', 'gone', 'gone']) detector.remember({ ...alertOf({ '@timestamp': before(MINUTE), ...(id === 'r' ? { suppressed_by: 'e1' } : {}) }), rule: { ...alertOf().rule, id } });
  expect([0, 0, 0].map(() => detector.judge(fileEvent(), NOW).length)).toEqual([1, 1, 0]);
});

test('an event that alerted in the interval before does not alert again', () => {
  const detector = createDetector([rule('r', '9m')]);
  const event = fileEvent();
  expect(detector.judge(event, NOW)).toHaveLength(1);
  expect(detector.judge(fileEvent(), NOW + 6 * MINUTE)).toHaveLength(1);
  expect(detector.judge(event, NOW + 6 * MINUTE)).toEqual([]);
});

test('the first match that gives no alert is told, with how many there were and how long the interval still is', () => {
  const told: Suppression[] = [];
  const detector = createDetector([rule('r', '9m')], (suppression) => told.push(suppression));
  for (const minutes of [0, 0, 1, 2]) detector.judge(fileEvent(), NOW + minutes * MINUTE);
  expect(told).toMatchObject([{ rule: { id: 'r' }, given: 2, remainingMs: 4 * MINUTE }]);
});

// Test vectors of the hash's authors: a store knows alerts by it.
test.each([['a', 'e40c292c'], ['foobar', 'bf9cf968']])('the id of an alert is that of its event, and the hash of the rule %s', (id, mark) => {
  expect(createDetector([rule(id, '9m')]).judge(fileEvent({ id: 'e' }), NOW)).toMatchObject([{ id: `e-${mark}` }]);
});

test('an alert that an exception covers says by which, and takes no place of another', () => {
  const detector = createDetector([rule('r', '9m')], undefined, (_, event) => (event.user?.name === 'root' ? 'e1' : undefined));
  const [own, another] = ['root', 'eve'].map((user) => () => detector.judge(fileEvent({ user }), NOW));
  expect([own?.(), own?.(), own?.()].map((alerts) => alerts?.map(({ suppressed_by }) => suppressed_by))).toEqual([['e1'], ['e1'], []]);
  expect([another?.(), another?.(), another?.()].map((alerts) => alerts?.length)).toEqual([1, 1, 0]);
  expect(detector.suppressed).toBe(1);
});

test('who fills the directories of their own takes no place of what happens in those of the system or of others', () => {
  const told: (string | undefined)[] = [];
  const detector = createDetector([rule('r', '9m')], ({ uid }) => told.push(uid));
  const of = (uid?: string): FileEvent => {
    const event = fileEvent();
    return uid === undefined ? event : { ...event, file: { ...event.file, uid }, tickward: { ...event.tickward, scope: 'user' } };
  };
  detector.remember({ ...alertOf({ '@timestamp': before(MINUTE) }), event: of('2000'), rule: { ...alertOf().rule, id: 'r' } });
  expect(['2000', '2000', '2000', '2001', undefined, undefined, undefined].map((uid) => detector.judge(of(uid), NOW).length)).toEqual([1, 0, 0, 1, 1, 1, 0]);
  expect(told).toEqual(['2000', undefined]);
});

test('an exception is asked only for events that match', () => {
  let asked = 0;
  const detector = createDetector([loadRule(`[rule]\nrule_id = "r"\nname = "r"\ndescription = "d"\nseverity = "low"\nrisk_score = 1\ntype = "eql"\nquery = 'any where user.name == "eve"'\n`)], undefined, () => void (asked += 1));
  detector.judge(fileEvent({ user: 'bob' }), NOW);
  expect(asked).toBe(0);
  detector.judge(fileEvent({ user: 'eve' }), NOW);
  expect(asked).toBe(1);
});

test('alerts of one event by rules whose ids give the same mark are two', () => {
  const alerts = createDetector([rule('r66999', '9m'), rule('r916676', '9m')]).judge(fileEvent(), NOW);
  expect(new Set(alerts.map(({ id }) => id)).size).toBe(2);
});

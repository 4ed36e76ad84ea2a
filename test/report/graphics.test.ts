/** Where the dots of the timeline and of the tree stand. */
import { expect, test } from 'vitest';
import type { Moment, ProcessNode } from '../../src/investigate/result.ts';
import { ENGLISH } from '../../src/report/english.ts';
import { timelineOf } from '../../src/report/timeline.ts';
import { treeOf } from '../../src/report/tree.ts';
import { processOf } from '../helpers/investigation.ts';

const SUBJECT = '2026-11-24T22:46:26.208Z';

function moment(seconds: number, changes: Partial<Moment> = {}): Moment {
  return { time: new Date(Date.parse(SUBJECT) + seconds * 1_000).toISOString(), kind: 'file', what: `${seconds} s`, ...changes };
}

function placesOf(moments: Moment[]): number[] {
  return timelineOf(moments, SUBJECT, ENGLISH, 'out.json').lanes.flatMap(({ dots }) => dots.map(({ x }) => parseFloat(x)));
}

test('dots stand in the order of time, inside the strip, and the near is stretched', () => {
  const places = placesOf([moment(-86_400), moment(-3_600), moment(-60), moment(0), moment(2), moment(600)]);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
  expect([places[0], places.at(-1)]).toEqual([5, 95]);
  const [day = 0, hour = 0, minute = 0, now = 0] = places;
  expect(now - minute).toBeGreaterThan(hour - day);
});

test('alone, and all at once, they stand in the middle', () => {
  expect(placesOf([moment(0)])).toEqual([50]);
  expect(placesOf([moment(0), moment(0)])).toEqual([50, 50]);
});

test('a time that is none has no dot, but its line', () => {
  const view = timelineOf([{ time: 'yesterday\u001b[2J', kind: 'login', what: 'x' }, moment(0, { subject: true })], SUBJECT, ENGLISH, 'out.json');
  expect(view.lanes.map(({ word, dots }) => [word, dots.length])).toEqual([['login', 0], ['file', 1]]);
  expect(view.moments[0]).toMatchObject({ time: 'yesterday\\e[2J', distance: '' });
});

test('the distance from the event is in the unit that fits', () => {
  const distances = [-200_000, -7_200, -61, -2.5, 0.042].map((seconds) => moment(seconds));
  expect(timelineOf(distances, SUBJECT, ENGLISH, 'out.json').moments.map(({ distance }) => distance)).toEqual(['−2.3 d', '−2 h', '−1 min', '−2.5 s', '+42 ms']);
});

test('the labels of the axis keep apart and lie inside', () => {
  const { ticks } = timelineOf([moment(-5_000_000), moment(0), moment(5_000_000)], SUBJECT, ENGLISH, 'out.json');
  const places = ticks.map(({ x }) => parseFloat(x));
  expect(ticks.map(({ label }) => label)).toContain('0');
  expect(Math.min(...places.slice(1).map((x, index) => x - (places[index] ?? 0)))).toBeGreaterThanOrEqual(15);
});

test('of very many those around the event are shown, and the cut is said', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => moment((index - 900) * 60, index === 900 ? { subject: true } : {}));
  const view = timelineOf(many, SUBJECT, ENGLISH, 'out.json');
  expect(view.moments).toHaveLength(120);
  expect(view.moments.some(({ subject }) => subject)).toBe(true);
  expect(view.cut).toBe('120 of 1000 are shown; out.json has all of them.');
});

test('many of one kind in a row are one line and as many dots; the event is never among them', () => {
  const all = [...Array.from({ length: 30 }, (_, index) => moment(index - 40)), moment(0, { subject: true }), moment(1), moment(2), moment(300)];
  const view = timelineOf(all, SUBJECT, ENGLISH, 'out.json');
  expect(view.moments.map(({ what, more }) => [what, more])).toEqual([['-40 s', 'and 29 more until 2026-11-24 22:46:15.208 UTC'], ['0 s', null], ['1 s', null], ['2 s', null], ['300 s', null]]);
  expect(view.lanes.map(({ dots }) => dots.length)).toEqual([34]);
  expect(view.cut).toBe(null);
});

function tree(nodes: ProcessNode[]): [pid: string, depth: number][] {
  return treeOf(nodes, ENGLISH, 'out.json').nodes.map(({ pid, depth }) => [pid, depth]);
}

test('a child stands below its parent, in any order in which they come', () => {
  expect(tree([processOf(30, 20), processOf(21, 10), processOf(10, 1), processOf(20, 10)])).toEqual([['10', 0], ['21', 1], ['20', 1], ['30', 2]]);
});

test('processes in a circle, their own parents and twins stand there once each', () => {
  expect(tree([processOf(2, 3), processOf(3, 2), processOf(5, 5), processOf(7, null), processOf(7, null)]).map(([pid]) => pid).sort()).toEqual(['2', '3', '5', '7', '7']);
});

test('deep chains stop going to the right, rows do not overlap, and of very many some are left out, said', () => {
  const chain = Array.from({ length: 400 }, (_, index) => processOf(index + 2, index + 1, { connections: Array.from({ length: index % 6 }, (_each, port) => `tcp 10.0.0.1:${port} ESTABLISHED`) }));
  const view = treeOf(chain, ENGLISH, 'out.json');
  expect(Math.max(...view.nodes.map(({ x }) => x))).toBeLessThan(200);
  expect(view.nodes.every(({ y }, index) => index === 0 || y >= (view.nodes[index - 1]?.y ?? 0) + (view.nodes[index - 1]?.height ?? 0))).toBe(true);
  expect(view.cut).toBe('150 of 400 are shown; out.json has all of them.');
});

test('remote ends lead nowhere, and of many the number of the others is said', () => {
  const [node] = treeOf([processOf(1, null, { connections: ['tcp 10.0.0.1:4444 ESTABLISHED', 'tcp 2001:db8::1:443 SYN_SENT', 'udp 0.0.0.0:68', 'tcp 1.2.3.4:1', 'tcp 1.2.3.4:2'] })], ENGLISH, 'out.json').nodes;
  expect(node?.connections).toEqual(['tcp 10.0.0[.]1:4444 ESTABLISHED', 'tcp 2001:db8:[:]1:443 SYN_SENT', 'udp 0.0.0[.]0:68', '… (+2)']);
});

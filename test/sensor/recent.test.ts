import { expect, test } from 'vitest';
import { ExecLog } from '../../src/sensor/exec-log.ts';
import { Recent } from '../../src/sensor/recent.ts';

test('what is too much together is forgotten, by its weight, and what is set again weighs once', () => {
  const recent = new Recent<string, string>(10, ({ length }) => length);
  recent.set('a', 'four');
  recent.set('a', 'four');
  recent.set('b', 'five!');
  expect([recent.get('a'), recent.get('b'), recent.isEmpty]).toEqual(['four', 'five!', false]);
  recent.delete('a');
  recent.delete('a');
  recent.set('c', 'five!');
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([undefined, 'five!', 'five!']);
  recent.set('d', '.');
  expect([recent.get('b'), recent.get('c'), recent.get('d')]).toEqual([undefined, undefined, '.']);
  // Then there is room for as much as before.
  recent.set('e', 'four');
  recent.set('f', 'five!');
  expect([recent.get('d'), recent.get('e'), recent.get('f')]).toEqual(['.', 'four', 'five!']);
  recent.clear();
  expect(recent.isEmpty).toBe(true);
});

test('what lasts for a while is kept for that long, and not for more than twice as long once others come', () => {
  const recent = new Recent<string, number>(3, undefined, 100);
  recent.set('a', 1, 1_000);
  recent.set('b', 2, 1_099);
  recent.set('c', 3, 1_100);
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, 2, 3]);
  recent.set('a', 4, 1_150);
  recent.set('d', 5, 1_200);
  expect([recent.get('a'), recent.get('b'), recent.get('c'), recent.get('d')]).toEqual([4, undefined, 3, 5]);
  recent.delete('a');
  expect(recent.get('a')).toBeUndefined();
  recent.set('e', 6, 2_000);
  expect([recent.get('c'), recent.get('d'), recent.get('e'), recent.isEmpty]).toEqual([undefined, undefined, 6, false]);
  // Of both generations.
  recent.set('f', 7, 2_150);
  expect([recent.get('e'), recent.get('f')]).toEqual([6, 7]);
  recent.clear();
  expect(recent.isEmpty).toBe(true);
});

test('without a weight it is their number', () => {
  const recent = new Recent<number, number>(2);
  for (const n of [1, 2, 2]) recent.set(n, n);
  expect([recent.get(1), recent.get(2)]).toEqual([1, 2]);
  recent.set(3, 3);
  expect([recent.get(1), recent.get(2), recent.get(3)]).toEqual([undefined, undefined, 3]);
});

test('of programs with the longest names fewer processes are remembered in the log: never more than some MB of them', () => {
  const log = new ExecLog();
  const [name, directory] = ['n'.repeat(255), 'd'.repeat(128)];
  const bracket = { after: 0n, before: 1n };
  for (let pid = 1; pid <= 32_768; pid += 1) for (let nth = 0; nth < 12; nth += 1) log.add(pid, { directory, name, position: pid * 12 + nth, bracket });
  const remembered = Array.from({ length: 32_768 }, (_, n) => log.of(n + 1).length);
  expect(remembered.at(-1)).toBe(12);
  const characters = remembered.reduce((sum, opened) => sum + opened * (name.length + directory.length), 0);
  expect(characters).toBeGreaterThan(3 * 1024 ** 2);
  expect(characters).toBeLessThan(16 * 1024 ** 2);
});

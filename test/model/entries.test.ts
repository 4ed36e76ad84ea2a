import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Signature } from '../../src/model/baseline.ts';
import { Entries, NOBODY, type Kept, type Room } from '../../src/model/entries.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '__proto__', '\u00ff\n');
const signature: fc.Arbitrary<Signature> = fc.record({ inode: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), changed: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) });

test('it holds what a map of objects would hold, whatever comes and goes', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name, signature: fc.option(signature, { nil: undefined }) }), { maxLength: 60 }), (steps) => {
      const entries = new Entries();
      const map = new Map<string, Signature>();
      const isNew: Kept[] = [];
      const wasNew: Kept[] = [];
      for (const step of steps) {
        if (step.signature === undefined) {
          entries.delete(step.name);
          map.delete(step.name);
        } else {
          isNew.push(entries.set(step.name, step.signature));
          wasNew.push(map.has(step.name) ? 'known' : 'new');
          map.set(step.name, step.signature);
        }
        expect(entries.get(step.name)).toEqual(map.get(step.name));
      }
      expect([...entries]).toEqual([...map]);
      expect([...entries.names()]).toEqual([...map.keys()]);
      expect(entries.size).toBe(map.size);
      expect(isNew).toEqual(wasNew);
      expect([...new Entries(entries)]).toEqual([...map]);
    }),
  );
});

test('a hundred thousand of them are each what they were', () => {
  const entries = new Entries();
  for (let n = 0; n < 100_000; n += 1) entries.set(`f${n}`, { inode: BigInt(n), changed: BigInt(-n) });
  for (let n = 0; n < 100_000; n += 2) entries.delete(`f${n}`);
  for (let n = 0; n < 100_000; n += 4) entries.set(`g${n}`, { inode: BigInt(n) + 1n, changed: 1n });
  expect(entries.size).toBe(75_000);
  for (const [each, { inode }] of entries) expect(inode).toBe(BigInt(each.slice(1)) + (each.startsWith('g') ? 1n : 0n));
  expect([entries.get('f0'), entries.get('f99999'), entries.get('g99996'), entries.has('g1')]).toEqual([undefined, { inode: 99_999n, changed: -99_999n }, { inode: 99_997n, changed: 1n }, false]);
});

test('which were set lately is noted from when it is asked for, without those that were removed again', () => {
  const [then, now] = [{ inode: 1n, changed: 1n }, { inode: 1n, changed: 2n }];
  const entries = new Entries([['before', then], ['again', then]]);
  const fresh = (): string[] => ['before', 'again', 'new', 'gone'].filter((each) => entries.isFresh(each));
  expect(fresh()).toEqual([]);
  entries.noteFresh();
  for (const each of ['again', 'new', 'gone']) entries.set(each, now);
  entries.delete('gone');
  expect(fresh()).toEqual(['again', 'new']);
  entries.noteFresh();
  expect(fresh()).toEqual([]);
  entries.set('before', now);
  entries.forgetFresh();
  expect(fresh()).toEqual([]);
});

test('of each the process that was told of last is known, where one was named', () => {
  const entries = new Entries();
  for (let n = 0; n < 5_000; n += 1) entries.set(`f${n}`, { inode: 1n, changed: 1n }, n);
  entries.set('f1', { inode: 1n, changed: 2n });
  expect(['f0', 'f1', 'f4999', 'none'].map((each) => entries.teller(each))).toEqual([0, NOBODY, 4_999, NOBODY]);
});

test('what there is no room for is left out, and that something may be lacking is said until it is taken back', () => {
  const one = { inode: 1n, changed: 1n };
  let left = 3;
  const room: Room = {
    take: () => left > 0 && (left -= 1) >= 0,
    giveBack: () => void (left += 1),
    get isFull() {
      return left === 0;
    },
  };
  const [entries, others] = [new Entries([['a', one]], room), new Entries([], room)];
  expect(['b', 'b', 'c'].map((each) => entries.set(each, one))).toEqual(['new', 'known', 'new']);
  expect([others.set('d', one), entries.set('a', one), others.has('d'), entries.isPartial]).toEqual(['left out', 'known', false, true]);
  entries.delete('a');
  entries.delete('a');
  expect([left, entries.isPartial, entries.isFull, others.isPartial]).toEqual([1, false, false, true]);
  others.lack(false);
  expect([others.set('d', one), others.isPartial]).toEqual(['new', true]);
});

/** What waits comes back as it went in, in order, packed or not. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attributed } from '../../src/sensor/attributed.ts';
import type { Change } from '../../src/sensor/backend.ts';
import { Backlog } from '../../src/sensor/backlog.ts';

const BRACKETS = Array.from({ length: 3 }, (_, n) => ({ after: BigInt(n), before: BigInt(n) + 1n }));
const BY: Attributed[] = Array.from({ length: 3 }, (_, n) => ({ attribution: 'none', note: String(n), ancestry: [] }));

const name = fc.oneof({ weight: 9, arbitrary: fc.string({ minLength: 1, maxLength: 12, unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) }) }, fc.constant('\u00ff'.repeat(255)));
const change: fc.Arbitrary<Change> = fc
  .record({
    directory: fc.constantFrom('1:a', '1:b', 'ü'),
    name,
    isDirectory: fc.boolean(),
    did: fc.integer({ min: 0, max: 127 }),
    pid: fc.constantFrom(0, 1, 4_194_304),
    position: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 2 ** 40, max: 2 ** 40 + 20_000 }) }, fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
    bracket: fc.constantFrom(...BRACKETS),
    by: fc.option(fc.constantFrom(...BY), { nil: undefined }),
    from: fc.option(fc.record({ directory: fc.constantFrom('1:a', '2:c'), name }), { nil: undefined, freq: 8 }),
    otherName: fc.option(fc.constant('/tmp/x'), { nil: undefined, freq: 8 }),
  })
  .map(({ by, from, otherName, ...rest }) => ({ ...rest, ...(by === undefined ? {} : { by }), ...(from === undefined ? {} : { from }), ...(otherName === undefined ? {} : { otherName }) }));
const other = fc.integer().map((number) => ({ number }));
const item = fc.oneof({ weight: 12, arbitrary: change }, other);

/** 0 pushes the next some hundred, else so many are taken. */
const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 3_000 })), { minLength: 1, maxLength: 30 });

test('items come back equal and in order, however they are pushed and taken', () => {
  fc.assert(
    fc.property(fc.array(item, { minLength: 200, maxLength: 400 }), steps, (items, plan) => {
      const backlog = new Backlog<{ number: number }>();
      const waiting: (Change | { number: number })[] = [];
      for (const count of [...plan, Infinity]) {
        if (count === 0) {
          for (const each of items) backlog.push(each);
          waiting.push(...items);
          continue;
        }
        for (let left = count; left > 0 && backlog.length > 0; ) {
          const taken = backlog.take(left);
          expect(taken.length).toBeGreaterThan(0);
          expect(taken).toEqual(waiting.splice(0, taken.length));
          left -= taken.length;
        }
        expect(backlog.length).toBe(waiting.length);
      }
      expect(backlog.take(1)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test('of many that wait each comes back as it was', () => {
  const backlog = new Backlog<never>();
  const one = (n: number): Change => ({ directory: `1:${n % 7}`, name: `f${n}${'x'.repeat(n % 200)}`, isDirectory: false, did: 1 + (n % 127), pid: n, position: n * 2, bracket: BRACKETS[n % 3] ?? { after: 0n, before: 0n } });
  for (let n = 0; n < 20_000; n += 1) backlog.push(one(n));
  for (let n = 0; n < 20_000; ) for (const each of backlog.take(256)) {
    expect(each).toEqual(one(n));
    n += 1;
  }
  expect(backlog.length).toBe(0);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoOf, timestampOf } from '../../src/model/timestamp.ts';

test('a time reads as Date has it, whatever came before', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -8.64e15, max: 8.64e15 })), (times) => {
      for (const time of times.flatMap((each) => [each, Math.min(each + 1, 8.64e15)])) expect(timestampOf(time)).toBe(new Date(time).toISOString());
    }),
  );
});

const TIMES: readonly [string, bigint | number, string | null][] = [
  ['the epoch', 0, '1970-01-01T00:00:00.000Z'],
  ['a part of a millisecond', 999.9, '1970-01-01T00:00:00.999Z'],
  ['before the epoch', -1n, '1969-12-31T23:59:59.999Z'],
  ['the last with four digits', 253_402_300_799_999n, '9999-12-31T23:59:59.999Z'],
  ['a year of five digits', 253_402_300_800_000n, null],
  ['the first', -62_167_219_200_000, '0000-01-01T00:00:00.000Z'],
  ['before the year 0', -62_167_219_200_001, null],
  ['what touch(1) can set where the file system keeps 64 bits', 9_223_372_036_854_775_807_000n, null],
  ['nothing', Number.NaN, null],
  ['no end', Infinity, null],
];

test.each(TIMES)('a time that anybody may have set: %s', (_, time, text) => {
  expect(isoOf(time)).toBe(text);
});

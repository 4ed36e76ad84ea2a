import { expect, test } from 'vitest';
import { durationMs, sinceMs, untilMs } from '../../src/cli/duration.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');

test.each([['48h', '2026-05-30T00:00:00Z'], ['2026-05-01', '2026-05-01T00:00:00Z'], ['2026-05', '2026-05-01T00:00:00Z'], ['2024-02-29', '2024-02-29T00:00:00Z'], ['2026-05-01T08:00+02:00', '2026-05-01T06:00:00Z'], ['2026-05-01 08:00:30Z', '2026-05-01T08:00:30Z']])('since %s', (text, expected) => {
  expect(new Date(sinceMs(text, NOW)).toISOString()).toBe(new Date(expected).toISOString());
});

test.each(['2027-02-30', '2027-02-29T10:00', '2027-13-01', '2027-00', '2027-01-01T25:00', '2027-01-01 soon', '2027-01-01 (a comment)', '2027-011'])('%s is no date: it is not taken for another', (text) => {
  expect(() => untilMs(text, NOW)).toThrow(expect.objectContaining({ code: 'USAGE', message: `${text} is no date` }));
});

test('an end lies in the future, and a span has a unit', () => {
  expect(untilMs('30d', NOW) - NOW).toBe(30 * 86_400_000);
  expect(() => untilMs('2026-05-01', NOW)).toThrow('is over already');
  expect(() => durationMs('30')).toThrow('is no span of time');
});

test.each(['tomorrow', '30', ''])('%j is neither a span nor a date, and both are named', (text) => {
  const both = expect.objectContaining({ code: 'USAGE', message: `${text} is no span of time and no date`, hint: expect.stringMatching(/48h; or a date: 2026-05-01,/) });
  expect(() => sinceMs(text, NOW)).toThrow(both);
  expect(() => untilMs(text, NOW)).toThrow(both);
});

import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { parseUnit } from '../../src/host/units.ts';
import { calendarInWords, nextRuns, parseRuns, whenOf } from '../../src/timers/schedule.ts';

test.each([
  ['daily', 'every day at 00:00'],
  ['*-*-* 4:30', 'every day at 04:30'],
  ['Mon..Fri 09:00', 'every Monday to Friday at 09:00'],
  ['*:0/15', 'every 15 minutes'],
  ['*:0/1', 'every minute'],
  ['*:*:0/30', 'every 30 seconds'],
  ['*:15', 'every hour at minute 15'],
  ['Sat,Sun 3:05 Europe/Berlin', 'every Saturday, Sunday at 03:05 Europe/Berlin'],
  ['*-*-01 00:00', 'at *-*-01 00:00 (systemd.time(7))'],
  ['constructor', 'at constructor (systemd.time(7))'],
])('%s is %s', (expression, words) => {
  expect(calendarInWords(expression)).toBe(words);
});

test('the settings that count', () => {
  const entries = parseUnit('[Timer]\nOnCalendar=hourly\nOnCalendar=\nOnBootSec=5min\nOnUnitActiveSec=30\nOnClockChange=yes\nconstructor=x\n');
  expect(whenOf(entries).map(({ setting, words }) => `${setting}: ${words}`)).toEqual(['OnBootSec: 5min after the machine was booted', 'OnUnitActiveSec: 30 s after the service was last started, again and again', 'OnClockChange: whenever the clock is set']);
});

test('what systemd-analyze says, in a zone of its own', () => {
  expect(parseRuns('  Original form: daily\nNormalized form: *-*-* 00:00:00\n    Next elapse: Thu 2026-11-26 00:00:00 CET\n       (in UTC): Wed 2026-11-25 23:00:00 UTC\n       From now: 21h left\n       Iter. #2: Fri 2026-11-27 00:00:00 CET\n       (in UTC): Thu 2026-11-26 23:00:00 UTC\n')).toEqual(['2026-11-25T23:00:00.000Z', '2026-11-26T23:00:00.000Z']);
  expect(parseRuns('    Next elapse: never\n')).toEqual([]);
});

const noAnalyze = spawnSync('systemd-analyze', ['--version']).status === 0 ? undefined : 'needs systemd-analyze: apt-get install systemd';

test.skipIf(noAnalyze !== undefined)(`the next five runs, and what is no calendar (${noAnalyze ?? 'by systemd-analyze'})`, async () => {
  const runs = (await nextRuns('hourly')) ?? [];
  expect(runs).toHaveLength(5);
  const [first = ''] = runs;
  expect(runs.map((run) => Date.parse(run) - Date.parse(first))).toEqual([0, 1, 2, 3, 4].map((hours) => hours * 3_600_000));
  expect(await nextRuns('2001-01-01')).toEqual([]);
  await expect(nextRuns('--help')).rejects.toThrow(/Failed to parse/);
});

test('an endless expression is not handed on', async () => {
  await expect(nextRuns('*'.repeat(300))).rejects.toThrow(/300 characters/);
});

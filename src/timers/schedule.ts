/** When a timer runs, in words, and the next five times of a calendar expression by systemd-analyze(1). */
import { run } from '../exec.ts';
import type { UnitEntry } from '../host/units.ts';
import { TickwardError } from '../model/errors.ts';
import { firstLineOf } from '../model/text.ts';

export interface When {
  setting: string;
  value: string;
  words: string;
}

/** systemd.timer(5), OPTIONS. */
const AFTER = new Map([
  ['OnActiveSec', 'after the timer was started'],
  ['OnBootSec', 'after the machine was booted'],
  ['OnStartupSec', 'after the service manager was started'],
  ['OnUnitActiveSec', 'after the service was last started, again and again'],
  ['OnUnitInactiveSec', 'after the service last ended, again and again'],
]);

/** systemd.time(7), the shorthands of calendar events. */
const SHORTHANDS = new Map([
  ['minutely', 'every minute'],
  ['hourly', 'every hour'],
  ['daily', 'every day at 00:00'],
  ['weekly', 'every Monday at 00:00'],
  ['monthly', 'on the first of every month at 00:00'],
  ['quarterly', 'on the first of January, April, July and October at 00:00'],
  ['semiannually', 'on the first of January and July at 00:00'],
  ['yearly', 'on the first of January at 00:00'],
  ['annually', 'on the first of January at 00:00'],
]);

/** The settings that count, in the order of the files: an empty value takes back all before it. */
export function whenOf(entries: readonly UnitEntry[]): When[] {
  const found: When[] = [];
  for (const { section, key, value } of entries) {
    if (section !== 'Timer' || !(AFTER.has(key) || ['OnCalendar', 'OnClockChange', 'OnTimezoneChange'].includes(key))) continue;
    if (value === '') found.length = 0;
    else found.push({ setting: key, value, words: inWords(key, value) });
  }
  return found;
}

function inWords(key: string, value: string): string {
  if (key === 'OnCalendar') return calendarInWords(value);
  if (key === 'OnClockChange') return 'whenever the clock is set';
  if (key === 'OnTimezoneChange') return 'whenever the time zone is changed';
  return `${/^\d+$/.test(value) ? `${value} s` : value} ${AFTER.get(key) ?? ''}`;
}

const DAYS = new Map([['mon', 'Monday'], ['tue', 'Tuesday'], ['wed', 'Wednesday'], ['thu', 'Thursday'], ['fri', 'Friday'], ['sat', 'Saturday'], ['sun', 'Sunday']]);

/** Common forms; what it does not know it gives back as it is. */
export function calendarInWords(expression: string): string {
  const known = SHORTHANDS.get(expression.toLowerCase());
  if (known !== undefined) return known;
  const [, days, time, zone = ''] = /^(?:([A-Za-z,.]+)\s+)?(?:\*-\*-\*\s+)?([\d*:/,]+)(?:\s+([\w/]+))?$/.exec(expression.trim()) ?? [];
  const clock = time === undefined ? undefined : timeInWords(time);
  if (clock === undefined) return `at ${expression} (systemd.time(7))`;
  const range = days === undefined ? 'every day' : daysInWords(days);
  if (range === undefined) return `at ${expression} (systemd.time(7))`;
  return `${clock.startsWith('every') && range === 'every day' ? clock : `${range} ${clock}`}${zone === '' ? '' : ` ${zone}`}`;
}

function timeInWords(time: string): string | undefined {
  const [hour = '', minute = '', second = '00'] = time.split(':');
  if (time.split(':').length < 2) return undefined;
  if (/^\d+$/.test(hour) && /^\d+$/.test(minute)) return `at ${hour.padStart(2, '0')}:${minute.padStart(2, '0')}${/^0*$/.test(second) ? '' : `:${second}`}`;
  if (hour === '*' && minute === '*') return /^0*$/.test(second) ? 'every minute' : second.startsWith('*/') || second.startsWith('0/') ? plural(second.slice(2), 'second') : undefined;
  if (hour === '*' && /^[0*]\/\d+$/.test(minute) && /^0*$/.test(second)) return plural(minute.slice(2), 'minute');
  if (hour === '*' && /^\d+$/.test(minute)) return `every hour at minute ${Number(minute)}`;
  return undefined;
}

function plural(count: string, what: string): string {
  return Number(count) === 1 ? `every ${what}` : `every ${count} ${what}s`;
}

function daysInWords(days: string): string | undefined {
  const named = days.split(/(\.\.|,)/).map((part) => (part === '..' ? ' to ' : part === ',' ? ', ' : undefined) ?? DAYS.get(part.slice(0, 3).toLowerCase()));
  return named.includes(undefined) ? undefined : `every ${named.join('')}`;
}

const RUNS = 5;
const TIMEOUT_MS = 2_000;
/** Longer ones are no calendar that anyone wrote. */
const MOST_EXPRESSION = 256;

/** ISO 8601 of the next five; empty for what never elapses, undefined where systemd-analyze is not there. Throws BAD_INPUT with its words for what is no calendar expression. */
export async function nextRuns(expression: string): Promise<string[] | undefined> {
  if (expression.length > MOST_EXPRESSION) throw new TickwardError('BAD_INPUT', `a calendar expression of ${expression.length} characters is not looked into`);
  try {
    const { exitCode, stdout, stderr } = await run('systemd-analyze', ['calendar', `--iterations=${RUNS}`, '--', expression], { timeout: TIMEOUT_MS });
    if (exitCode !== 0) throw new TickwardError('BAD_INPUT', firstLineOf(stderr) || 'no calendar expression');
    return parseRuns(stdout);
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'UNSUPPORTED') return undefined;
    throw error;
  }
}

/** `Next elapse: Thu 2026-11-26 00:00:00 UTC`; where the zone is another one, a line `(in UTC): …` follows, and that counts. */
export function parseRuns(text: string): string[] {
  const runs: string[] = [];
  for (const line of text.split('\n')) {
    const [, label, date, time] = /^\s*(Next elapse|Iter\w*\.? ?#\d+|\(in UTC\)): \w{3} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? /.exec(`${line} `) ?? [];
    if (label === undefined) continue;
    const at = new Date(`${date}T${time}Z`).toISOString();
    if (label === '(in UTC)') runs[runs.length - 1] = at;
    else runs.push(at);
  }
  return runs;
}

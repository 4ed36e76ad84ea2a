/** Spans and moments as people type them. */
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const DATES = '2026-05-01, 2026-05-01T08:00 (here) or 2026-05-01T08:00Z (UTC)';

/** `90s`, `5m`, `48h`, `7d` in ms. */
export function durationMs(text: string): number {
  const span = spanMs(text);
  if (span === undefined) throw new TickwardError('USAGE', `${printable(text)} is no span of time`, { hint: 'write a number and s, m, h or d: 48h' });
  return span;
}

/** Where a date would do as well. */
function spanOrDate(text: string): number {
  const span = spanMs(text);
  if (span === undefined) throw new TickwardError('USAGE', `${printable(text)} is no span of time and no date`, { hint: `write a number and s, m, h or d: 48h; or a date: ${DATES}` });
  return span;
}

function spanMs(text: string): number | undefined {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** A span back from `now`, or a date, in ms since the epoch. */
export function sinceMs(text: string, now: number): number {
  return dateMs(text) ?? now - spanOrDate(text);
}

/** A span from `now` on, or a date, in ms since the epoch; it has to lie in the future. */
export function untilMs(text: string, now: number): number {
  const end = dateMs(text) ?? now + spanOrDate(text);
  if (end <= now) throw new TickwardError('USAGE', `${printable(text)} is over already`, { hint: 'give a span from now on (30d) or a date in the future' });
  return end;
}

/** Undefined for what does not look like a date. Throws USAGE for one that no calendar has: Date.parse would make March of a 30th of February. */
function dateMs(text: string): number | undefined {
  const [, day] = /^(\d{4}-\d\d(?:-\d\d)?)/.exec(text) ?? [];
  if (day === undefined) return undefined;
  const isDay = FORM.test(text) && new Date(Date.parse(day)).toJSON()?.startsWith(day) === true;
  const time = isDay ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw new TickwardError('USAGE', `${printable(text)} is no date`, { hint: `write ${DATES}` });
  return time;
}

const FORM = /^\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)?$/;

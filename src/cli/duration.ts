/** Spans and moments as people type them. */
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `5m`, `48h`, `7d` in ms. */
export function durationMs(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined) throw new TickwardError('USAGE', `${printable(text)} is no span of time`, { hint: 'write a number and s, m, h or d: 48h' });
  return Number(match[1]) * unit;
}

/** A span back from `now`, or a date, in ms since the epoch. */
export function sinceMs(text: string, now: number): number {
  const date = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? now - durationMs(text) : date;
}

/** A span from `now` on, or a date, in ms since the epoch; it has to lie in the future. */
export function untilMs(text: string, now: number): number {
  const date = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  const end = Number.isNaN(date) ? now + durationMs(text) : date;
  if (end <= now) throw new TickwardError('USAGE', `${printable(text)} is over already`, { hint: 'give a span from now on (30d) or a date in the future' });
  return end;
}

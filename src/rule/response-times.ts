/** MTTD and MTTR: how long from the event to its alert, and from the alert to its being closed. */
import type { Alert, StatusChange } from '../model/event.ts';

/** Null where nothing was measured. */
export interface Spread {
  count: number;
  median_s: number | null;
  p90_s: number | null;
}

export interface RuleTimes {
  /** null: of all rules together. */
  rule: { id: string; name: string } | null;
  alerts: number;
  /** Those that an exception covers: they count nowhere else. */
  suppressed: number;
  /** From the event to the alert. */
  mttd: Spread;
  /** From the alert to the last time it was closed, of those that are closed. */
  mttr: Spread;
}

interface Tally {
  rule: RuleTimes['rule'];
  alerts: number;
  suppressed: number;
  detected: number[];
  closed: number[];
}

const SECOND = 1_000;

/** One a rule, in the order in which they first alerted, and all together at the end. */
export function responseTimes(alerts: Iterable<Alert>, historyOf: (id: string) => readonly StatusChange[]): RuleTimes[] {
  const tallies = new Map<string, Tally>();
  const all = tally(null);
  for (const alert of alerts) {
    const { id, name } = alert.rule;
    const own = tallies.get(id) ?? tally({ id, name });
    tallies.set(id, own);
    for (const each of [own, all]) count(each, alert, historyOf);
  }
  return [...tallies.values(), all].map(({ detected, closed, ...rest }) => ({ ...rest, mttd: spread(detected), mttr: spread(closed) }));
}

function tally(rule: RuleTimes['rule']): Tally {
  return { rule, alerts: 0, suppressed: 0, detected: [], closed: [] };
}

function count(into: Tally, alert: Alert, historyOf: (id: string) => readonly StatusChange[]): void {
  if (alert.suppressed_by !== undefined) {
    into.suppressed += 1;
    return;
  }
  into.alerts += 1;
  const at = Date.parse(alert['@timestamp']);
  into.detected.push(between(Date.parse(alert.event['@timestamp']), at));
  const end = alert.status === 'closed' ? historyOf(alert.id).findLast(({ status }) => status === 'closed') : undefined;
  if (end !== undefined) into.closed.push(between(at, Date.parse(end.time)));
}

/** A clock that was set back meanwhile makes no negative times. */
function between(from: number, to: number): number {
  return Math.max(0, to - from) / SECOND;
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { count: sorted.length, median_s: quantile(sorted, 0.5), p90_s: quantile(sorted, 0.9) };
}

/** Between the two values beside the place, in proportion (type 7 of Hyndman and Fan, as spreadsheets do). */
function quantile(sorted: readonly number[], part: number): number | null {
  const place = (sorted.length - 1) * part;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low === undefined || high === undefined ? null : Math.round((low + (high - low) * (place % 1)) * SECOND) / SECOND;
}

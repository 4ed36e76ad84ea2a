/** Rules over the stream of events: who matches, at most so many alerts an interval, no alert twice. */
import type { Alert, FileEvent } from '../model/event.ts';
import { alertRule, type Rule } from './load.ts';

/** Of a rule whose `max_signals` are used up in the interval. */
export interface Suppression {
  rule: Alert['rule'];
  /** Alerts that it gave in this interval. */
  given: number;
  /** How long the interval still is, in ms. */
  remainingMs: number;
}

export interface Detector {
  /** Alerts for one event. `now` in ms; `document` is what the rules look at, where the event is not all that is known. */
  judge(event: FileEvent, now: number, document?: object): Alert[];
  /** Matches that gave no alert because a rule had its `max_signals` in the interval. */
  readonly suppressed: number;
}

interface Running {
  summary: Alert['rule'];
  /** Tells rules apart in alert ids. */
  mark: string;
  matches: (event: object) => boolean;
  maxSignals: number;
  intervalMs: number;
  windowStart: number;
  /** Matches without an alert in this interval. */
  suppressed: number;
  /** Ids of the events with an alert, in this interval and in the one before. */
  alerted: Set<string>;
  alertedBefore: Set<string>;
}

/** `onSuppressed` is called at the first match of each rule and interval that gives no alert: nobody else would know of it. */
export function createDetector(rules: readonly Rule[], onSuppressed: (suppression: Suppression) => void = () => undefined): Detector {
  const running = rules.flatMap(runningOf);
  let suppressed = 0;
  return {
    judge(event, now, document = event) {
      const alerts: Alert[] = [];
      const id = event.event.id;
      for (const rule of running) {
        if (!rule.matches(document)) continue;
        openInterval(rule, now);
        if (rule.alerted.has(id) || rule.alertedBefore.has(id)) continue;
        if (rule.alerted.size >= rule.maxSignals) {
          suppressed += 1;
          rule.suppressed += 1;
          if (rule.suppressed === 1) onSuppressed({ rule: rule.summary, given: rule.alerted.size, remainingMs: rule.windowStart + rule.intervalMs - now });
          continue;
        }
        rule.alerted.add(id);
        alerts.push({ id: `${id}-${rule.mark}`, '@timestamp': new Date(now).toISOString(), status: 'open', rule: rule.summary, event });
      }
      return alerts;
    },
    get suppressed() {
      return suppressed;
    },
  };
}

function runningOf(rule: Rule): Running[] {
  if (!rule.run.runs) return [];
  return [{ summary: alertRule(rule), mark: markOf(rule.id), matches: rule.run.matches, maxSignals: rule.max_signals, intervalMs: rule.interval_ms, windowStart: 0, suppressed: 0, alerted: new Set(), alertedBefore: new Set() }];
}

/** A clock that was set back opens a new interval too: otherwise the rule would stay silent until the old time comes again. */
function openInterval(rule: Running, now: number): void {
  if (now >= rule.windowStart && now - rule.windowStart < rule.intervalMs) return;
  rule.windowStart = now;
  rule.suppressed = 0;
  rule.alertedBefore = rule.alerted;
  rule.alerted = new Set();
}

/**
 * Eight hexadecimal digits for the id of a rule (FNV-1a, 32 bits). Ids of alerts are the event's id and this: sortable by time,
 * and the same pair gives the same id after a restart, so that the store keeps one.
 */
function markOf(ruleId: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < ruleId.length; index += 1) hash = Math.imul(hash ^ ruleId.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Rules over the stream of events: who matches, at most so many alerts an interval, no alert twice. */
import type { Alert, FileEvent } from '../model/event.ts';
import { alertRule, type Rule } from './load.ts';

export interface Detector {
  /** Alerts for one event. `now` in ms. */
  judge(event: FileEvent, now: number): Alert[];
  /** Matches that gave no alert because a rule had its `max_signals` in the interval. */
  readonly suppressed: number;
}

interface Running {
  summary: Alert['rule'];
  matches: (event: object) => boolean;
  maxSignals: number;
  intervalMs: number;
  windowStart: number;
  signals: number;
}

export function createDetector(rules: readonly Rule[]): Detector {
  const running = rules.flatMap((rule): Running[] => (rule.run.runs ? [{ summary: alertRule(rule), matches: rule.run.matches, maxSignals: rule.max_signals, intervalMs: rule.interval_ms, windowStart: 0, signals: 0 }] : []));
  let suppressed = 0;
  return {
    judge(event, now) {
      const alerts: Alert[] = [];
      for (const rule of running) {
        if (!rule.matches(event)) continue;
        if (now - rule.windowStart >= rule.intervalMs) {
          rule.windowStart = now;
          rule.signals = 0;
        }
        rule.signals += 1;
        if (rule.signals > rule.maxSignals) suppressed += 1;
        else alerts.push(alertOf(event, rule.summary, now));
      }
      return alerts;
    },
    get suppressed() {
      return suppressed;
    },
  };
}

/** The id of the event and a short name of the rule: the same pair always gives the same id, so a store keeps one. */
function alertOf(event: FileEvent, rule: Alert['rule'], now: number): Alert {
  return { id: `${event.event.id}-${rule.id.slice(0, 8)}`, '@timestamp': new Date(now).toISOString(), status: 'open', rule, event };
}

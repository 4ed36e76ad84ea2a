/** Rules over the stream of events: who matches, what an exception covers, at most so many alerts an interval, no alert twice. */
import type { Alert, FileEvent } from '../model/event.ts';
import type { ExceptionOf } from './exceptions.ts';
import { alertRule, type Rule } from './rule.ts';

/** Of a rule whose `max_signals` are used up in the interval. */
export interface Suppression {
  rule: Alert['rule'];
  /** In whose user directories; undefined for all else. */
  uid?: string;
  /** Alerts that it gave in this interval. */
  given: number;
  /** How long the interval still is, in ms. */
  remainingMs: number;
}

export interface Detector {
  /** Alerts for one event, also those that an exception covers (`suppressed_by`). `now` in ms; `document` is what the rules look at, where the event is not all that is known. */
  judge(event: FileEvent, now: number, document?: object): Alert[];
  /** The same for an event that was stored before: a rule only takes those within its look-back (`from`). */
  judgeStored(event: FileEvent, now: number): Alert[];
  /** An alert that was given before the start: it is not given again, and counts in its interval. Oldest first. */
  remember(alert: Alert): void;
  /** The longest look-back of the rules, in ms. */
  readonly lookBackMs: number;
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
  lookBackMs: number;
  windowStart: number;
  /** Of this interval, by whose directories it was in: who fills his own takes no place of what happens to others. */
  shares: Map<string | undefined, Share>;
  /** Ids of the events with an alert, in this interval and in the one before. */
  alerted: Set<string>;
  alertedBefore: Set<string>;
  /** Of those that were there at the start, which may be older. */
  remembered: Set<string>;
}

interface Share {
  /** Alerts, with and without an exception: what is excepted takes no place of what is not, and is bounded as well. */
  shown: number;
  excepted: number;
  /** Matches without an alert. */
  suppressed: number;
}

/** `onSuppressed` is called at the first match of each rule, share and interval that gives no alert: nobody else would know of it. */
export function createDetector(rules: readonly Rule[], onSuppressed: (suppression: Suppression) => void = () => undefined, exceptionOf: ExceptionOf = () => undefined): Detector {
  const marks = new Set<string>();
  const running = rules.flatMap((rule) => runningOf(rule, marks));
  let suppressed = 0;

  const judgeBy = (rule: Running, event: FileEvent, now: number, document: object = event): Alert | undefined => {
    if (!rule.matches(document)) return undefined;
    openInterval(rule, now);
    const { id } = event.event;
    if (rule.alerted.has(id) || rule.alertedBefore.has(id) || rule.remembered.has(id)) return undefined;
    const exception = exceptionOf(rule.summary, event, now);
    const kind = exception === undefined ? 'shown' : 'excepted';
    const uid = ownerOf(event);
    const share = shareOf(rule, uid);
    if (share[kind] >= rule.maxSignals) {
      if (kind === 'excepted') return undefined;
      suppressed += 1;
      share.suppressed += 1;
      if (share.suppressed === 1) onSuppressed({ rule: rule.summary, ...(uid === undefined ? {} : { uid }), given: share.shown, remainingMs: rule.windowStart + rule.intervalMs - now });
      return undefined;
    }
    share[kind] += 1;
    rule.alerted.add(id);
    return { id: `${id}-${rule.mark}`, '@timestamp': new Date(now).toISOString(), status: 'open', rule: rule.summary, event, ...(exception === undefined ? {} : { suppressed_by: exception }) };
  };

  /** Nearly always none: no list is made of nothing for each rule. */
  const judgeByAll = (those: readonly Running[], event: FileEvent, now: number, document?: object): Alert[] => {
    const alerts: Alert[] = [];
    for (const rule of those) {
      const alert = judgeBy(rule, event, now, document);
      if (alert !== undefined) alerts.push(alert);
    }
    return alerts;
  };

  return {
    judge: (event, now, document) => judgeByAll(running, event, now, document),
    judgeStored(event, now) {
      const age = now - Date.parse(event['@timestamp']);
      return judgeByAll(running.filter(({ lookBackMs }) => age <= lookBackMs), event, now);
    },
    remember(alert) {
      const rule = running.find(({ summary }) => summary.id === alert.rule.id);
      if (rule === undefined) return;
      openInterval(rule, Date.parse(alert['@timestamp']));
      shareOf(rule, ownerOf(alert.event))[alert.suppressed_by === undefined ? 'shown' : 'excepted'] += 1;
      rule.remembered.add(alert.event.event.id);
    },
    lookBackMs: Math.max(0, ...running.map(({ lookBackMs }) => lookBackMs)),
    get suppressed() {
      return suppressed;
    },
  };
}

/** `marks`: those that are taken. */
function runningOf(rule: Rule, marks: Set<string>): Running[] {
  if (!rule.run.runs) return [];
  let mark = markOf(rule.id);
  // Two ids can give the same: then one alert of an event would pass for the other.
  for (let next = 2; marks.has(mark); next += 1) mark = markOf(`${rule.id} ${next}`);
  marks.add(mark);
  return [{ summary: alertRule(rule), mark, matches: rule.run.matches, maxSignals: rule.max_signals, intervalMs: rule.interval_ms, lookBackMs: rule.look_back_ms, windowStart: 0, shares: new Map(), alerted: new Set(), alertedBefore: new Set(), remembered: new Set() }];
}

/** A clock that was set back opens a new interval too: otherwise the rule would stay silent until the old time comes again. */
function openInterval(rule: Running, now: number): void {
  if (now >= rule.windowStart && now - rule.windowStart < rule.intervalMs) return;
  rule.windowStart = now;
  rule.shares.clear();
  rule.alertedBefore = rule.alerted;
  rule.alerted = new Set();
}

/** Any user may fill the unit directories of their own, with files that are theirs; those of the system only root. */
function ownerOf({ file, user, tickward }: FileEvent): string | undefined {
  return tickward.scope === 'user' ? file.uid ?? user?.id : undefined;
}

function shareOf({ shares }: Running, uid: string | undefined): Share {
  let share = shares.get(uid);
  if (share === undefined) {
    share = { shown: 0, excepted: 0, suppressed: 0 };
    shares.set(uid, share);
  }
  return share;
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

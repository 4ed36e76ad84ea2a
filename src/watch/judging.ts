import type { KnownEntry } from '../model/baseline.ts';
import { messageOf } from '../model/errors.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { AlertException } from '../model/exception.ts';
import type { Detector } from '../rule/detect.ts';
import type { Rule } from '../rule/load.ts';
import type { Recorder } from '../store/recorder.ts';
import type { Store } from '../store/index.ts';
import { lookBack, rememberAlerts } from './look-back.ts';

export interface JudgingOptions {
  store: Store;
  rules: () => Promise<readonly Rule[]>;
  onEvents?: (events: readonly FileEvent[]) => void;
  onAlert?: (alert: Alert) => void;
  onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void;
}

/** Events to alerts, and both into the store. Rules take longer to load than the sensor to start, so that it does not wait for them. */
export class Judging {
  private readonly options: JudgingOptions;
  private readonly recorder: Recorder;
  private readonly started = Date.now();
  private detector: Detector | undefined;
  private exceptions: readonly AlertException[] = [];
  /** Of the events that are judged together. */
  private together: { exceptions?: readonly AlertException[] } | undefined;
  private waiting: { events: readonly FileEvent[]; known: readonly KnownEntry[] }[] = [];

  constructor(options: JudgingOptions, recorder: Recorder) {
    this.options = options;
    this.recorder = recorder;
  }

  async start(): Promise<void> {
    const { store, onNotice } = this.options;
    const [rules, { createDetector }, { createExceptionOf }] = await Promise.all([this.options.rules(), import('../rule/detect.ts'), import('../rule/exceptions.ts')]);
    const detector = createDetector(
      rules,
      ({ rule, uid, given, remainingMs }) => onNotice({ level: 'warn', message: `the rule ${rule.name} gave its ${given} alerts of this interval${uid === undefined ? '' : ` for the directories of uid ${uid}`}: what else it matches gives none for ${Math.ceil(remainingMs / 1000)} s, tickward events shows all` }),
      createExceptionOf(() => this.readExceptions()),
    );
    const reachMs = Math.max(detector.lookBackMs, ...rules.map(({ interval_ms }) => interval_ms));
    await this.tolerantly(() => rememberAlerts(store, detector, Date.now(), reachMs));
    this.detector = detector;
    for (const { events, known } of this.waiting.splice(0)) this.take(events, known);
    await this.tolerantly(async () => {
      for await (const alerts of lookBack(store, detector, this.started)) this.give([], [], alerts);
    });
  }

  /** A store that cannot be read now is no reason not to judge what comes. */
  private async tolerantly(work: () => Promise<void> | void): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.onNotice({ level: 'warn', message: `what was stored before is not judged: ${messageOf(error)}` });
    }
  }

  /** Once for all events that come together. While the store cannot be read, those that were known count. */
  private readExceptions(): readonly AlertException[] {
    if (this.together?.exceptions !== undefined) return this.together.exceptions;
    try {
      this.exceptions = this.options.store.exceptions.all();
    } catch {
      // The recorder tells of a store that does not work.
    }
    if (this.together !== undefined) this.together.exceptions = this.exceptions;
    return this.exceptions;
  }

  take(events: readonly FileEvent[], known: readonly KnownEntry[]): void {
    if (this.detector === undefined) {
      // What is there at the first start needs no judgement, and is known from now on.
      if (events.length === 0 && this.waiting.length === 0) this.recorder.record(events, known);
      else this.waiting.push({ events, known });
      return;
    }
    const { detector } = this;
    this.together = {};
    const alerts: Alert[] = [];
    const now = Date.now();
    for (const event of events) alerts.push(...detector.judge(event, now));
    this.together = undefined;
    this.give(events, known, alerts);
  }

  /** An alert is stored with its event or waits with it, and is shown all the same; not so where an exception covers it. */
  private give(events: readonly FileEvent[], known: readonly KnownEntry[], alerts: readonly Alert[]): void {
    this.recorder.record(events, known, alerts);
    if (events.length > 0) this.options.onEvents?.(events);
    for (const alert of alerts) if (alert.suppressed_by === undefined) this.options.onAlert?.(alert);
  }
}

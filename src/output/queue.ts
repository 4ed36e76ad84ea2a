/** Between the sensor and a sink: takes alerts at once, gives them on as the sink can, and never holds up who fills it. */
import { messageOf } from '../model/errors.ts';
import type { Alert } from '../model/event.ts';
import { printable } from '../model/text.ts';
import type { Sink } from './types.ts';

export type OnNotice = (notice: { level: 'info' | 'warn'; message: string }) => void;

export interface QueueLimits {
  /** Alerts that wait: more are dropped, and counted. */
  capacity: number;
  /** Between two tries of one that failed, ms. */
  retryMs: number;
}

/** Some 5 KB each. */
export const LIMITS: QueueLimits = { capacity: 1_000, retryMs: 1_000 };

export class OutputQueue {
  private readonly sink: Sink;
  private readonly onNotice: OnNotice;
  private readonly limits: QueueLimits;
  private waiting: Alert[] = [];
  private running = 0;
  private dropped = 0;
  private trouble: string | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;
  /** What is still under way was counted as lost. */
  private ended = false;
  private onIdle: (() => void) | undefined;

  constructor(sink: Sink, onNotice: OnNotice, limits: QueueLimits = LIMITS) {
    this.sink = sink;
    this.onNotice = onNotice;
    this.limits = limits;
  }

  push(alert: Alert): void {
    if (this.closed) return;
    if (this.waiting.length >= this.limits.capacity) {
      this.dropped += 1;
      if (this.dropped === 1) this.onNotice({ level: 'warn', message: `${this.sink.name} does not keep up: ${this.waiting.length} alerts wait for it, further ones are dropped there (tickward alerts has them)` });
      return;
    }
    this.waiting.push(alert);
    this.pump();
  }

  /** Gives on what waits, for so long at most, and says what was not taken. */
  async close(withinMs: number): Promise<void> {
    this.closed = true;
    let limit: NodeJS.Timeout | undefined;
    if (!this.isIdle()) {
      const idle = new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
      const late = new Promise<void>((resolve) => {
        limit = setTimeout(resolve, withinMs);
      });
      await Promise.race([idle, late]);
    }
    clearTimeout(limit);
    clearTimeout(this.retry);
    const left = this.waiting.length + this.running;
    this.waiting = [];
    this.ended = true;
    if (left > 0) this.onNotice({ level: 'warn', message: `${left} alert(s) did not get to ${this.sink.name} (tickward alerts has them)` });
    this.sayDropped();
    await this.sink.close();
  }

  private isIdle(): boolean {
    return this.waiting.length === 0 && this.running === 0;
  }

  private pump(): void {
    while (this.retry === undefined && this.running < this.sink.concurrency) {
      const alert = this.waiting.shift();
      if (alert === undefined) break;
      this.running += 1;
      void this.deliver(alert);
    }
    if (!this.isIdle()) return;
    this.sayDropped();
    this.onIdle?.();
  }

  private async deliver(alert: Alert): Promise<void> {
    try {
      await this.sink.deliver(alert);
      this.succeeded();
    } catch (error) {
      this.failed(alert, error);
    } finally {
      this.running -= 1;
      this.pump();
    }
  }

  private succeeded(): void {
    if (this.trouble === undefined) return;
    this.trouble = undefined;
    this.onNotice({ level: 'info', message: `${this.sink.name} takes alerts again` });
  }

  private failed(alert: Alert, error: unknown): void {
    if (this.ended) return;
    if (!this.sink.retries) {
      this.onNotice({ level: 'warn', message: `${this.sink.name}: the alert ${printable(alert.id)} failed: ${messageOf(error)}` });
      return;
    }
    const message = messageOf(error);
    if (message !== this.trouble) this.onNotice({ level: 'warn', message: `${this.sink.name} takes no alert, it is tried again: ${message}` });
    this.trouble = message;
    this.waiting.unshift(alert);
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.pump();
    }, this.limits.retryMs);
  }

  private sayDropped(): void {
    if (this.dropped === 0) return;
    this.onNotice({ level: 'warn', message: `${this.dropped} alert(s) were dropped for ${this.sink.name}: it did not keep up` });
    this.dropped = 0;
  }
}

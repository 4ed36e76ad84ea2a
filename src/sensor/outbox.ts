/** What was found and is yet to be given away: events, and with them what is known from then on. */
import type { KnownEntry } from '../model/baseline.ts';
import type { FileEvent } from '../model/event.ts';
import type { SensorOptions } from './index.ts';

export class Outbox {
  private readonly onEvents: SensorOptions['onEvents'];
  private events: FileEvent[] = [];
  private known: KnownEntry[] = [];

  constructor(onEvents: SensorOptions['onEvents']) {
    this.onEvents = onEvents;
  }

  tell(event: FileEvent): void {
    this.events.push(event);
  }

  readonly know = (known: KnownEntry): void => {
    this.known.push(known);
  };

  /** All of it at once. */
  emit(): void {
    const { events, known } = this;
    if (events.length === 0 && known.length === 0) return;
    this.events = [];
    this.known = [];
    this.onEvents(events, known);
  }
}

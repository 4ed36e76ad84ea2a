/** Keeps what a failing disk will not take until it does, so that a full disk delays events but loses none. */
import type { KnownEntry } from '../model/baseline.ts';
import { messageOf } from '../model/errors.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { Events } from './events.ts';

export interface Recorder {
  /** Never throws: what cannot be stored now waits and is tried again with the next batch and every `RETRY_MS`. What belongs together is stored together or not at all. */
  record(events: readonly FileEvent[], known?: readonly KnownEntry[], alerts?: readonly Alert[]): void;
  /** Events that wait in memory. */
  readonly waiting: number;
  /** Tries once more and gives the number of events that could not be stored. */
  close(): number;
}

interface Batch {
  events: readonly FileEvent[];
  known: readonly KnownEntry[];
  alerts: readonly Alert[];
}

const RETRY_MS = 1_000;

/** Two to three KB each at worst: 50 MB are bearable on a host in trouble. */
const MOST_WAITING = 20_000;

/** Changes of what is known, some 150 bytes each. */
const MOST_KNOWN_WAITING = 100_000;

/** Events in one transaction when those that waited are stored: a disk that has room for some takes some. */
const TOGETHER = 500;

/** `onStored` is told after each batch that was stored. */
export function createRecorder(events: Pick<Events, 'appendNew'>, onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void, onStored?: (count: number) => void): Recorder {
  let waiting: Batch[] = [];
  let retry: NodeJS.Timeout | undefined;

  /** Batches at the front that go into one transaction. */
  const front = (): { count: number; batch: Batch } => {
    const [first] = waiting;
    if (first !== undefined && waiting.length === 1) return { count: 1, batch: first };
    let count = 0;
    let size = 0;
    for (const batch of waiting) {
      if (count > 0 && size + batch.events.length > TOGETHER) break;
      count += 1;
      size += batch.events.length;
    }
    const taken = waiting.slice(0, count);
    return { count, batch: { events: taken.flatMap((batch) => batch.events), known: taken.flatMap((batch) => batch.known), alerts: taken.flatMap((batch) => batch.alerts) } };
  };

  const flush = (): void => {
    const before = eventsIn(waiting);
    try {
      while (waiting.length > 0) {
        const { count, batch } = front();
        events.appendNew(batch.events, batch.known, batch.alerts);
        waiting = waiting.slice(count);
        onStored?.(batch.events.length + batch.known.length);
      }
      if (retry !== undefined) {
        clearInterval(retry);
        retry = undefined;
        onNotice({ level: 'info', message: `${before} event(s) that waited in memory are stored now` });
      }
    } catch (error) {
      if (retry === undefined) {
        onNotice({ level: 'warn', message: `events are kept in memory for now: ${messageOf(error)}` });
        retry = setInterval(flush, RETRY_MS);
        retry.unref();
      }
      const lost = dropOldest();
      if (lost > 0) onNotice({ level: 'warn', message: `${lost} event(s) are lost: the store has not taken any for too long` });
    }
  };

  /** What is known goes with its events: the next start compares with what was stored before them, and finds what they told of. */
  const dropOldest = (): number => {
    let [count, known] = [eventsIn(waiting), waiting.reduce((sum, batch) => sum + batch.known.length, 0)];
    let lost = 0;
    let dropped = 0;
    for (const batch of waiting.slice(0, -1)) {
      if (count <= MOST_WAITING && known <= MOST_KNOWN_WAITING) break;
      count -= batch.events.length;
      known -= batch.known.length;
      lost += batch.events.length;
      dropped += 1;
    }
    waiting = waiting.slice(dropped);
    return lost;
  };

  return {
    record(batch, known = [], alerts = []) {
      if (batch.length + known.length + alerts.length === 0) return;
      waiting.push({ events: batch, known, alerts });
      flush();
    },
    get waiting() {
      return eventsIn(waiting);
    },
    close() {
      if (waiting.length > 0) flush();
      clearInterval(retry);
      return eventsIn(waiting);
    },
  };
}

function eventsIn(batches: readonly Batch[]): number {
  return batches.reduce((sum, batch) => sum + batch.events.length, 0);
}

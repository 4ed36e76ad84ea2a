/** Keeps what a failing disk will not take until it does, so that a full disk delays events but loses none. */
import { messageOf } from '../model/errors.ts';
import type { FileEvent } from '../model/event.ts';
import type { Events } from './events.ts';

export interface Recorder {
  /** Never throws: what cannot be stored now waits and is tried again with the next batch and every `RETRY_MS`. */
  record(events: readonly FileEvent[]): void;
  /** Events that wait in memory. */
  readonly waiting: number;
  /** Tries once more and gives the number that could not be stored. */
  close(): number;
}

const RETRY_MS = 1_000;

/** About 2 KB each: 200 MB at most would be too much on a host in trouble, 40 MB is not. */
const MOST_WAITING = 20_000;

export function createRecorder(events: Pick<Events, 'append'>, onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void): Recorder {
  let waiting: FileEvent[] = [];
  let retry: NodeJS.Timeout | undefined;

  const flush = (): void => {
    if (waiting.length === 0) return;
    const before = waiting.length;
    try {
      events.append(waiting);
      waiting = [];
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
      if (waiting.length > MOST_WAITING) {
        onNotice({ level: 'warn', message: `${waiting.length - MOST_WAITING} event(s) are lost: the store has not taken any for too long` });
        waiting = waiting.slice(-MOST_WAITING);
      }
    }
  };

  return {
    record(batch) {
      waiting = waiting.length === 0 ? [...batch] : waiting.concat(batch);
      flush();
    },
    get waiting() {
      return waiting.length;
    },
    close() {
      flush();
      clearInterval(retry);
      return waiting.length;
    },
  };
}

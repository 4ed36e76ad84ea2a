/** Keeps the store small and quick while a process stores: deletes what the retention does not keep, a bit at a time, every hour and after many events. */
import { messageOf } from '../model/errors.ts';
import type { Baseline } from './baseline.ts';
import type { Events } from './events.ts';
import type { WrittenLog } from './log.ts';
import type { Retention } from './prune.ts';

export interface Keeper {
  /** Tells it how much was stored, in one transaction. */
  stored(count: number): void;
  close(): void;
}

const EVERY_MS = 3_600_000;
const FIRST_AFTER_MS = 60_000;

/** Between two steps of some 10 ms the sensor has its turn. */
const PAUSE_MS = 10;

/** So many events more than what was kept are reason enough to begin: a storm must not fill the disk until the hour is over. */
const MANY = 50_000;

export function createKeeper(store: { events: Pick<Events, 'prune'>; baseline: Pick<Baseline, 'compact'>; log: Pick<WrittenLog, 'grew'> }, retention: Retention, onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void): Keeper {
  const reason = Math.min(MANY, Math.max(1, Math.ceil(retention.maxCount / 10)));
  let since = 0;
  let next: NodeJS.Timeout | undefined;
  const later = (ms: number): void => {
    clearTimeout(next);
    next = setTimeout(step, ms);
    next.unref();
  };
  const step = (): void => {
    let isMore = false;
    try {
      isMore = store.events.prune(retention, Date.now()) > 0;
      isMore = store.baseline.compact() || isMore;
    } catch (error) {
      onNotice({ level: 'warn', message: messageOf(error) });
    }
    later(isMore ? PAUSE_MS : EVERY_MS);
  };
  later(FIRST_AFTER_MS);
  return {
    stored(count) {
      store.log.grew(count);
      since += count;
      if (since < reason) return;
      since = 0;
      later(PAUSE_MS);
    },
    close: () => clearTimeout(next),
  };
}

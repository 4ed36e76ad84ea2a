/** How long and how many events are kept: said in days and numbers, by the environment or the configuration. */
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Retention } from './prune.ts';

export type { Retention };

const DEFAULT_RETENTION = { days: 90, events: 1_000_000 } as const;

export const MOST_DAYS = 36_500;

const DAY_MS = 86_400_000;

export function retentionOf({ days = DEFAULT_RETENTION.days, events = DEFAULT_RETENTION.events }: { days?: number | undefined; events?: number | undefined }): Retention {
  return { maxAgeMs: Math.round(days * DAY_MS), maxCount: events };
}

/** From TICKWARD_RETENTION_DAYS and TICKWARD_RETENTION_EVENTS, else from `otherwise`. Throws USAGE when one of them is no such number. */
export function retentionFrom(environment: NodeJS.ProcessEnv, otherwise: { days?: number | undefined; events?: number | undefined } = {}): Retention {
  const read = (name: string, isFine: (value: number) => boolean, expected: string): number | undefined => {
    const text = environment[name];
    if (text === undefined || text === '') return undefined;
    const value = Number(text);
    if (!isFine(value)) throw new TickwardError('USAGE', `${printable(text)} is no value for ${name}: it takes ${expected}`, { hint: `unset ${name}, or give ${expected}` });
    return value;
  };
  return retentionOf({
    days: read('TICKWARD_RETENTION_DAYS', (value) => value > 0 && value <= MOST_DAYS, `a number of days above 0, at most ${MOST_DAYS}`) ?? otherwise.days,
    events: read('TICKWARD_RETENTION_EVENTS', (value) => Number.isSafeInteger(value) && value > 0, 'a whole number from 1') ?? otherwise.events,
  });
}

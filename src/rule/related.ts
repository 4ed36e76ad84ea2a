/** Which alerts have to do with one: the same user, host, program or file. */
import { legiblePath, type Alert } from '../model/event.ts';

export const RELATED_WITHIN_MS = 48 * 3_600_000;

export type Relation = 'user' | 'host' | 'program' | 'path';

export interface Related {
  relation: Relation;
  /** What they have in common. */
  value: string;
  count: number;
  /** Newest first, `MOST_IDS` at most. */
  ids: string[];
}

export const MOST_IDS = 100;

const VALUE_OF: Record<Relation, (alert: Alert) => string | undefined> = {
  user: ({ event }) => event.user?.name ?? event.user?.id,
  host: ({ event }) => event.host.id ?? event.host.name,
  program: ({ event }) => event.process?.executable,
  path: ({ event }) => legiblePath(event),
};

/** `others` in the order of time; the alert itself among them does not count. A relation of which the alert has no value is left out. */
export function relatedTo(alert: Alert, others: Iterable<Alert>): Related[] {
  const found = Object.entries(VALUE_OF).flatMap(([relation, valueOf]) => {
    const value = valueOf(alert);
    return value === undefined ? [] : [{ relation: relation as Relation, value, valueOf, ids: [] as string[] }];
  });
  for (const other of others) if (other.id !== alert.id) for (const { value, valueOf, ids } of found) if (valueOf(other) === value) ids.push(other.id);
  return found.map(({ relation, value, ids }) => ({ relation, value, count: ids.length, ids: ids.toReversed().slice(0, MOST_IDS) }));
}

/** What a check is: something that a program can find out about an event, as a table with what it means. */
import type { Evidence } from '../evidence.ts';
import type { Indicators, Moment, Sign } from '../result.ts';

export type Language = 'en' | 'zh-CN';

export interface Check {
  /** What guides call it: `<!-- tickward answers: chain -->`. */
  id: string;
  title: Record<Language, string>;
  look(evidence: Evidence): Outcome | Promise<Outcome>;
}

/** A missing list is an empty one. */
export interface Outcome {
  columns: readonly string[];
  rows: readonly Record<string, string>[];
  warnings?: readonly string[];
  /** Why there was nothing to look at. */
  skipped?: string;
  signs?: readonly Sign[];
  moments?: readonly Moment[];
  indicators?: Partial<Indicators>;
  /** The query, where the engine answered. */
  sql?: string;
  /** By pid. */
  connections?: ReadonlyMap<number, readonly string[]>;
}

/** Around a moment: what belongs to one action, ms. */
export const NEAR_MS = 3_600_000;
export const DAY_MS = 24 * NEAR_MS;

/** A table of two columns; what is not known is left out. */
export function settings(rows: readonly (readonly [string, string | null | undefined])[]): Pick<Outcome, 'columns' | 'rows'> {
  return { columns: ['what', 'value'], rows: rows.flatMap(([what, value]) => (value === null || value === undefined || value === '' ? [] : [{ what, value }])) };
}

/** Nobody but root changes what is there; below, everyone may make files. */
export const FOR_EVERYONE = /^(?:\/tmp|\/var\/tmp|\/dev\/shm|\/run\/lock|\/run\/shm)\//;

export function nameOfUser({ host }: Pick<Evidence, 'host'>, uid: number): string {
  return host.users.find((user) => user.uid === uid)?.name ?? String(uid);
}

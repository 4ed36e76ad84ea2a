/** What a benchmark is and what it gives. */
import type { JsonValue } from './json.ts';
import type { Lab } from './lab.ts';

export const RIVALS = ['inotifywait', 'fatrace'] as const;
export type RivalName = (typeof RIVALS)[number];

export interface Figure {
  name: string;
  /** NaN where it could not be measured; the note says why. */
  value: number;
  /** `%`, `ms`, `µs`, `MB`, `×`, or a word for what is counted. */
  unit: string;
  /** From the issue that asks for it. A figure without one is shown for comparison. */
  target?: { least: number } | { most: number };
  /** Ours divided by theirs in the same run: below 1 we need less. */
  ratios?: Partial<Record<RivalName, number>>;
  note?: string;
}

export interface Measured {
  figures: Figure[];
  /** Everything that the figures were made from. */
  raw: JsonValue;
}

export interface Benchmark {
  name: string;
  summary: string;
  /** It is given up after this time. Seconds. */
  limit: number;
  run(lab: Lab): Promise<Measured>;
}

/** undefined without a target. */
export function isMet({ value, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return 'least' in target ? value >= target.least : value <= target.most;
}

/** What lint says of a rule. */
import type { Place } from '../model/errors.ts';
import { shorten } from '../model/text.ts';

/** What may be suspicious in a query. */
export const QUERY_CHECKS = ['wildcard-in-list', 'unknown-field', 'unknown-category', 'dead-alternative', 'contradiction', 'name-only-exclusion', 'too-large'] as const;

export type QueryCheck = (typeof QUERY_CHECKS)[number];

/** Names that scripts use, and `// allow` comments in a query. */
export type Check = QueryCheck | 'allowance' | 'unknown-key' | 'not-run' | 'not-applied' | 'guide-reference' | 'guide-query' | 'duplicate-id' | 'export';

export interface QueryFinding {
  check: QueryCheck;
  message: string;
  hint: string;
  /** In the query, in UTF-16 units from 0. */
  offset: number;
}

export interface Finding {
  check: Check;
  message: string;
  /** What to do about it. */
  hint: string;
  place: Place;
}

const LONGEST_QUOTE = 80;

/** A value of a query in a message. */
export function quoted(value: unknown): string {
  return shorten(JSON.stringify(value), LONGEST_QUOTE);
}

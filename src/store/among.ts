/** A value among others, in SQL. */
import type { SQLInputValue } from 'node:sqlite';

/** SQLite takes 32,766 variables (SQLITE_MAX_VARIABLE_NUMBER); a JOIN of osquery may give more values. */
export const MOST_MARKS = 256;

/** What stands in the brackets behind IN, and what it takes, numbered from `from`: each value by itself, or many as one. */
export function among(given: readonly SQLInputValue[], from: number): { sql: string; values: readonly SQLInputValue[] } {
  if (given.length > MOST_MARKS) return { sql: `SELECT value FROM json_each(?${from})`, values: [JSON.stringify(given)] };
  return { sql: given.map((_, index) => `?${from + index}`).join(', '), values: given };
}

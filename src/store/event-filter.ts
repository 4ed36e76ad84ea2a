/** Which events somebody wants, and the SQL that finds them. */
import type { SQLInputValue } from 'node:sqlite';
import { SPAN_BITS } from './spans.ts';

export interface EventFilter {
  /** Milliseconds since the epoch, inclusive. */
  since?: number;
  until?: number;
  ids?: readonly string[];
  paths?: readonly string[];
  actions?: readonly string[];
  units?: readonly string[];
  /** The newest so many. */
  limit?: number;
}

/** Values of a filter are numbered from here: ?1 and ?2 are the first and the last seq. */
export const FIRST_VALUE = 3;

/** SQLite takes 32,766 variables (SQLITE_MAX_VARIABLE_NUMBER); a JOIN of osquery may give more values. */
const MOST_MARKS = 256;

/** Of those with so many values it is found once where they lie, by looking at all: not anew for each page, or by an index for each value. */
export function hasMany({ ids, paths, actions, units }: EventFilter): boolean {
  return [ids, paths, actions, units].some((given) => given !== undefined && given.length > MOST_MARKS);
}

/** What stands in the brackets behind IN, and what it takes, numbered from `from`: each value by itself, or many as one. */
export function among(given: readonly SQLInputValue[], from: number): { sql: string; values: readonly SQLInputValue[] } {
  if (given.length > MOST_MARKS) return { sql: `SELECT value FROM json_each(?${from})`, values: [JSON.stringify(given)] };
  return { sql: given.map((_, index) => `?${from + index}`).join(', '), values: given };
}

/** Names are looked for through the index of their span: ?1 and ?2 must lie in one, but where there are ids or many values. */
export function whereOf(filter: EventFilter): { where: string; values: SQLInputValue[] } {
  const { since, until, ids, paths, actions, units } = filter;
  const conditions = ['seq BETWEEN ?1 AND ?2'];
  const values: SQLInputValue[] = [];
  const add = (given: readonly SQLInputValue[]): string => {
    const placed = among(given, values.length + FIRST_VALUE);
    values.push(...placed.values);
    return placed.sql;
  };
  const here = `seq >> ${SPAN_BITS} = ?1 >> ${SPAN_BITS}`;
  const byName = (names: readonly string[]): string => `SELECT seq FROM events INDEXED BY events_by_name WHERE ${here} AND name IN (${add(names)})`;
  // An index is of no use for what is none of nothing, nor where all spans are looked at together.
  const uses = (wanted: readonly string[]): boolean => ids === undefined && wanted.length > 0 && !hasMany(filter);
  if (paths !== undefined) {
    if (uses(paths)) conditions.push(`seq IN (${byName([...new Set(paths.map((path) => cutPath(path).name))])})`);
    conditions.push(`directory || '/' || name IN (${add(paths)})`);
  }
  if (units !== undefined) {
    if (uses(units) && paths === undefined) conditions.push(`seq IN (${byName(units)} UNION ALL SELECT seq FROM events INDEXED BY events_by_unit WHERE ${here} AND unit IS NOT NULL AND unit IN (${add(units)}))`);
    conditions.push(`coalesce(unit, name) IN (${add(units)})`);
  }
  if (since !== undefined) conditions.push(`time >= ${add([since])}`);
  if (until !== undefined) conditions.push(`time <= ${add([until])}`);
  if (actions !== undefined) conditions.push(`action IN (${add(actions)})`);
  return { where: conditions.join(' AND '), values };
}

export function cutPath(path: string): { directory: string; name: string } {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? { directory: '', name: path } : { directory: path.slice(0, cut), name: path.slice(cut + 1) };
}

/** Which events somebody wants, and the SQL that finds them. */
import type { SQLInputValue } from 'node:sqlite';
import { among, MOST_MARKS } from './among.ts';
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
const FIRST_VALUE = 3;

/** Of those with so many values it is found by looking at all where they lie, not by an index for each value. */
export function hasMany({ ids, paths, actions, units }: EventFilter): boolean {
  return [ids, paths, actions, units].some((given) => given !== undefined && given.length > MOST_MARKS);
}

/** A statement, and what its `?3` and following stand for. */
interface Condition {
  where: string;
  values: SQLInputValue[];
}

/** What the events are, but for their ids. */
export function whereOf({ since, until, paths, actions, units }: EventFilter): Condition {
  const conditions = ['seq BETWEEN ?1 AND ?2'];
  const values: SQLInputValue[] = [];
  if (paths !== undefined) conditions.push(`directory || '/' || name IN (${add(values, paths)})`);
  if (units !== undefined) conditions.push(`coalesce(unit, name) IN (${add(values, units)})`);
  if (since !== undefined) conditions.push(`time >= ${add(values, [since])}`);
  if (until !== undefined) conditions.push(`time <= ${add(values, [until])}`);
  if (actions !== undefined) conditions.push(`action IN (${add(values, actions)})`);
  return { where: conditions.join(' AND '), values };
}

/** What finds where those lie that have one of some ids, paths or units; unsorted, each once. Few names are looked for through the index of each span, in one statement: to ask span by span takes ten times as long. */
export function seqsOf(filter: EventFilter): { sql: string; values: SQLInputValue[] } {
  const { since, until, ids, paths, units } = filter;
  const { where, values } = whereOf(filter);
  // Plus: the index is of an expression, which has no affinity; compared with a column that has one it would not be used.
  const inSpans = (index: string, condition: string): string => {
    const times = [...(since === undefined ? [] : [`newest >= ${add(values, [since])}`]), ...(until === undefined ? [] : [`oldest <= ${add(values, [until])}`])];
    return `SELECT seq FROM spans CROSS JOIN events INDEXED BY ${index} ON seq >> ${SPAN_BITS} = +span WHERE ${[condition, where, ...times].join(' AND ')}`;
  };
  const sql = (): string => {
    if (ids !== undefined) return `SELECT seq FROM events WHERE ${where} AND id IN (${add(values, ids)})`;
    // No index finds what is none of nothing: to insist on one would be an error.
    if (hasMany(filter) || [paths, units].some((given) => given?.length === 0)) return `SELECT seq FROM events WHERE ${where}`;
    if (paths !== undefined) return inSpans('events_by_name', `name IN (${add(values, [...new Set(paths.map((path) => cutPath(path).name))])})`);
    const named = add(values, units ?? []);
    return `${inSpans('events_by_name', `name IN (${named}) AND unit IS NULL`)} UNION ALL ${inSpans('events_by_unit', `unit IS NOT NULL AND unit IN (${named})`)}`;
  };
  return { sql: sql(), values };
}

/** Puts them behind the values that are there; what stands for them in the statement. */
function add(values: SQLInputValue[], given: readonly SQLInputValue[]): string {
  const placed = among(given, values.length + FIRST_VALUE);
  values.push(...placed.values);
  return placed.sql;
}

export function cutPath(path: string): { directory: string; name: string } {
  const cut = path.lastIndexOf('/');
  return cut < 0 ? { directory: '', name: path } : { directory: path.slice(0, cut), name: path.slice(cut + 1) };
}

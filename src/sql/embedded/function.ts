/** What a function for SQL is. */

export type SqlValue = string | number | bigint | Uint8Array | null;

export interface SqlFunction {
  name: string;
  /** Each number of arguments it takes; -1 for any. */
  arity: readonly number[];
  /** Its numbers are reals, whole ones too. */
  real?: true;
  apply(...given: SqlValue[]): SqlValue;
}

/** Its message is the whole text that the query fails with. */
export class SqlError extends Error {
  override name = '';
}

/** Text of a value as SQLite gives it to C, where a NUL ends it; undefined for NULL. */
export function textOf(value: SqlValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

export function isInteger(value: SqlValue | undefined): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value);
}

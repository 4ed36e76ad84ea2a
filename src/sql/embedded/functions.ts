/** The SQL functions and collations that osquery adds to SQLite and that guides use (https://osquery.readthedocs.io/en/stable/introduction/sql/), with its error texts. Not `carve` and `sleep`: they act, and queries here only read. */
import type { SqlFunction, SqlValue } from './function.ts';
import type { Sqlite3 } from './memory.ts';
import { mathFunctions } from './math-functions.ts';
import { networkFunctions } from './network-functions.ts';
import { regexFunctions } from './regex-functions.ts';
import { textFunctions } from './text-functions.ts';
import { compareVersions, RULES, versionFunctions } from './version-functions.ts';

const SQLITE_UTF8 = 1;

/** `remaining` gives the milliseconds that the running query has left. */
export function addFunctions(sqlite3: Sqlite3, database: InstanceType<Sqlite3['oo1']['DB']>, remaining: () => number): void {
  const functions: readonly SqlFunction[] = [...mathFunctions, ...networkFunctions, ...regexFunctions(remaining), ...textFunctions, ...versionFunctions];
  const resultReal = sqlite3.capi.sqlite3_result_double as unknown as (context: number, value: number) => void;
  for (const { name, arity: arities, apply, real } of functions) {
    const xFunc = (context: number, ...given: SqlValue[]): SqlValue | undefined => {
      const value = apply(...given);
      if (real !== true || typeof value !== 'number') return value;
      // A whole number would be given as an integer otherwise.
      resultReal(context, value);
      return undefined;
    };
    for (const arity of arities) database.createFunction({ name, arity, deterministic: true, xFunc } as never);
  }
  for (const [name, rules] of Object.entries(RULES)) addCollation(sqlite3, database, name, (left, right) => compareVersions(left, right, rules));
}

function addCollation({ capi, wasm }: Sqlite3, database: InstanceType<Sqlite3['oo1']['DB']>, name: string, compare: (left: string, right: string) => number): void {
  const textAt = (pointer: number, length: number): string => Buffer.from(wasm.heap8u().subarray(pointer, pointer + length)).toString('utf8');
  const collate = (_argument: number, leftLength: number, left: number, rightLength: number, right: number): number => compare(textAt(left, leftLength), textAt(right, rightLength));
  const code = (capi.sqlite3_create_collation_v2 as unknown as (...given: unknown[]) => number)(database.pointer, name, SQLITE_UTF8, 0, collate, 0);
  if (code !== 0) throw new Error(`sqlite3_create_collation_v2(${name}): ${code}`);
}

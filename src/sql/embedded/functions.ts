/** The SQL functions that osquery adds to SQLite and that guides use (https://osquery.readthedocs.io/en/stable/introduction/sql/). */
import { createHash } from 'node:crypto';
import type { Sqlite3 } from './memory.ts';

type SqlValue = string | number | bigint | Uint8Array | null;

interface SqlFunction {
  name: string;
  /** -1: any number. */
  arity: number;
  apply(...given: SqlValue[]): SqlValue;
}

function textOf(value: SqlValue | undefined): string | undefined {
  if (value === null || value === undefined) return undefined;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
}

const digest = (algorithm: string): SqlFunction => ({ name: algorithm, arity: 1, apply: (value) => (value === null ? null : createHash(algorithm).update(value instanceof Uint8Array ? value : String(value)).digest('hex')) });

/** The longest subject of a pattern from a query, against patterns that backtrack without end. */
const MOST_MATCHED = 10_000;

export const functions: readonly SqlFunction[] = [
  digest('md5'),
  digest('sha1'),
  digest('sha256'),
  {
    name: 'split',
    arity: 3,
    apply(text, separators, index) {
      const subject = textOf(text);
      const wanted = textOf(separators);
      if (subject === undefined || !wanted) return null;
      const parts = subject.split(new RegExp(`[${wanted.replace(/[\\\]^-]/g, '\\$&')}]`)).filter((part) => part !== '');
      return parts[Number(index)] ?? null;
    },
  },
  {
    name: 'regex_match',
    arity: 3,
    apply(text, pattern, index) {
      const subject = textOf(text);
      const source = textOf(pattern);
      if (subject === undefined || source === undefined || subject.length > MOST_MATCHED) return null;
      return new RegExp(source).exec(subject)?.[Number(index)] ?? null;
    },
  },
  {
    name: 'regex_split',
    arity: 3,
    apply(text, pattern, index) {
      const subject = textOf(text);
      const source = textOf(pattern);
      if (subject === undefined || source === undefined || subject.length > MOST_MATCHED) return null;
      return subject.split(new RegExp(source))[Number(index)] ?? null;
    },
  },
  { name: 'concat', arity: -1, apply: (...given) => given.map((value) => textOf(value) ?? '').join('') },
  { name: 'concat_ws', arity: -1, apply: (separator, ...given) => given.flatMap((value) => textOf(value) ?? []).join(textOf(separator) ?? '') },
  {
    name: 'inet_aton',
    arity: 1,
    apply(address) {
      const parts = (textOf(address) ?? '').split('.').map(Number);
      return parts.length === 4 && parts.every((part) => Number.isInteger(part) && part >= 0 && part <= 255) ? parts.reduce((sum, part) => sum * 256 + part, 0) : null;
    },
  },
  { name: 'to_base64', arity: 1, apply: (value) => (value === null ? null : Buffer.from(value instanceof Uint8Array ? value : String(value)).toString('base64')) },
  { name: 'from_base64', arity: 1, apply: (value) => (value === null ? null : Buffer.from(String(value), 'base64').toString('utf8')) },
  { name: 'version_compare', arity: 2, apply: (first, second) => compareVersions(textOf(first) ?? '', textOf(second) ?? '') },
];

/** Runs of digits as numbers, the rest as text: -1, 0 or 1. */
function compareVersions(first: string, second: string): number {
  const parts = (text: string): string[] => text.match(/\d+|[a-z]+/gi) ?? [];
  const [a, b] = [parts(first), parts(second)];
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left = '', right = ''] = [a[index], b[index]];
    const numeric = /^\d*$/.test(left) && /^\d*$/.test(right);
    const order = numeric ? Number(left) - Number(right) : left < right ? -1 : left > right ? 1 : 0;
    if (order !== 0) return Math.sign(order);
  }
  return 0;
}

export function addFunctions(database: InstanceType<Sqlite3['oo1']['DB']>): void {
  for (const { name, arity, apply } of functions) {
    database.createFunction({ name, arity, deterministic: true, xFunc: (_context: unknown, ...given: SqlValue[]) => apply(...given) } as never);
  }
}

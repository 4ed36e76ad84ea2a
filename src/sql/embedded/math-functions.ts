/** osquery's functions of C's math library. SQLite has most by the same names, but of its `log` the base is 10, its `ceil` and `floor` give reals, and where C sets errno it gives NULL. */
import { SqlError, type SqlFunction, type SqlValue } from './function.ts';

// strerror(3) of EDOM and ERANGE, as osquery says it.
const OUT_OF_DOMAIN = 'Numerical argument out of domain';
const OUT_OF_RANGE = 'Numerical result out of range';

/** A real as SQLite reads one: the number that a text begins with, else 0. */
function realOf(value: SqlValue): number {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : (value ?? '');
  return Number(/^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/i.exec(text)?.[1] ?? 0);
}

/** What of finite numbers is no number is out of domain, what is infinite or has become nothing is out of range. */
function checked(result: number, ...given: number[]): number {
  if (!given.every(Number.isFinite)) return result;
  if (Number.isNaN(result)) throw new SqlError(OUT_OF_DOMAIN);
  if (!Number.isFinite(result)) throw new SqlError(OUT_OF_RANGE);
  return result;
}

const ofReal = (name: string, of: (value: number) => number): SqlFunction => ({
  name,
  arity: [1],
  real: true,
  apply: (value = null) => (value === null ? null : checked(of(realOf(value)), realOf(value))),
});

const toInteger = (name: string, of: (value: number) => number): SqlFunction => ({
  name,
  arity: [1],
  apply: (value = null) => (value === null || typeof value === 'bigint' || Number.isInteger(value) ? value : clamped(of(realOf(value)))),
});

function clamped(value: number): bigint {
  return value >= 2 ** 63 || value < -(2 ** 63) || Number.isNaN(value) ? -(2n ** 63n) : BigInt(value);
}

export const mathFunctions: readonly SqlFunction[] = [
  ofReal('sqrt', Math.sqrt),
  ofReal('log', Math.log),
  ofReal('log10', Math.log10),
  ofReal('exp', Math.exp),
  ofReal('sin', Math.sin),
  ofReal('cos', Math.cos),
  ofReal('tan', Math.tan),
  ofReal('cot', (value) => 1 / Math.tan(value)),
  ofReal('asin', Math.asin),
  ofReal('acos', Math.acos),
  ofReal('atan', Math.atan),
  ofReal('degrees', (value) => (180 * value) / Math.PI),
  ofReal('radians', (value) => (value * Math.PI) / 180),
  toInteger('ceil', Math.ceil),
  toInteger('floor', Math.floor),
  { name: 'power', arity: [2], real: true, apply: (base = null, exponent = null) => (base === null || exponent === null ? null : checked(realOf(base) ** realOf(exponent), realOf(base), realOf(exponent))) },
  { name: 'pi', arity: [0], real: true, apply: () => Math.PI },
];

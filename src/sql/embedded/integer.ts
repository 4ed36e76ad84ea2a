/** Values of integer columns, as osquery reads them. */

const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;
/** `1.5` reads 1. */
const WHOLE = /^\s*\+?(-?\d+)(?:\.\d*)?\s*$/;

/** An integer for SQLite; text that is none, and what does not fit, is NULL. Unsigned values wrap, as osquery's do. */
export function integerOf(value: string | number | bigint): bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
  const whole = typeof value === 'string' ? WHOLE.exec(value)?.[1] : value;
  if (whole === undefined) return undefined;
  const integer = BigInt(whole);
  return integer < LEAST || integer > MOST ? undefined : BigInt.asIntN(64, integer);
}

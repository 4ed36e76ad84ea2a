/** How osqueryi prints what SQLite gives, and where in a query something is wrong. */
import { excerptOf, type Place } from '../../model/errors.ts';

/** 15 digits and always a point, as osquery prints reals (SQLite's `%!.15g`): 0.3, 4.0, 1.0e+20. */
export function formatReal(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  const [digits = '', power = '0'] = Math.abs(value).toExponential(14).split('e');
  const exponent = Number(power);
  const sign = value < 0 ? '-' : '';
  if (exponent < -4 || exponent > 14) return `${sign}${trimmed(digits)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return sign + trimmed(Math.abs(value).toFixed(Math.max(1, 14 - exponent)));
}

function trimmed(decimal: string): string {
  return decimal.replace(/0+$/, '').replace(/\.$/, '.0');
}

/** SQLite counts bytes; people count characters. */
export function placeOf(sql: string, byteOffset: number): Place {
  const before = Buffer.from(sql).subarray(0, byteOffset).toString('utf8');
  const lines = before.split('\n');
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return { line: lines.length, column, excerpt: excerptOf(sql.split('\n')[lines.length - 1] ?? '', column) };
}

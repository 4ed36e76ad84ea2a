/** Events that were found, as the numbers under which they lie: in rows, or in a bundle, in one order. */
import type { FoundInBundle } from './bundles.ts';

/** Numbers in order, all of rows or all of one bundle. */
export interface Lot {
  seqs: Float64Array;
  /** The last number of the bundle they are in. */
  bundle?: number;
}

/** No row lies between two events of a bundle. */
export function merged(rows: Float64Array, inBundles: readonly FoundInBundle[]): Lot[] {
  const lots: Lot[] = [];
  let at = 0;
  for (const { last, seqs } of inBundles) {
    let end = at;
    while (end < rows.length && (rows[end] ?? 0) < last) end += 1;
    if (end > at) lots.push({ seqs: rows.subarray(at, end) });
    lots.push({ seqs: Float64Array.from(seqs), bundle: last });
    at = end;
  }
  return at < rows.length ? [...lots, { seqs: rows.subarray(at) }] : lots;
}

/** The newest so many. */
export function newest(lots: readonly Lot[], limit = Infinity): Lot[] {
  let left = limit;
  const kept: Lot[] = [];
  for (const lot of lots.toReversed()) {
    if (left <= 0) break;
    const { seqs } = lot;
    kept.unshift({ ...lot, seqs: seqs.subarray(Math.max(0, seqs.length - left)) });
    left -= seqs.length;
  }
  return kept;
}

export function countIn(lots: readonly Lot[]): number {
  return lots.reduce((sum, { seqs }) => sum + seqs.length, 0);
}

/** The same in lots of at most so many. */
export function* inPages(lots: readonly Lot[], most: number): Generator<Lot> {
  for (const lot of lots) for (let from = 0; from < lot.seqs.length; from += most) yield { ...lot, seqs: lot.seqs.subarray(from, from + most) };
}

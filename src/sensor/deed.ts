/** A change as the question who made it. */
import type { Deed } from './attribution.ts';
import type { Gone } from './backend.ts';
import type { Seen } from './document.ts';
import { realTime } from './libc.ts';

type Stat = Seen['stat'];

export function deedOf({ pid, position, bracket }: Gone, stat?: Stat, orLater = false): Deed {
  return { pid, position, bracket, orLater, ...(stat === undefined ? {} : { changedAt: () => changedAt(stat) }) };
}

/**
 * When the file says that it was last changed in any way, on the clock of the kernel's map. It is stamped with the time of the last tick of the kernel's clock,
 * and ticks may come late: so it is no earlier, but may be later.
 */
function changedAt(stat: NonNullable<Stat>): bigint {
  // Read in this order, so that what passes between the two clocks makes it earlier, which is safe.
  const now = process.hrtime.bigint();
  return stat.ctimeNs - realTime() + now;
}

/** A change as the question who made it. */
import type { Deed } from './attribution.ts';
import type { Change } from './backend.ts';
import { ofFile } from './clocks.ts';
import type { Seen } from './document.ts';

type Stat = Seen['stat'];

export function deedOf({ pid, position, bracket }: Pick<Change, 'pid' | 'position' | 'bracket'>, stat: Stat, orLater: boolean): Deed {
  return { pid, position, bracket, orLater, ...(stat === undefined || stat.birthtimeNs === 0n ? {} : { bornAt: () => bornAt(stat) }) };
}

/**
 * When the file was made, on the clock of the kernel's map; nothing was done to it before. It is stamped with the time of the last tick of the kernel's clock,
 * so it is no later. The other times of a file are those of its last change, which anybody may have made since. 0 where the file system keeps none.
 */
function bornAt(stat: NonNullable<Stat>): bigint {
  return ofFile(stat.birthtimeNs);
}

/** Who alone filled a directory that was made, by the kernel's record of it and of those above. Pure. */
import type { Bracket } from './backend.ts';
import type { Run } from './bpf/images.ts';

/** A directory: `device` is `major:minor`. */
export interface Numbered {
  device: string;
  inode: bigint;
}

/** One that another lies in, and since when it has been where it is for certain, in ns of CLOCK_MONOTONIC. */
export interface Above extends Numbered {
  since: bigint | undefined;
}

/** A process, and from when to when it has to have been one and the same program. */
export interface Filling {
  pid: number;
  bracket: Bracket;
}

/**
 * Who alone brought anything into a directory that was made after `since`, where nobody else changed any above it after the first of that: whoever moves one
 * changes it. Undefined where that was nobody, or several, or is not known.
 */
export function fillingOf(directory: Numbered, above: readonly Above[], since: bigint, runsOf: (directory: Numbered) => readonly Run[] | undefined): Filling | undefined {
  const runs = runsOf(directory) ?? [];
  const [making] = runs;
  const run = soleChanger(runs);
  if (making === undefined || making.first <= since || run === undefined) return undefined;
  let { last } = run;
  for (const each of above) {
    const later = runsOf(each)?.filter((other) => other.last >= run.first);
    if (later === undefined ? each.since === undefined || each.since >= run.first : later.some(({ pid }) => pid !== run.pid)) return undefined;
    // One process, and as one program: also what it did there.
    for (const other of later ?? []) if (other.last > last) ({ last } = other);
  }
  return { pid: run.pid, bracket: { after: run.first, before: last } };
}

/** The one process that changed a directory after its making, as far as the kernel tells: always who put names into it. Undefined where there were several, or none. */
function soleChanger([making, ...later]: readonly Run[]): Run | undefined {
  if (making === undefined || later.length > 1) return undefined;
  // More than the making: then it is one of those that changed it.
  return making.count > 1 ? (later.length === 0 ? making : undefined) : later[0];
}

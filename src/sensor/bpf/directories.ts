/** What is kept of a directory that is made: which processes changed it since, in which order. The programs that keep it are in changes.ts. */
import { MINORBITS } from '../../host/kernel.ts';
import type { Lookup } from './kernel.ts';

/** Processes that are kept of a directory, in the order in which they first took turns. */
export const MOST_RUNS = 4;

/** One process that changed it several times without another in between: byte offsets. Times are ns of CLOCK_MONOTONIC. */
export const RUN = { pid: 0, count: 4, first: 8, last: 16, LENGTH: 24 } as const;

/**
 * Byte offsets in what is kept of the directory that was made last of those that have the slot. Only one that was seen being made is kept, so nothing of it is missing,
 * but where `lost` is set: two wrote at once, or more processes than there is room for.
 */
export const DIRECTORY = { lock: 0, inode: 8, device: 16, lost: 20, used: 24, runs: 32, LENGTH: 32 + MOST_RUNS * RUN.LENGTH } as const;

/** A power of two. 2 MB of kernel memory. */
export const DIRECTORY_SLOTS = 16_384;

/** One slot more counts all changes of whatever inode: how many, and when it was last looked at how fast they come. */
export const PACE_SLOT = DIRECTORY_SLOTS;
export const PACE = { count: 0, looked: 8 } as const;

/** ext4 gives directories numbers some thousands apart, or every sixteenth: higher bits have to count for the slot as well. */
export const FOLDS = [4, 12] as const;

export const placeOfRun = (run: number): number => DIRECTORY.runs + run * RUN.LENGTH;

/** What one process did to a directory without another in between. */
export interface Run {
  pid: number;
  count: number;
  /** ns of CLOCK_MONOTONIC. */
  first: bigint;
  last: bigint;
}

/** All that changed the directory (`major:minor` of its file system) since it was made, its making first; undefined where that is not known. */
export function runsOf(directories: Lookup, device: string, inode: bigint): Run[] | undefined {
  const slot = slotOf(inode);
  if (!directories.find(slot)) return undefined;
  const found = Buffer.from(directories.value);
  // Nothing holds up who writes: what counts is what stays the same.
  if (!directories.find(slot) || !found.equals(directories.value)) return undefined;
  if (found.readBigUInt64LE(DIRECTORY.lock) !== 0n || found.readUInt32LE(DIRECTORY.lost) !== 0) return undefined;
  if (found.readBigUInt64LE(DIRECTORY.inode) !== inode || textOf(found.readUInt32LE(DIRECTORY.device)) !== device) return undefined;
  return Array.from({ length: found.readUInt32LE(DIRECTORY.used) }, (_, run) => ({
    pid: found.readUInt32LE(placeOfRun(run) + RUN.pid),
    count: found.readUInt32LE(placeOfRun(run) + RUN.count),
    first: found.readBigUInt64LE(placeOfRun(run) + RUN.first),
    last: found.readBigUInt64LE(placeOfRun(run) + RUN.last),
  }));
}

/** Of the kernel's own dev_t. */
function textOf(device: number): string {
  return `${device >>> MINORBITS}:${device & ((1 << MINORBITS) - 1)}`;
}

function slotOf(inode: bigint): number {
  return Number(FOLDS.reduce((sum, shift) => sum + (inode >> BigInt(shift)), inode) & BigInt(DIRECTORY_SLOTS - 1));
}

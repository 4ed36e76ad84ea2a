/** The two clocks in which the kernel tells of processes: one stands still while the machine sleeps. */
import { USER_HZ } from '../host/kernel.ts';
import { bootTime, realTime } from './libc.ts';

/** How long a tick of /proc is, in ns. */
export const TICK_NS = 1_000_000_000n / BigInt(USER_HZ);

/** How far CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC, in ns. Read in this order, so that what passes between makes it more. */
export function asleep(): bigint {
  const now = process.hrtime.bigint();
  return bootTime() - now;
}

/** When a process started, to a tick, in ns of CLOCK_MONOTONIC. */
export function startOf({ startTicks }: { startTicks: bigint }): bigint {
  return startTicks * TICK_NS - asleep();
}

/** A time of a file (CLOCK_REALTIME) in ns of CLOCK_MONOTONIC. Read in this order, so that what passes between makes it earlier. */
export function ofFile(time: bigint): bigint {
  const now = process.hrtime.bigint();
  return time - realTime() + now;
}

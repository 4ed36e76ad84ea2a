/** Who has a file open now: all that can be known of a change where the kernel names no process. */
import { readdirSync, readlinkSync } from 'node:fs';
import * as proc from '../host/proc.ts';

/** Which processes have which file open, of those that we may look into: with a plain user's rights, that user's own. */
export function openFiles(): Map<string, number[]> {
  const holders = new Map<string, number[]>();
  for (const pid of proc.processIds()) {
    if (pid === process.pid) continue;
    for (const path of openFilesOf(pid)) holders.set(path, [...(holders.get(path) ?? []), pid]);
  }
  return holders;
}

function openFilesOf(pid: number): Set<string> {
  try {
    return new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    }));
  } catch {
    return new Set();
  }
}

/** The process that has the file open, or why none is named. Children inherit open files, so of several the outermost is taken. */
export function holderOf(path: string, open: ReadonlyMap<string, readonly number[]>): number | string {
  const holders = open.get(path) ?? [];
  const outermost = holders.filter((pid) => !holders.includes(proc.statOf(pid)?.ppid ?? 0));
  const [pid] = outermost;
  if (pid === undefined) return 'the kernel names no process to a plain user, and none had the file open any more';
  if (outermost.length > 1) return `the kernel names no process to a plain user, and ${outermost.length} had the file open`;
  return pid;
}

/** All processes at one moment, as /proc shows them. */
import { statSync } from 'node:fs';
import { cgroupOf, toldExecutableOf, processIds, statOf, type ProcessStat } from './proc.ts';

export interface ListedProcess {
  stat: ProcessStat;
  uid: number;
  /** '' where it may not be read. */
  cgroup: string;
  /** undefined where it may not be read, and for kernel threads. */
  executable: string | undefined;
}

export function listProcesses(): ListedProcess[] {
  return processIds().flatMap((pid): ListedProcess[] => {
    const stat = statOf(pid);
    if (stat === undefined || stat.kernelThread) return [];
    return [{ stat, uid: ownerOf(pid), cgroup: cgroupOf(pid) ?? '', executable: toldExecutableOf(pid) }];
  });
}

/** The effective user; -1 when it is gone. */
function ownerOf(pid: number): number {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid ?? -1;
}

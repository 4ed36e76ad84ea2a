/** What a running process costs, from proc(5). */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** USER_HZ, the unit of /proc/PID/stat: 100 on every Linux that Node runs on. */
const TICK_MS = 10;

const NS_PER_MS = 1e6;

/** CPU time of all its threads in ms, in user mode and in the kernel. 0 when it is gone. */
export function cpuMs(pid: number): number {
  // schedstat is exact but forgets threads that ended; stat counts those too, but in whole ticks.
  return Math.max(exactMs(pid), ticksMs(pid));
}

function exactMs(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / NS_PER_MS, 0);
  } catch {
    return 0;
  }
}

function ticksMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name in parentheses: utime and stime are fields 14 and 15 of the line.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return 0;
  }
}

/** CPU time in ms of a process and of those that it started and that have ended. 0 when it is gone. */
export function cpuOfFamilyMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // utime, stime, cutime and cstime: fields 14 to 17 of the line.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
  } catch {
    return 0;
  }
}

/** Resident memory now (VmRSS) or at its highest (VmHWM), in MB of 10⁶ bytes. NaN when it is gone. */
export function memoryMb(pid: number, which: 'VmRSS' | 'VmHWM'): number {
  try {
    const kibibytes = new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return (Number(kibibytes) * 1024) / 1e6;
  } catch {
    return Number.NaN;
  }
}

export function processIds(): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

/** The kernel's text about each open file of a process, beside what the file is (`anon_inode:[fanotify]`). Empty when it is gone. */
export function openFiles(pid: number): { what: string; info: string }[] {
  let names: string[];
  try {
    names = readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
  return names.flatMap((fd) => {
    try {
      return [{ what: readlinkSync(`/proc/${pid}/fd/${fd}`), info: readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8') }];
    } catch {
      return [];
    }
  });
}

/** `mnt:[…]`; undefined when it is gone. */
export function mountNamespace(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/** Single processes as /proc shows them (proc(5)). Every reader gives undefined when the process is gone or not ours to look at. */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { uptime } from 'node:os';
import { textOfBytes } from '../model/text.ts';
import { AUDIT_UID_UNSET, PF_KTHREAD, USER_HZ } from './kernel.ts';
import { readLink, readText } from './read.ts';

export interface ProcessStat {
  pid: number;
  /** At most 15 bytes; may hold anything, parentheses and newlines included. */
  comm: string;
  state: string;
  ppid: number;
  pgrp: number;
  session: number;
  nice: number;
  threads: number;
  /** Clock ticks (USER_HZ, 100 a second on Linux). */
  utime: bigint;
  stime: bigint;
  /** PF_KTHREAD: a thread of the kernel, which has no program and no arguments. */
  kernelThread: boolean;
  /** Clock ticks since boot: with the pid it names a process for ever. */
  startTicks: bigint;
}

export function processIds(): number[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number);
}

export function statOf(pid: number): ProcessStat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseStat(text);
}

/** The name is in parentheses and may contain some itself: the last one ends it. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).trim().split(' ');
  const [state, ppid, pgrp, session] = fields;
  if (state === undefined || fields.length < 20) return undefined;
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state,
    ppid: Number(ppid),
    pgrp: Number(pgrp),
    session: Number(session),
    utime: BigInt(fields[11] ?? 0),
    stime: BigInt(fields[12] ?? 0),
    nice: Number(fields[16]),
    threads: Number(fields[17]),
    kernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0,
    startTicks: BigInt(fields[19] ?? 0),
  };
}

/** `Name: value` lines of /proc/PID/status. */
export function statusOf(pid: number): Map<string, string> | undefined {
  const text = readText(`/proc/${pid}/status`);
  if (text === undefined) return undefined;
  return new Map(text.split('\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()] as const];
  }));
}

const EFFECTIVE_IDS = /^Uid:\t\d+\t(\d+).*\nGid:\t\d+\t(\d+)/m;

/** The user and the group that it acts as. Without all the other lines of its status: they take twice as long. */
export function effectiveIdsOf(pid: number): { uid: number; gid: number } | undefined {
  const found = EFFECTIVE_IDS.exec(readText(`/proc/${pid}/status`) ?? '');
  return found === null ? undefined : { uid: Number(found[1]), gid: Number(found[2]) };
}

/** Longer command lines are cut: a process may have 6 MB of arguments (execve(2)), and an attacker's has. Bytes. */
export const MOST_ARGUMENTS = 16 * 1024;

const argumentsBuffer = Buffer.allocUnsafe(MOST_ARGUMENTS);

/** Arguments as the process holds them now, up to `MOST_ARGUMENTS`; empty for kernel threads and zombies. */
export function argumentsOf(pid: number): string[] | undefined {
  const length = readInto(`/proc/${pid}/cmdline`, argumentsBuffer);
  if (length === undefined) return undefined;
  return length === 0 ? [] : argumentsBuffer.toString('utf8', 0, length).replace(/\0$/, '').split('\0');
}

/** Path of the image as the process itself has it, which any user can make another's (executable.ts has the one on this host); ` (deleted)` is the kernel's own mark of a file that is gone. */
export function toldExecutableOf(pid: number): string | undefined {
  return readLink(`/proc/${pid}/exe`);
}

export function workingDirectoryOf(pid: number): string | undefined {
  return readLink(`/proc/${pid}/cwd`);
}

export function loginUidOf(pid: number): number | undefined {
  const text = readText(`/proc/${pid}/loginuid`);
  if (text === undefined || text === '') return undefined;
  const uid = Number(text);
  return uid === AUDIT_UID_UNSET ? undefined : uid;
}

/** Real uid. */
export function ownerOf(pid: number): number | undefined {
  const uid = statusOf(pid)?.get('Uid')?.split('\t')[0];
  return uid === undefined ? undefined : Number(uid);
}

/** Z and X of proc_pid_stat(5): it ended, and only its parent has not asked yet. */
export function isOver(stat: ProcessStat): boolean {
  return stat.state === 'Z' || stat.state === 'X';
}

/** The processes under which this one runs, the nearest first. */
export function ancestorsOf(pid: number): number[] {
  const found: number[] = [];
  for (let at = statOf(pid)?.ppid ?? 0; at > 0 && !found.includes(at); at = statOf(at)?.ppid ?? 0) found.push(at);
  return found;
}

/** Of the processes of the host. */
const OWN_USERS = userNamespaceOf('self');

/** In a user namespace of its own any user has the right to say what a process of theirs is (PR_SET_MM_EXE_FILE of prctl(2)). */
export function isAmongOtherUsers(pid: number): boolean {
  const users = userNamespaceOf(pid);
  return users !== undefined && users !== OWN_USERS;
}

function userNamespaceOf(pid: number | 'self'): string | undefined {
  return readLink(`/proc/${pid}/ns/user`);
}

/** Path in the unified hierarchy, or the systemd one on a hybrid host. */
export function cgroupOf(pid: number): string | undefined {
  const lines = readText(`/proc/${pid}/cgroup`)?.split('\n');
  const line = lines?.find((entry) => entry.startsWith('0::')) ?? lines?.find((entry) => entry.includes(':name=systemd:'));
  return line?.split(':').slice(2).join(':');
}

const CONTAINER_ID = /(?:^|[/:-])([0-9a-f]{64})(?:\.scope)?(?:\/|$)/;

/** The 64-digit id that docker, podman, containerd and cri-o write into the cgroup path. */
export function containerOf(cgroup: string): string | undefined {
  return CONTAINER_ID.exec(cgroup)?.[1];
}

export interface Descriptor {
  fd: number;
  /** What it leads to, in the form of `textOfBytes`: a path, or `socket:[INODE]`, `pipe:[INODE]`, `anon_inode:…`. */
  target: string;
}

/** Open descriptors. Throws the system error where they may not be listed; one that is closed meanwhile is left out. */
export function descriptorsOf(pid: number): Descriptor[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((fd) => {
    try {
      const target = readlinkSync(`${folder}/${fd}`);
      return [{ fd: Number(fd), target: target.includes('\ufffd') ? textOfBytes(readlinkSync(`${folder}/${fd}`, 'buffer')) : target }];
    } catch {
      return [];
    }
  });
}

/** Number of the network namespace: the inode of `net:[INODE]`. Throws the system error. */
export function networkNamespaceOf(pid: number): string {
  return /\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1] ?? '0';
}

/** A link of a process, in the form of `textOfBytes`. Throws the system error. */
export function linkOf(pid: number, name: 'exe' | 'cwd' | 'root'): string {
  const path = `/proc/${pid}/${name}`;
  const text = readlinkSync(path);
  return text.includes('\ufffd') ? textOfBytes(readlinkSync(path, 'buffer')) : text;
}

/** A file of a process, in the form of `textOfBytes`. Throws the system error. */
export function contentOf(pid: number, name: 'cmdline' | 'environ' | 'io' | 'status' | `net/${string}`): string {
  const path = `/proc/${pid}/${name}`;
  const text = readFileSync(path, 'utf8');
  return text.includes('\ufffd') ? textOfBytes(readFileSync(path)) : text;
}

/** A variable of the environment that a process was started with, in the form of `textOfBytes`; undefined where it has none of this name, or is not ours to look at. */
export function variableOf(pid: number, name: string): string | undefined {
  try {
    return new RegExp(`(?:^|\\0)${name}=([^\\0]*)`).exec(contentOf(pid, 'environ'))?.[1];
  } catch {
    return undefined;
  }
}

/** As it was found out, and how far the clock was ahead of one that nobody sets. Milliseconds. */
let boot: { time: number; ahead: number } | undefined;

/** A clock that was set by less is within what `isSameStart` allows. Milliseconds. */
const CLOCK_SET_MS = 500;

/** Milliseconds since the epoch at which the machine booted, in whole seconds, by the clock as it is now: `btime` of /proc/stat, which a /proc of processes alone (`subset=pid`, systemd's ProcSubset=) does not have. */
export function bootTimeMs(): number {
  const ahead = Date.now() - performance.now();
  if (boot === undefined || Math.abs(ahead - boot.ahead) > CLOCK_SET_MS) {
    boot = { time: Number(/^btime (\d+)$/m.exec(readText('/proc/stat') ?? '')?.[1] ?? Math.floor(Date.now() / 1000 - uptime())) * 1000, ahead };
  }
  return boot.time;
}

/** ISO 8601 start of a process. */
export function startedAt({ startTicks }: Pick<ProcessStat, 'startTicks'>): string {
  return new Date(bootTimeMs() + (Number(startTicks) * 1000) / USER_HZ).toISOString();
}

/** The boot that start times are counted from is known to the second, and follows the clock. */
const START_TOLERANCE_MS = 2_000;

/** Whether two texts of `startedAt` are of one start, as far as that can be told. */
export function isSameStart(one: string, other: string): boolean {
  return Math.abs(Date.parse(one) - Date.parse(other)) <= START_TOLERANCE_MS;
}

function readInto(path: string, buffer: Buffer): number | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count) count = readSync(fd, buffer, length, buffer.length - length, null);
    return length;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

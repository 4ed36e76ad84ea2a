/**
 * The program of a living process, by a path that leads to it on this host. /proc has the path as the process itself has it: in a mount namespace of its own,
 * which any user can make, another file may have any name there, that of a package manager for one.
 */
import { closeSync, fstatSync, openSync, readFileSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { basename } from 'node:path';
import { O_PATH } from './kernel.ts';

export interface Executable {
  path: string;
  /** Its file has no name any more. */
  isDeleted: boolean;
  /** The path is good for the process alone: here it leads to another file or to none. */
  isElsewhere: boolean;
  /** undefined where we may not look at it (FUSE of another user). */
  file?: BigIntStats;
}

/** What the kernel adds to the path of a file that has no name any more; a file may also be named so. */
const DELETED = Buffer.from(' (deleted)');

const MEMORY = '/memfd:';

/** undefined when the process has ended, or is not ours to look at. */
export function executableOf(pid: number): Executable | undefined {
  let opened: number | undefined;
  try {
    // What is opened stays the same while it is asked for its path and its numbers: the process may run another program meanwhile.
    opened = openSync(`/proc/${pid}/exe`, O_PATH);
    return located(opened);
  } catch {
    return undefined;
  } finally {
    if (opened !== undefined) closeSync(opened);
  }
}

function located(opened: number): Executable {
  const told = readlinkSync(`/proc/self/fd/${opened}`, 'buffer');
  const file = statOf(opened);
  const found = file === undefined ? {} : { file };
  if (file !== undefined && isSameFile(fileAt(told), file)) return { path: told.toString(), isDeleted: false, isElsewhere: false, ...found };
  const isDeleted = told.subarray(-DELETED.length).equals(DELETED);
  const path = told.subarray(0, isDeleted ? -DELETED.length : undefined).toString();
  const isElsewhere = !path.startsWith(MEMORY) && !((isDeleted || file === undefined) && isMountedHere(opened));
  return { path, isDeleted, isElsewhere, ...found };
}

function statOf(opened: number): BigIntStats | undefined {
  try {
    return fstatSync(opened, { bigint: true });
  } catch {
    return undefined;
  }
}

/** As a program is called: by the last name of its path. One in memory (memfd_create(2)) has a name instead, in which any user may have a path. */
export function programName(path: string): string {
  return path.startsWith(MEMORY) ? path.slice(1) : basename(path);
}

/** A path that only the process itself has, so that it is taken for no path of this host: by way of /proc, where it also leads there while the process lives. */
export function asSeenBy(pid: number, path: string): string {
  return path.startsWith('/') ? `/proc/${pid}/root${path}` : `/proc/${pid}/cwd/${path}`;
}

export function isSeenBy(pid: number, path: string): boolean {
  return path.startsWith(`/proc/${pid}/`);
}

/** As it is said of events: on this host, or as only the process has it. */
export function executablePathOf(pid: number): string | undefined {
  const found = executableOf(pid);
  return found?.isElsewhere === true ? asSeenBy(pid, found.path) : found?.path;
}

/** Links are followed. undefined when there is none. */
export function fileAt(path: string | Buffer): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function isSameFile(one: BigIntStats | undefined, other: BigIntStats): boolean {
  return one !== undefined && one.ino === other.ino && one.dev === other.dev;
}

/**
 * Whether the path of what is open leads there by mounts of the host, or by ours: as a service we have a copy of them. Which mounts its process has does not tell: any user
 * may run what is below the root of another process (`/proc/PID/root`), in a mount namespace of that one's own.
 */
function isMountedHere(opened: number): boolean {
  const mount = /^mnt_id:\s*(\d+)$/m.exec(readStatus(`/proc/self/fdinfo/${opened}`))?.[1];
  return mount !== undefined && ['self', '1'].some((process) => new RegExp(`^${mount} `, 'm').test(readStatus(`/proc/${process}/mountinfo`)));
}

function readStatus(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

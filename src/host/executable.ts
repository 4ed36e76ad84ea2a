/**
 * The program of a living process, by a path that leads to it on this host. /proc has the path as the process itself has it: in a mount namespace of its own,
 * which any user can make, another file may have any name there, that of a package manager for one.
 */
import { readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { readLink } from './read.ts';

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
  try {
    const link = `/proc/${pid}/exe`;
    let told = readlinkSync(link, 'buffer');
    let file = fileAt(link);
    // It may have run another program in between.
    for (let again = readlinkSync(link, 'buffer'); !again.equals(told); again = readlinkSync(link, 'buffer')) [told, file] = [again, fileAt(link)];
    return located(pid, told, file);
  } catch {
    return undefined;
  }
}

function located(pid: number, told: Buffer, file: BigIntStats | undefined): Executable {
  const found = file === undefined ? {} : { file };
  if (file !== undefined && isSameFile(fileAt(told), file)) return { path: told.toString(), isDeleted: false, isElsewhere: false, ...found };
  const isDeleted = told.subarray(-DELETED.length).equals(DELETED);
  const path = told.subarray(0, isDeleted ? -DELETED.length : undefined).toString();
  const isElsewhere = !path.startsWith(MEMORY) && !((isDeleted || file === undefined) && seesTheSame(pid));
  return { path, isDeleted, isElsewhere, ...found };
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

/** Whether it has the mounts of the host, or ours: as a service we have a copy of them. */
function seesTheSame(pid: number): boolean {
  const mounts = namespaceOf(pid);
  return mounts !== undefined && (mounts === namespaceOf('self') || mounts === namespaceOf(1));
}

function namespaceOf(pid: number | 'self'): string | undefined {
  return readLink(`/proc/${pid}/ns/mnt`);
}

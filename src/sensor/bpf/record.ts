/** One process image as the BPF programs write it and as the sensor reads it. */
import { AUDIT_UNSET, MINOR_BITS } from './constants.ts';

/** What a process was when it ran one program: from an exec, or from the fork that made it, to its next exec or its end. */
export interface Image {
  /** Written by an exec, or by a fork: then it is a copy of the parent's image. */
  how: 'exec' | 'fork';
  /** Process (task_struct.tgid) as the initial pid namespace numbers it. */
  pid: number;
  /** Process that was the parent at the fork; it may have ended since. After an exec of a process that was forked before us: task_struct.real_parent at the exec. */
  parent: number;
  /** When this image began: CLOCK_MONOTONIC in ns, as `process.hrtime.bigint()`. */
  since: bigint;
  /** task_struct.start_boottime of the group's leader: CLOCK_BOOTTIME in ns. With `pid` it names one process; field 22 of /proc/PID/stat is the same in ticks. */
  start: bigint;
  /** Effective user (cred.euid) in the initial user namespace, at `since`: a later setuid(2) does not show. */
  uid: number;
  /** Effective group (cred.egid), likewise. */
  gid: number;
  /** Real user (cred.uid), likewise. */
  ruid: number;
  /** Login uid of the audit subsystem (task_struct.loginuid). Absent: no login, or a kernel without CONFIG_AUDIT. */
  auid?: number;
  /** Session of the audit subsystem (task_struct.sessionid), likewise. */
  session?: number;
  /** Id of the control group in the unified hierarchy: the inode of its directory in cgroup2. 0 in a kernel without control groups. */
  cgroup: bigint;
  /** File system of the executable: super_block.s_dev. On btrfs and overlay stat(2) may show another. */
  device: { major: number; minor: number };
  /** Inode of the executable: inode.i_ino. 0: a thread of the kernel, which has none. */
  inode: bigint;
  /** Name of the executable in its directory (dentry.d_name), up to 63 bytes. For a script it is the interpreter's. `memfd:NAME` for memfd_create(2). */
  name: string;
  /** Links of the executable (inode.i_nlink) when it was executed. 0: memfd or deleted. */
  nlink: number;
  /** The path as it was passed (linux_binprm.interp), up to 183 bytes: may be relative, a link, or `/dev/fd/N`; of a script, the interpreter. Empty for a fork of a process that was there before us. */
  path: string;
  /** task_struct.comm, up to 15 bytes: the process chooses it. */
  comm: string;
  /** Arguments in the memory of the process (mm_struct.arg_start), up to 511 bytes in all. Empty when that memory could not be read. */
  args: string[];
  /** There was more than those 511 bytes. */
  argsTruncated: boolean;
}

/** The layout of a record. Numbers are in the machine's order, texts end at their first NUL. */
export const FIELDS = {
  since: { offset: 0, size: 8 },
  start: { offset: 8, size: 8 },
  cgroup: { offset: 16, size: 8 },
  inode: { offset: 24, size: 8 },
  pid: { offset: 32, size: 4 },
  parent: { offset: 36, size: 4 },
  uid: { offset: 40, size: 4 },
  gid: { offset: 44, size: 4 },
  ruid: { offset: 48, size: 4 },
  auid: { offset: 52, size: 4 },
  session: { offset: 56, size: 4 },
  device: { offset: 60, size: 4 },
  nlink: { offset: 64, size: 4 },
  how: { offset: 68, size: 4 },
  /** Bytes in `args`; ARGS_LIMIT when there were more. */
  argsLength: { offset: 72, size: 4 },
  comm: { offset: 76, size: 16 },
  name: { offset: 92, size: 64 },
  path: { offset: 156, size: 184 },
  args: { offset: 340, size: 512 },
  /** `since` again: the kernel reuses a record without waiting for who reads it, and then the two differ. */
  seal: { offset: 856, size: 8 },
} as const;

export const RECORD_LENGTH = 864;
export const ARGS_LIMIT = FIELDS.args.size;
export const HOW = { EXEC: 1, FORK: 2 } as const;

export type Field = keyof typeof FIELDS;

/** Whether this is a record of this process, and whole. */
export function isSound(record: Buffer, pid: number): boolean {
  return number(record, 'pid') === pid && sinceOf(record) === record.readBigUInt64LE(FIELDS.seal.offset);
}

export function sinceOf(record: Buffer): bigint {
  return record.readBigUInt64LE(FIELDS.since.offset);
}

export function decode(record: Buffer): Image {
  const device = number(record, 'device');
  const argsLength = number(record, 'argsLength');
  const auid = number(record, 'auid');
  const session = number(record, 'session');
  return {
    how: number(record, 'how') === HOW.FORK ? 'fork' : 'exec',
    pid: number(record, 'pid'),
    parent: number(record, 'parent'),
    since: sinceOf(record),
    start: record.readBigUInt64LE(FIELDS.start.offset),
    uid: number(record, 'uid'),
    gid: number(record, 'gid'),
    ruid: number(record, 'ruid'),
    ...(auid === AUDIT_UNSET ? {} : { auid }),
    ...(session === AUDIT_UNSET ? {} : { session }),
    cgroup: record.readBigUInt64LE(FIELDS.cgroup.offset),
    device: { major: device >>> MINOR_BITS, minor: device & ((1 << MINOR_BITS) - 1) },
    inode: record.readBigUInt64LE(FIELDS.inode.offset),
    name: text(record, 'name'),
    nlink: number(record, 'nlink'),
    path: text(record, 'path'),
    comm: text(record, 'comm'),
    args: argsOf(record, Math.min(argsLength, ARGS_LIMIT - 1)),
    argsTruncated: argsLength >= ARGS_LIMIT,
  };
}

function number(record: Buffer, field: Field): number {
  return record.readUInt32LE(FIELDS[field].offset);
}

/** Bytes that are no UTF-8 become U+FFFD: these texts are to be shown, not opened. */
function text(record: Buffer, field: Field): string {
  const { offset, size } = FIELDS[field];
  const end = record.indexOf(0, offset);
  return record.toString('utf8', offset, end < 0 || end > offset + size ? offset + size : end);
}

/** Each argument ends with a NUL; the last may be cut off, or its NUL overwritten by a process that names itself. */
function argsOf(record: Buffer, length: number): string[] {
  const { offset } = FIELDS.args;
  const end = record[offset + length - 1] === 0 ? length - 1 : length;
  return length === 0 ? [] : record.toString('utf8', offset, offset + end).split('\0');
}

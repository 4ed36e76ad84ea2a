/** The images of a process as the BPF programs write them and as the sensor reads them. */
import { AUDIT_SID_UNSET, AUDIT_UID_UNSET, MINORBITS } from '../../host/kernel.ts';

/** What a process was when it ran one program: from an exec, or from the fork that made it, to its next exec or its end. */
export interface Image {
  /** Written by an exec, or by a fork: then it is a copy of the parent's image. */
  how: 'exec' | 'fork';
  /** The program before it had several threads, or is not known: while one of them ran this one, another may still have done something else as the other. */
  afterThreads: boolean;
  /** It is what its parent said that it was, which had been there before us, in a user namespace of its own: there any user may say anything (PR_SET_MM_EXE_FILE). */
  isUnproven: boolean;
  /** Programs that ran under this number up to here: 0 for what it was forked as, or 1 where a process before it had the number a short while ago. Counted from when we were there. */
  generation: number;
  /** One of 64 bits for the program's name in its directory (dentry.d_name.hash); 0 for a fork. */
  mark: bigint;
  /** The marks of all programs that the process executed, or opened to execute, before this one; all 64 where a process before it had the number. */
  ran: bigint;
  /** The marks of those that the image before opened without executing them, and of their interpreters; all 64 where that is not known; 0 for a fork, and where nothing tells. */
  tried: bigint;
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
  /** The path as it was passed (linux_binprm.interp), up to 159 bytes: may be relative, a link, or `/dev/fd/N`; of a script, the interpreter. Empty for a fork of a process that was there before us. */
  path: string;
  /** task_struct.comm, up to 15 bytes: the process chooses it. */
  comm: string;
  /** Arguments in the memory of the process (mm_struct.arg_start), up to 511 bytes in all. Empty when that memory could not be read. */
  args: string[];
  /** There was more than those 511 bytes. */
  argsTruncated: boolean;
}

/** The layout of an image. Numbers are in the machine's order, texts end at their first NUL. */
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
  path: { offset: 156, size: 160 },
  generation: { offset: 316, size: 4 },
  ran: { offset: 320, size: 8 },
  mark: { offset: 328, size: 8 },
  tried: { offset: 336, size: 8 },
  args: { offset: 344, size: 512 },
  /** `since` again, written last; 0 while the rest is written. */
  seal: { offset: 856, size: 8 },
} as const;

export const IMAGE_LENGTH = 864;
/** What the map has for a process: two images. A new one overwrites the older, so that the newer, which is asked for more, can be read meanwhile. */
export const RECORD_LENGTH = 2 * IMAGE_LENGTH;
/**
 * Records there are, a power of two: a process has the one that its number divided by this leaves over. The kernel counts numbers up, so that a process is
 * remembered until that many others (threads are counted) were made, and no longer. 28 MB of kernel memory.
 *
 * An LRU map takes 1.2 us more at a fork, by the kernel's own count, and forgets early: it evicts by processor and in bulk. With two loops of /bin/true beside
 * a sensor that was stopped 20 of every 25 ms it named 81 % of the bench's creators; this names all.
 */
export const SLOTS = 16_384;
export const ARGS_LIMIT = FIELDS.args.size;
/** EXEC or FORK, and what else is known of it. */
export const HOW = { EXEC: 1, FORK: 2, THREADS: 4, AFTER_THREADS: 8, UNPROVEN: 16, LOST: 32 } as const;

export type Field = keyof typeof FIELDS;

/** Where in a record the image of the process `pid` is that began last, and the one before. Images of other processes that have its slot do not count. Undefined when one is being written. */
export function placesOf(record: Buffer, pid: number): { current?: number; previous?: number } | undefined {
  const first = sinceOf(record, 0);
  const second = sinceOf(record, IMAGE_LENGTH);
  if (!isWhole(record, 0) || !isWhole(record, IMAGE_LENGTH)) return undefined;
  const [current, previous] = (first >= second ? [0, IMAGE_LENGTH] : [IMAGE_LENGTH, 0]).filter((at) => sinceOf(record, at) !== 0n && record.readUInt32LE(at + FIELDS.pid.offset) === pid);
  return { ...(current === undefined ? {} : { current }), ...(previous === undefined ? {} : { previous }) };
}

export function sinceOf(record: Buffer, at: number): bigint {
  return record.readBigUInt64LE(at + FIELDS.since.offset);
}

/** When a record was written last, of whatever process. */
export function newestOf(record: Buffer): bigint {
  const [first, second] = [sinceOf(record, 0), sinceOf(record, IMAGE_LENGTH)];
  return first > second ? first : second;
}

/** Whether the process has run another program since, which could not be written down: then the image is no answer. */
export function isLostAt(record: Buffer, at: number): boolean {
  return (record.readUInt32LE(at + FIELDS.how.offset) & HOW.LOST) !== 0;
}

/** The image at this place of a record. */
export function decode(record: Buffer, at: number): Image {
  const image = record.subarray(at, at + IMAGE_LENGTH);
  const how = number(image, 'how');
  const device = number(image, 'device');
  const argsLength = number(image, 'argsLength');
  const auid = number(image, 'auid');
  const session = number(image, 'session');
  return {
    how: (how & HOW.FORK) === 0 ? 'exec' : 'fork',
    afterThreads: (how & HOW.AFTER_THREADS) !== 0,
    isUnproven: (how & HOW.UNPROVEN) !== 0,
    generation: number(image, 'generation'),
    mark: image.readBigUInt64LE(FIELDS.mark.offset),
    ran: image.readBigUInt64LE(FIELDS.ran.offset),
    tried: image.readBigUInt64LE(FIELDS.tried.offset),
    pid: number(image, 'pid'),
    parent: number(image, 'parent'),
    since: sinceOf(image, 0),
    start: image.readBigUInt64LE(FIELDS.start.offset),
    uid: number(image, 'uid'),
    gid: number(image, 'gid'),
    ruid: number(image, 'ruid'),
    ...(auid === AUDIT_UID_UNSET ? {} : { auid }),
    ...(session === AUDIT_SID_UNSET ? {} : { session }),
    cgroup: image.readBigUInt64LE(FIELDS.cgroup.offset),
    device: { major: device >>> MINORBITS, minor: device & ((1 << MINORBITS) - 1) },
    inode: image.readBigUInt64LE(FIELDS.inode.offset),
    name: text(image, 'name'),
    nlink: number(image, 'nlink'),
    path: text(image, 'path'),
    comm: text(image, 'comm'),
    args: argsOf(image, Math.min(argsLength, ARGS_LIMIT - 1)),
    argsTruncated: argsLength >= ARGS_LIMIT,
  };
}

/** Whole, or not there at all. */
function isWhole(record: Buffer, at: number): boolean {
  const since = sinceOf(record, at);
  return since === 0n || since === record.readBigUInt64LE(at + FIELDS.seal.offset);
}

function number(image: Buffer, field: Field): number {
  return image.readUInt32LE(FIELDS[field].offset);
}

/** Bytes that are no UTF-8 become U+FFFD: these texts are to be shown, not opened. */
function text(image: Buffer, field: Field): string {
  const { offset, size } = FIELDS[field];
  const end = image.indexOf(0, offset);
  return image.toString('utf8', offset, end < 0 || end > offset + size ? offset + size : end);
}

/** Each argument ends with a NUL; the last may be cut off, or its NUL overwritten by a process that names itself. */
function argsOf(image: Buffer, length: number): string[] {
  const { offset } = FIELDS.args;
  const end = image[offset + length - 1] === 0 ? length - 1 : length;
  return length === 0 ? [] : image.toString('utf8', offset, offset + end).split('\0');
}

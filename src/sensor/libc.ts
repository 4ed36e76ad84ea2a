/** The calls of libc that the sensor needs and Node does not have. Throws when it is loaded where koffi has no build for this machine. */
import { constants } from 'node:fs';
import { constants as system } from 'node:os';
import { AT_EMPTY_PATH, AT_FDCWD, AT_HANDLE_FID, CLOCK_BOOTTIME, CLOCK_REALTIME, CLOCK_REALTIME_COARSE, MAX_HANDLE_SZ, O_CLOEXEC, O_PATH, POLLPRI, STATFS_FSID_OFFSET, STATFS_LENGTH, SYS_BPF } from '../host/kernel.ts';
import { errno, errnoName, libcFunction, pollDescriptor } from '../host/native.ts';

const fanotifyInit = libcFunction('int fanotify_init(unsigned int flags, unsigned int event_f_flags)');
const fanotifyMark = libcFunction('int fanotify_mark(int fd, unsigned int flags, uint64_t mask, int dirfd, const char *path)');
const inotifyInit1 = libcFunction('int inotify_init1(int flags)');
const inotifyAddWatch = libcFunction('int inotify_add_watch(int fd, const char *path, uint32_t mask)');
const readBytes = libcFunction('long read(int fd, _Out_ void *buffer, size_t count)');
const openPath = libcFunction('int open(const char *path, int flags)');
const closeFd = libcFunction('int close(int fd)');
const nameToHandleAt = libcFunction('int name_to_handle_at(int dirfd, const char *path, _Inout_ void *handle, _Out_ int *mount_id, int flags)');
const openByHandleAt = libcFunction('int open_by_handle_at(int mount_fd, void *handle, int flags)');
const bpfCall = libcFunction('long syscall(long number, int command, void *attributes, unsigned int size)');
const clockGettime = libcFunction('int clock_gettime(int clock, _Out_ void *time)');
const clockGetres = libcFunction('int clock_getres(int clock, _Out_ void *resolution)');
const pollOnce = libcFunction('int poll(_Inout_ void *fds, unsigned long count, int timeout)');
const fstatfs = libcFunction('int fstatfs(int fd, _Out_ void *buffer)');

/** A call of libc that failed, with the errno's name. */
export class SystemError extends Error {
  readonly code: string;

  constructor(call: string, number: number) {
    const code = errnoName(number);
    super(`${call}: ${code}`);
    this.name = 'SystemError';
    this.code = code;
  }
}

function checked(call: string, result: number): number {
  if (result < 0) throw new SystemError(call, errno());
  return result;
}

const ZERO = Buffer.of(0);

export const fanotify = {
  open: (flags: number): number => checked('fanotify_init', fanotifyInit(flags, 0)),
  /** Of the directory behind a descriptor, so that what is marked and what is read is the same one. */
  mark: (fd: number, flags: number, mask: number, directory: number): void => void checked('fanotify_mark', fanotifyMark(fd, flags, mask, directory, '.')),
  markPath: (fd: number, flags: number, mask: number, path: string | Buffer): void => void checked('fanotify_mark', fanotifyMark(fd, flags, mask, AT_FDCWD, typeof path === 'string' ? path : Buffer.concat([path, ZERO]))),
};

export const inotify = {
  open: (flags: number): number => checked('inotify_init1', inotifyInit1(flags)),
  watch: (fd: number, path: string, mask: number): number => checked('inotify_add_watch', inotifyAddWatch(fd, path, mask)),
};

const bpfNumber = SYS_BPF[process.arch] ?? -1;

/** bpf(2), which libc does not wrap: its result, or the errno as a negative number. To find nothing is no exception, and looking up is done often. */
export function bpf(command: number, attributes: Buffer): number {
  const result = Number(bpfCall(bpfNumber, command, attributes, attributes.length));
  return result < 0 ? -errno() : result;
}

/** Nothing is there now, or a signal came: no exception, which would take as long as all the rest of a reading. */
const NOTHING_NOW: ReadonlySet<number> = new Set([system.errno.EAGAIN, system.errno.EWOULDBLOCK, system.errno.EINTR]);

/** Bytes read, 0 when there is nothing now. */
export function read(fd: number, buffer: Buffer): number {
  const count = Number(readBytes(fd, buffer, buffer.length));
  if (count >= 0) return count;
  const number = errno();
  if (NOTHING_NOW.has(number)) return 0;
  throw new SystemError('read', number);
}

/** An O_PATH descriptor of a directory; undefined where there is none, or none that can be had. */
export function openDirectory(path: string): number | undefined {
  const fd = openPath(path, O_PATH | constants.O_DIRECTORY | O_CLOEXEC);
  return fd < 0 ? undefined : fd;
}

function nanoseconds(timespec: Buffer): bigint {
  return timespec.readBigInt64LE(0) * 1_000_000_000n + timespec.readBigInt64LE(8);
}

/** CLOCK_REALTIME in ns since the epoch: JavaScript's is cut to a millisecond. */
export function realTime(): bigint {
  return timeOf(CLOCK_REALTIME);
}

/** CLOCK_BOOTTIME in ns, which goes on while the machine sleeps. */
export function bootTime(): bigint {
  return timeOf(CLOCK_BOOTTIME);
}

function timeOf(clock: number): bigint {
  const time = Buffer.alloc(16);
  checked('clock_gettime', clockGettime(clock, time));
  return nanoseconds(time);
}

/** How far apart the ticks of the kernel's clock are, whose time files are stamped with. In ns. */
export function tick(): bigint {
  const resolution = Buffer.alloc(16);
  checked('clock_getres', clockGetres(CLOCK_REALTIME_COARSE, resolution));
  return nanoseconds(resolution);
}

export function close(fd: number): void {
  closeFd(fd);
}

/** For one call after the other. */
const ownHandle = Buffer.alloc(8 + MAX_HANDLE_SZ);
const ownInfo = Buffer.alloc(STATFS_LENGTH);

/** What fanotify will call the directory behind a descriptor: its file system's id and its handle, as one key. */
export function directoryKey(directory: number): string {
  const mountId = [0];
  ownHandle.writeUInt32LE(MAX_HANDLE_SZ, 0);
  if (nameToHandleAt(directory, '', ownHandle, mountId, AT_HANDLE_FID | AT_EMPTY_PATH) < 0) {
    ownHandle.writeUInt32LE(MAX_HANDLE_SZ, 0);
    checked('name_to_handle_at', nameToHandleAt(directory, '', ownHandle, mountId, AT_EMPTY_PATH));
  }
  checked('fstatfs', fstatfs(directory, ownInfo));
  return keyOf(ownInfo, STATFS_FSID_OFFSET, ownHandle, 0, ownHandle.readUInt32LE(0));
}

/** `f_fsid` of the file system that a descriptor is on: the first 8 bytes of every key of it. */
export function fsidOf(fd: number): Buffer {
  const info = Buffer.alloc(STATFS_LENGTH);
  checked('fstatfs', fstatfs(fd, info));
  return info.subarray(STATFS_FSID_OFFSET, STATFS_FSID_OFFSET + 8);
}

/** An O_PATH descriptor of what a handle (length, type, bytes) names, on the file system of `mount`. Needs CAP_DAC_READ_SEARCH; ESTALE when it is gone. */
export function openByHandle(mount: number, handle: Buffer): number {
  return checked('open_by_handle_at', openByHandleAt(mount, handle, O_PATH));
}

/** File system id (8 bytes) and handle (length, type, bytes), each out of a buffer. */
export function keyOf(fsidBuffer: Buffer, fsidOffset: number, handleBuffer: Buffer, handleOffset: number, handleLength: number): string {
  return `${fsidBuffer.toString('latin1', fsidOffset, fsidOffset + 8)}${handleBuffer.toString('latin1', handleOffset, handleOffset + 8 + handleLength)}`;
}

/** Whether a descriptor is in an exceptional state (poll(2), POLLPRI) now, without waiting. Of some files that is told once. */
export function isExceptional(fd: number): boolean {
  const asked = Buffer.alloc(8);
  asked.writeInt32LE(fd, 0);
  asked.writeInt16LE(POLLPRI, 4);
  return checked('poll', pollOnce(asked, 1, 0)) > 0;
}

export interface Poll {
  close(): void;
}

/** A handle that is collected stops silently, so every open one is kept here. */
const openPolls = new Set<Poll>();

/** `pollDescriptor` that goes on until it is closed. */
export function poll(fd: number, callback: () => void, what: 'readable' | 'exceptional' = 'readable'): Poll {
  const handle = pollDescriptor(fd, what, callback);
  const kept: Poll = {
    close() {
      openPolls.delete(kept);
      handle.close();
    },
  };
  openPolls.add(kept);
  return kept;
}

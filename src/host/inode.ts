/**
 * What Node cannot read or set of a file: extended attributes (ACLs and labels among them), chattr(1)'s flags, times to the nanosecond. By descriptor only, so that no name can be
 * exchanged in between.
 */
import { futimesSync, utimesSync } from 'node:fs';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { AT_FDCWD, FS_APPEND_FL, FS_IMMUTABLE_FL, FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, XATTR_LIST_MAX, XATTR_SIZE_MAX } from './kernel.ts';
import { errno, errnoName, libcFunction } from './native.ts';

/** Flags that keep a name from being removed, by the letters of chattr(1). */
const FLAGS: Readonly<Record<string, number>> = { i: FS_IMMUTABLE_FL, a: FS_APPEND_FL };

interface Libc {
  flistxattr(fd: number, list: Buffer, size: number): number | bigint;
  fgetxattr(fd: number, name: string, value: Buffer, size: number): number | bigint;
  fsetxattr(fd: number, name: string, value: Buffer, size: number, flags: number): number;
  fremovexattr(fd: number, name: string): number;
  ioctl(fd: number, request: bigint, argument: Buffer): number;
  futimens(fd: number, times: Buffer): number;
  utimensat(directory: number, name: Buffer, times: Buffer, flags: number): number;
}

/** Values in hexadecimal (`0x…`) by name. */
export type Xattrs = Readonly<Record<string, string>>;

let loaded: Libc | undefined;

/** Made when first needed. Throws where koffi has no build for this machine. */
function libc(): Libc {
  loaded ??= {
    flistxattr: libcFunction('long flistxattr(int fd, _Out_ void *list, size_t size)') as Libc['flistxattr'],
    fgetxattr: libcFunction('long fgetxattr(int fd, const char *name, _Out_ void *value, size_t size)') as Libc['fgetxattr'],
    fsetxattr: libcFunction('int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)') as Libc['fsetxattr'],
    fremovexattr: libcFunction('int fremovexattr(int fd, const char *name)') as Libc['fremovexattr'],
    ioctl: libcFunction('int ioctl(int fd, unsigned long request, _Inout_ void *argument)') as Libc['ioctl'],
    futimens: libcFunction('int futimens(int fd, const void *times)') as Libc['futimens'],
    utimensat: libcFunction('int utimensat(int directory, const void *name, const void *times, int flags)') as Libc['utimensat'],
  };
  return loaded;
}

/** Of the call that just failed. */
function failureOf(call: string): Error {
  const code = errnoName(errno());
  return Object.assign(new Error(`${call}: ${code}`), { code });
}

/** All extended attributes; none where the file system has none. */
export function readXattrs(fd: number): Xattrs {
  const { flistxattr, fgetxattr } = libc();
  const list = Buffer.alloc(XATTR_LIST_MAX);
  const length = Number(flistxattr(fd, list, list.length));
  if (length < 0) {
    const failure = failureOf('flistxattr');
    if (isUnknown(failure)) return {};
    throw failure;
  }
  const names = list.toString('utf8', 0, length).split('\0').filter(Boolean);
  return Object.fromEntries(names.flatMap((name) => {
    const value = Buffer.alloc(XATTR_SIZE_MAX);
    const size = Number(fgetxattr(fd, name, value, value.length));
    // Removed in between, or not ours to read (trusted.*).
    return size < 0 ? [] : [[name, `0x${value.toString('hex', 0, size)}`] as const];
  }));
}

/** Sets all of these and takes off what the file got besides, as by the default ACL of its directory. */
export function writeXattrs(fd: number, xattrs: Xattrs): void {
  if (!isLoadable() && Object.keys(xattrs).length === 0) return;
  const { fsetxattr, fremovexattr } = libc();
  const now = readXattrs(fd);
  for (const [name, text] of Object.entries(xattrs)) {
    if (now[name] === text) continue;
    const value = Buffer.from(text.slice('0x'.length), 'hex');
    if (fsetxattr(fd, name, value, value.length, 0) < 0) throw failureOf(`the extended attribute ${name}`);
  }
  // A label that the system itself gave stays where it cannot be taken off.
  for (const name of Object.keys(now)) if (xattrs[name] === undefined) fremovexattr(fd, name);
}

/** `i` (immutable) and `a` (append-only), as far as they are set; empty where the file system has no flags. */
export function readFlags(fd: number): string {
  const now = flagsOf(fd);
  return Object.keys(FLAGS).filter((letter) => ((now ?? 0) & (FLAGS[letter] ?? 0)) !== 0).join('');
}

/** Sets or takes off these letters and leaves all other flags. */
export function changeFlags(fd: number, sign: '+' | '-', letters: string): void {
  const now = flagsOf(fd);
  if (now === undefined) throw new TickwardError('UNSUPPORTED', 'the file system has no attributes of chattr(1)');
  const bits = [...letters].reduce((all, letter) => all | (FLAGS[letter] ?? 0), 0);
  const argument = Buffer.alloc(8);
  argument.writeUInt32LE((sign === '+' ? now | bits : now & ~bits) >>> 0);
  const { ioctl } = libc();
  if (ioctl(fd, FS_IOC_SETFLAGS, argument) < 0) throw failureOf('chattr');
}

function flagsOf(fd: number): number | undefined {
  const { ioctl } = libc();
  // The kernel writes an int, though the request says long.
  const argument = Buffer.alloc(8);
  if (ioctl(fd, FS_IOC_GETFLAGS, argument) >= 0) return argument.readUInt32LE();
  const failure = failureOf('lsattr');
  if (isUnknown(failure)) return undefined;
  throw failure;
}

export interface Times {
  atime_ns: string;
  mtime_ns: string;
}

/** Access and modification time of an open file or directory (not of one opened with O_PATH); to the microsecond where Node has to do it alone. */
export function setTimes(fd: number, times: Times): void {
  if (!isLoadable()) return futimesSync(fd, seconds(times.atime_ns), seconds(times.mtime_ns));
  const { futimens } = libc();
  if (futimens(fd, timespecs(times)) < 0) throw failureOf('futimens');
}

/** The same of what is open with O_PATH, a link too, by its `/proc/self/fd/N`: the kernel goes from there to what was opened and no further. */
export function setTimesOf(at: string, times: Times): void {
  if (!isLoadable()) return utimesSync(at, seconds(times.atime_ns), seconds(times.mtime_ns));
  const { utimensat } = libc();
  if (utimensat(AT_FDCWD, Buffer.from(`${at}\0`), timespecs(times), 0) < 0) throw failureOf('utimensat');
}

function isLoadable(): boolean {
  try {
    libc();
    return true;
  } catch {
    return false;
  }
}

function seconds(ns: string): number {
  return Number(BigInt(ns) / 1000n) / 1e6;
}

/** struct timespec twice. */
function timespecs({ atime_ns, mtime_ns }: Times): Buffer {
  const times = Buffer.alloc(32);
  for (const [index, text] of [atime_ns, mtime_ns].entries()) {
    const ns = BigInt(text);
    const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    times.writeBigInt64LE((ns - rest) / 1_000_000_000n, index * 16);
    times.writeBigInt64LE(rest, index * 16 + 8);
  }
  return times;
}

/** What file systems answer that do not have the thing at all. */
function isUnknown(error: Error): boolean {
  return ['ENOTTY', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EINVAL'].includes(errnoOf(error) ?? '');
}

/** The file systems that programs are run from, word when mounts change, and the path of a directory that fanotify names by handle. */
import { closeSync, constants, openSync, readlinkSync, statSync } from 'node:fs';
import { FILEID_KERNFS, O_PATH } from '../host/kernel.ts';
import { MOUNTINFO, readMountInfo, type MountInfo } from '../host/mounts.ts';
import { numbersOf } from '../model/device.ts';
import * as libc from './libc.ts';
import { Recent } from './recent.ts';

/** Nothing is run from these, and most cannot be marked. */
const NO_PROGRAMS = new Set(['autofs', 'binfmt_misc', 'bpf', 'cgroup', 'cgroup2', 'configfs', 'debugfs', 'devpts', 'efivarfs', 'fusectl', 'hugetlbfs', 'mqueue', 'nsfs', 'proc', 'pstore', 'rpc_pipefs', 'securityfs', 'selinuxfs', 'sysfs', 'tracefs']);

/** Its files and folders have other device numbers than the file system itself. */
const OWN_NUMBERS = new Set(['btrfs', 'bcachefs']);

/** File systems that programs can be run from, one mount each, as far as something else is not mounted over it. */
export function programFileSystems(mounts: readonly MountInfo[]): MountInfo[] {
  const found = new Map<string, MountInfo>();
  for (const mount of mounts) if (!NO_PROGRAMS.has(mount.type) && !found.has(mount.device) && isOnTop(mount)) found.set(mount.device, mount);
  return [...found.values()];
}

function isOnTop({ path, device, type }: MountInfo): boolean {
  try {
    return OWN_NUMBERS.has(type) || deviceText(BigInt(statSync(Buffer.from(path, 'latin1')).dev)) === device;
  } catch {
    return false;
  }
}

/** How long the mounts are taken to be what they were: who could change them in between may do anything. Milliseconds. */
const MOUNTS_FRESH_MS = 1_000;
let lately: { at: number; mounts: readonly MountInfo[] } | undefined;

/** `major:minor` as the kernel has it inside, of the file system that an absolute path without links leads into. */
export function deviceOfMount(path: string): string | undefined {
  const now = performance.now();
  if (lately === undefined || now - lately.at > MOUNTS_FRESH_MS) lately = { at: now, mounts: readMountInfo() };
  const bytes = Buffer.from(path).toString('latin1');
  // Of several on one path the last lies on top.
  const above = lately.mounts.filter((mount) => mount.path === '/' || bytes === mount.path || bytes.startsWith(`${mount.path}/`));
  const nearest = Math.max(...above.map((mount) => mount.path.length));
  return above.findLast((mount) => mount.path.length === nearest)?.device;
}

/** `st_dev` as mountinfo writes it. */
export function deviceText(dev: bigint): string {
  const { major, minor } = numbersOf(dev);
  return `${major}:${minor}`;
}

/** Changes of mounts from its making on, told from `start` on. */
export class MountChanges {
  private readonly waited = openSync(MOUNTINFO, constants.O_RDONLY);
  private readonly asked = openSync(MOUNTINFO, constants.O_RDONLY);
  private waiting: libc.Poll | undefined;
  private isClosed = false;

  /** `callback` may be called once more than there was a change. */
  start(callback: () => void): void {
    this.arm(callback);
  }

  close(): void {
    this.isClosed = true;
    this.waiting?.close();
    closeSync(this.waited);
    closeSync(this.asked);
  }

  /** poll(2) on mountinfo reports each change once as POLLERR|POLLPRI; libuv then stops the handle, so it is made anew. */
  private arm(callback: () => void): void {
    this.waiting = libc.poll(this.waited, () => {
      this.waiting?.close();
      this.waiting = undefined;
      libc.isExceptional(this.asked);
      setImmediate(() => {
        if (this.isClosed) return;
        this.arm(callback);
        callback();
      });
    }, 'exceptional');
    // To take up a descriptor epoll asks it, and forgets what it says: a change that was before that is told by another descriptor, once libuv has handed this one over.
    setImmediate(() => {
      if (!this.isClosed && libc.isExceptional(this.asked)) callback();
    });
  }
}

/** When something was mounted or unmounted last: what is at a path since may have been elsewhere before. */
export class MountTime {
  private readonly fd = openSync(MOUNTINFO, constants.O_RDONLY);
  private at = process.hrtime.bigint();

  /** In ns of CLOCK_MONOTONIC: when it was noticed, which is now at the latest. */
  now(): bigint {
    if (libc.isExceptional(this.fd)) this.at = process.hrtime.bigint();
    return this.at;
  }

  close(): void {
    closeSync(this.fd);
  }
}

/** Finds where directories are that fanotify names by file system and handle. */
export class Handles {
  /** File systems by their id. */
  private readonly mounts = new Map<string, MountInfo>();

  /** Gives its id, '' when it is gone. */
  learn(mount: MountInfo): string {
    try {
      const fd = openSync(Buffer.from(mount.path, 'latin1'), O_PATH | constants.O_DIRECTORY);
      try {
        const id = libc.fsidOf(fd).toString('latin1');
        this.mounts.set(id, mount);
        return id;
      } finally {
        closeSync(fd);
      }
    } catch {
      // Gone already: its directories stay without a path.
      return '';
    }
  }

  /** The directory's path now; undefined when it is gone, or we may not open by handle. */
  pathOf(key: string): string | undefined {
    const mount = this.mounts.get(key.slice(0, 8));
    return mount === undefined ? undefined : pathByHandle(mount.path, Buffer.from(key.slice(8), 'latin1'));
  }

  /** Whether a directory is on the file system of this device (`major:minor`). What is run from overlay is logged as opened on the file systems below it. */
  isOn(key: string, device: string): boolean {
    return this.mounts.get(key.slice(0, 8))?.device === device;
  }
}

const DELETED = / \(deleted\)$/;

function pathByHandle(mount: string, handle: Buffer): string | undefined {
  return withHandle(Buffer.from(mount, 'latin1'), handle, (itself) => {
    const path = readlinkSync(itself);
    return DELETED.test(path) ? undefined : path;
  });
}

/** What `use` makes of the directory of a handle, by a path that holds while it looks; undefined where it is gone, or may not be opened. `anchor` is a directory of its file system. */
export function withHandle<Result>(anchor: Buffer, handle: Buffer, use: (itself: string) => Result | undefined): Result | undefined {
  let at: number | undefined;
  let found: number | undefined;
  try {
    // Only for as long as the call takes: an open descriptor would keep the file system from being unmounted.
    at = openSync(anchor, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK);
    found = libc.openByHandle(at, handle);
    return use(`/proc/self/fd/${found}`);
  } catch {
    return undefined;
  } finally {
    if (found !== undefined) closeSync(found);
    if (at !== undefined) closeSync(at);
  }
}

/** Paths of control groups by their ids, in the unified hierarchy. */
export class ControlGroups {
  private mount: string | undefined;
  private readonly known = new Recent<bigint, string>(MOST_GROUPS);

  constructor(mounts: readonly MountInfo[]) {
    this.mount = mounts.find((mount) => mount.type === 'cgroup2')?.path;
  }

  /** Below the hierarchy's root, as /proc/PID/cgroup has it; undefined when it is gone. */
  pathOf(id: bigint): string | undefined {
    const known = this.known.get(id);
    if (known !== undefined || this.mount === undefined || id === 0n) return known;
    const handle = Buffer.alloc(16);
    handle.writeUInt32LE(8, 0);
    handle.writeInt32LE(FILEID_KERNFS, 4);
    handle.writeBigUInt64LE(id, 8);
    const path = pathByHandle(this.mount, handle);
    if (path === undefined || !path.startsWith(this.mount)) return undefined;
    const relative = path.slice(this.mount.length) || '/';
    this.known.set(id, relative);
    return relative;
  }
}

/** Ids are never used again; only memory limits what is remembered. */
const MOST_GROUPS = 4_096;

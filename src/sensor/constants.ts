/** Constants of the kernel that the sensor uses, with their header. All are the same on x86-64 and arm64. */

/** include/uapi/linux/fanotify.h */
export const FAN = {
  // fanotify_init(2)
  CLOEXEC: 0x1,
  NONBLOCK: 0x2,
  CLASS_NOTIF: 0,
  UNLIMITED_MARKS: 0x20,
  REPORT_DIR_FID: 0x400,
  REPORT_NAME: 0x800,
  // fanotify_mark(2)
  MARK_ADD: 0x1,
  MARK_REMOVE: 0x2,
  MARK_ONLYDIR: 0x8,
  MARK_FILESYSTEM: 0x100,
  // events
  MODIFY: 0x2,
  ATTRIB: 0x4,
  CLOSE_WRITE: 0x8,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  OPEN_EXEC: 0x1000,
  Q_OVERFLOW: 0x4000,
  EVENT_ON_CHILD: 0x8000000,
  RENAME: 0x10000000,
  ONDIR: 0x40000000,
  // fanotify(7): struct fanotify_event_metadata
  METADATA_LENGTH: 24,
  NOFD: -1,
  // struct fanotify_event_info_header.info_type
  INFO_DFID_NAME: 2,
  INFO_DFID: 3,
  INFO_OLD_DFID_NAME: 10,
  INFO_NEW_DFID_NAME: 12,
} as const;

/** include/uapi/linux/inotify.h */
export const IN = {
  CLOEXEC: 0o2000000,
  NONBLOCK: 0o4000,
  MODIFY: 0x2,
  ATTRIB: 0x4,
  CLOSE_WRITE: 0x8,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ONLYDIR: 0x1000000,
  MASK_ADD: 0x20000000,
  ISDIR: 0x40000000,
  // struct inotify_event without its name
  HEADER_LENGTH: 16,
} as const;

/** include/uapi/linux/fcntl.h */
export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
/** include/uapi/asm-generic/fcntl.h; Node's `fs.constants` has neither. */
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;
/** A handle that only identifies, for file systems that cannot open by handle (overlay, ramfs); Linux 6.5. */
export const AT_HANDLE_FID = 0x200;
/** include/uapi/linux/exportfs.h: the most bytes a handle has. */
export const MAX_HANDLE_SZ = 128;
/** Offset of f_fsid in struct statfs of 64-bit Linux (include/uapi/asm-generic/statfs.h). */
export const STATFS_FSID_OFFSET = 56;
export const STATFS_LENGTH = 120;

/** include/uapi/linux/exportfs.h: the handle of a kernfs node is its 64-bit id, and the id of a control group is that of its directory. */
export const FILEID_KERNFS = 0xfe;
/** USER_HZ ticks of /proc are this long, in ns (include/asm-generic/param.h: 100 a second). */
export const TICK_NS = 10_000_000n;

/** include/uapi/linux/time.h */
export const CLOCK_REALTIME = 0;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_BOOTTIME = 7;

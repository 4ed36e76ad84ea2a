/**
 * Constants of the kernel that Node has no name for, by the header or the manual page that has them. All but a number of a system call are the same on x86-64 and arm64.
 * What programs and types of BPF are written in stands in src/sensor/bpf/constants.ts.
 */

// include/uapi/asm-generic/fcntl.h
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;

// include/uapi/linux/fcntl.h
export const AT_FDCWD = -100;
/** A handle that only identifies, for file systems that cannot open by handle (overlay, ramfs); Linux 6.5. */
export const AT_HANDLE_FID = 0x200;
export const AT_EMPTY_PATH = 0x1000;

// include/uapi/linux/stat.h
/** Of a directory: files in it belong to who made them, and nobody else renames or removes them. */
export const S_ISVTX = 0o1000;
export const S_ISGID = 0o2000;
export const S_ISUID = 0o4000;

// include/linux/namei.h; path_resolution(7)
export const MAXSYMLINKS = 40;

// include/uapi/linux/limits.h
export const XATTR_SIZE_MAX = 65_536;
export const XATTR_LIST_MAX = 65_536;

// include/uapi/linux/fs.h; ioctl_iflags(2). The requests are those of machines of 64 bits.
export const FS_IOC_GETFLAGS = 0x80086601n;
export const FS_IOC_SETFLAGS = 0x40086602n;
export const FS_IMMUTABLE_FL = 0x10;
export const FS_APPEND_FL = 0x20;

// include/uapi/linux/magic.h, of xfs fs/xfs/libxfs/xfs_format.h: s_magic of a super_block.
export const EXT4_SUPER_MAGIC = 0xef53;
export const XFS_SUPER_MAGIC = 0x5846_5342;
export const TMPFS_MAGIC = 0x0102_1994;

// include/uapi/asm-generic/statfs.h: struct statfs of 64-bit Linux, and where its f_fsid is.
export const STATFS_LENGTH = 120;
export const STATFS_FSID_OFFSET = 56;

// include/linux/exportfs.h
/** The most bytes a handle has. */
export const MAX_HANDLE_SZ = 128;
/** The handle of a kernfs node is its 64-bit id, and the id of a control group is that of its directory. */
export const FILEID_KERNFS = 0xfe;

// include/uapi/asm-generic/mman-common.h; madvise(2)
export const MADV_DONTNEED = 4;

// include/linux/kdev_t.h: width of the minor in the kernel's own dev_t.
export const MINORBITS = 20;

// include/asm-generic/param.h: ticks of /proc in a second.
export const USER_HZ = 100;

// include/linux/sched.h: bits of field 9 of /proc/PID/stat.
/** A thread of the kernel, which has no program and no arguments. */
export const PF_KTHREAD = 0x200000;

// include/linux/fs.h: among the flags of a file that was opened to run it; nobody can ask for it
export const FMODE_EXEC = 0x20;

// include/uapi/linux/sched.h; clone(2)
export const CLONE_THREAD = 0x1_0000;

// include/uapi/linux/audit.h: what nobody's login has, `(uid_t) -1`.
export const AUDIT_UID_UNSET = 0xffff_ffff;
export const AUDIT_SID_UNSET = 0xffff_ffff;

// include/linux/proc_ns.h: the inodes of the first pid namespace and the first time namespace.
export const PROC_PID_INIT_INO = 0xefff_fffc;
export const PROC_TIME_INIT_INO = 0xefff_fffa;

// include/uapi/linux/capability.h: bits in CapEff.
export const CAP_SYS_ADMIN = 21;
export const CAP_PERFMON = 38;
export const CAP_BPF = 39;

// arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
/** By `process.arch`. */
export const SYS_BPF: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
export const SYS_PIDFD_SEND_SIGNAL = 424;
export const SYS_PIDFD_OPEN = 434;

// include/uapi/linux/time.h
export const CLOCK_REALTIME = 0;
export const CLOCK_REALTIME_COARSE = 5;
export const CLOCK_BOOTTIME = 7;

// include/uapi/asm-generic/poll.h
export const POLLPRI = 0x2;

// include/linux/socket.h, include/linux/net.h; socket(2), send(2)
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;

// include/uapi/linux/un.h: `sun_path`, with the zero at its end.
export const UNIX_PATH_MAX = 108;

// include/uapi/linux/in.h
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_UDPLITE = 136;
export const IPPROTO_RAW = 255;

// include/uapi/linux/if.h; netdevice(7)
export const IFF_BROADCAST = 0x2;

// include/net/net_namespace.h: the number of the loopback in every network namespace, whatever it is called.
export const LOOPBACK_IFINDEX = 1;

// include/net/netfilter/nf_tables.h: a chain may have so many interfaces.
export const NFT_NETDEVICE_MAX = 256;

// include/uapi/linux/if_arp.h: kinds of links, and flags of arp(7).
export const ARPHRD_ETHER = 1;
export const ARPHRD_INFINIBAND = 32;
export const ARPHRD_LOOPBACK = 772;
export const ATF_COM = 0x2;
export const ATF_PERM = 0x4;

// include/uapi/linux/netlink.h; netlink(7)
export const NETLINK_ROUTE = 0;
export const NETLINK_XFRM = 6;
export const NLMSG_HDRLEN = 16;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const NLM_F_REQUEST = 0x1;
export const NLM_F_DUMP = 0x300;
export const NLA_TYPE_MASK = 0x3fff;

// include/uapi/linux/rtnetlink.h; rtnetlink(7)
export const RTM_NEWLINK = 16;
export const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_GETADDR = 22;
export const RTM_NEWROUTE = 24;
export const RTM_GETROUTE = 26;
export const RTN_UNICAST = 1;
export const RTN_LOCAL = 2;
export const RTN_BROADCAST = 3;
export const RTN_ANYCAST = 4;
export const RTA_DST = 1;
export const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_PREFSRC = 7;
export const RTA_METRICS = 8;
export const RTA_MULTIPATH = 9;
export const RTAX_MTU = 2;
export const RTAX_HOPLIMIT = 10;

// include/uapi/linux/xfrm.h
export const XFRM_MSG_NEWPOLICY = 19;
export const XFRM_MSG_GETPOLICY = 21;
export const XFRM_POLICY_OUT = 1;
export const XFRM_POLICY_ALLOW = 0;
export const XFRMA_TMPL = 5;
export const XFRMA_MARK = 21;
export const XFRMA_IF_ID = 31;

// include/uapi/linux/if_link.h
export const IFLA_IFNAME = 3;
export const IFLA_LINKINFO = 18;
export const IFLA_INFO_KIND = 1;

// include/uapi/linux/if_addr.h
export const IFA_ADDRESS = 1;
export const IFA_LOCAL = 2;
export const IFA_BROADCAST = 4;

// include/uapi/linux/fanotify.h; fanotify_init(2), fanotify_mark(2), then the events of fanotify(7) and what they consist of.
export const FAN_CLOEXEC = 0x1;
export const FAN_NONBLOCK = 0x2;
export const FAN_CLASS_NOTIF = 0;
export const FAN_UNLIMITED_MARKS = 0x20;
export const FAN_REPORT_DIR_FID = 0x400;
export const FAN_REPORT_NAME = 0x800;
export const FAN_MARK_ADD = 0x1;
export const FAN_MARK_DONT_FOLLOW = 0x4;
export const FAN_MARK_ONLYDIR = 0x8;
export const FAN_MARK_FILESYSTEM = 0x100;
export const FAN_MODIFY = 0x2;
export const FAN_ATTRIB = 0x4;
export const FAN_CLOSE_WRITE = 0x8;
export const FAN_MOVED_FROM = 0x40;
export const FAN_MOVED_TO = 0x80;
export const FAN_CREATE = 0x100;
export const FAN_DELETE = 0x200;
export const FAN_DELETE_SELF = 0x400;
export const FAN_MOVE_SELF = 0x800;
export const FAN_OPEN_EXEC = 0x1000;
export const FAN_Q_OVERFLOW = 0x4000;
export const FAN_EVENT_ON_CHILD = 0x8000000;
export const FAN_RENAME = 0x10000000;
export const FAN_ONDIR = 0x40000000;
export const FAN_EVENT_METADATA_LEN = 24;
export const FAN_NOFD = -1;
export const FAN_EVENT_INFO_TYPE_DFID_NAME = 2;
export const FAN_EVENT_INFO_TYPE_DFID = 3;
export const FAN_EVENT_INFO_TYPE_OLD_DFID_NAME = 10;
export const FAN_EVENT_INFO_TYPE_NEW_DFID_NAME = 12;

// include/uapi/linux/inotify.h; inotify(7)
export const IN_CLOEXEC = 0o2000000;
export const IN_NONBLOCK = 0o4000;
export const IN_MODIFY = 0x2;
export const IN_ATTRIB = 0x4;
export const IN_CLOSE_WRITE = 0x8;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_ONLYDIR = 0x1000000;
export const IN_MASK_ADD = 0x20000000;
export const IN_ISDIR = 0x40000000;
/** struct inotify_event without its name. */
export const INOTIFY_EVENT_LENGTH = 16;

/**
 * fanotify(7) by two groups. `wake` only says that something happened: without names its events merge into a few, so it costs next to nothing and never
 * fills up. `log` holds what happened, with names, and between it which programs were run; it is read when `wake` wakes us, and now and then.
 */
import { FAN_ATTRIB, FAN_CLASS_NOTIF, FAN_CLOEXEC, FAN_CLOSE_WRITE, FAN_CREATE, FAN_DELETE, FAN_DELETE_SELF, FAN_EVENT_ON_CHILD, FAN_MARK_ADD, FAN_MARK_DONT_FOLLOW, FAN_MARK_FILESYSTEM, FAN_MARK_ONLYDIR, FAN_MODIFY, FAN_MOVED_FROM, FAN_MOVED_TO, FAN_MOVE_SELF, FAN_NONBLOCK, FAN_ONDIR, FAN_OPEN_EXEC, FAN_RENAME, FAN_REPORT_DIR_FID, FAN_REPORT_NAME, FAN_UNLIMITED_MARKS } from '../host/kernel.ts';
import { readMountInfo } from '../host/mounts.ts';
import { hurry, type Backend, type Bracket, type Interest, type Receiver } from './backend.ts';
import { ExecLog } from './exec-log.ts';
import { parseFanotify, type Numbering, type Parsed } from './fanotify-parse.ts';
import { programFileSystems, type Handles } from './filesystems.ts';
import { openInotify } from './inotify.ts';
import * as libc from './libc.ts';

/** Events that wait in the kernel are read in pieces of this size, in bytes. */
const BUFFER = 256 * 1024;

/** Changes taken into memory at once; the rest waits in the kernel until these are worked off. */
const MOST_AT_ONCE = 50_000;

const GONE = FAN_DELETE_SELF | FAN_MOVE_SELF | FAN_ONDIR;
const CONTENTS = FAN_CREATE | FAN_DELETE | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_EVENT_ON_CHILD;

const OF_FILE = FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB;

const LOG_MASKS: Record<Interest, number> = { contents: CONTENTS | FAN_RENAME | GONE, appearance: FAN_CREATE | FAN_MOVED_TO | GONE, self: GONE };
/** Renames are told of only together with names, so here they are their two halves. */
const WAKE_MASKS: Record<Interest, number> = { contents: CONTENTS | FAN_MOVED_FROM | FAN_MOVED_TO | GONE, appearance: FAN_CREATE | FAN_MOVED_TO | GONE, self: GONE };

/**
 * What fanotify_mark(2) and name_to_handle_at(2) say of file systems that have no id (many of FUSE), another in every subvolume (btrfs), or no handles.
 * Directories there, and those that a copy of their file system has a second time, are watched by inotify: what happens is told, but not who did it.
 */
const NO_IDENTITY: ReadonlySet<string> = new Set(['ENODEV', 'EXDEV', 'EOPNOTSUPP', 'EOVERFLOW']);

const FLAGS = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DIR_FID;

/** Throws a SystemError where the kernel does not allow it. Without CAP_SYS_ADMIN it works, but names no process and logs no programs. */
export function openFanotify(handles: Handles): Backend {
  const groups = openGroups();
  const { wake, log, privileged } = groups;
  const execLog = new ExecLog();
  const buffer = Buffer.allocUnsafe(BUFFER);
  const spill = Buffer.allocUnsafe(4096);
  const numbering: Numbering = { position: 0 };
  let emptiedAt = process.hrtime.bigint();
  let waiting: libc.Poll | undefined;
  let receiver: Receiver | undefined;
  let others: Backend | undefined;
  const nameless = new Set<string>();
  const elsewhere = (): Backend => {
    if (others === undefined) {
      others = openInotify();
      if (receiver !== undefined) others.start(receiver);
    }
    return others;
  };
  const markElsewhere: Backend['mark'] = (directory, interest, path, isCopy) => {
    const key = elsewhere().mark(directory, interest, path, isCopy);
    if (interest === 'contents') nameless.add(path);
    return key;
  };

  const drain = (isWoken = false): void => {
    others?.drain();
    if (receiver === undefined || !receiver.mayTake()) {
      while (libc.read(wake, spill) > 0);
      return;
    }
    const bracket: Bracket = { after: emptiedAt, before: 0n };
    const parsed: Parsed = { changes: [], executions: [], overflow: false, gone: [] };
    // Taken before each reading: what is older than the one that found nothing is read, and what comes later is newer.
    let now = process.hrtime.bigint();
    let length = libc.read(log, buffer);
    // What woke us is taken before the last reading of the log, so that whatever comes after that wakes us again; so does what is left of it.
    let isAwake = isWoken || length > 0;
    while (length > 0 || isAwake) {
      const seen = parsed.changes.length;
      parseFanotify(buffer, length, bracket, numbering, parsed);
      hurry(receiver, parsed.changes, seen);
      if (isAwake) libc.read(wake, spill);
      isAwake = false;
      if (parsed.changes.length >= MOST_AT_ONCE) break;
      now = process.hrtime.bigint();
      length = libc.read(log, buffer);
    }
    bracket.before = now;
    if (length === 0) emptiedAt = now;
    if (parsed.overflow) execLog.forget(bracket.before);
    for (const { pid, directory, name, position } of parsed.executions) execLog.add(pid, { directory, name, position, bracket });
    if (parsed.changes.length > 0 || parsed.overflow || parsed.gone.length > 0) receiver.take(parsed);
  };
  /** All anew: a device number may be that of another file system by now. */
  const markPrograms = (since: bigint): void => {
    if (!privileged) return;
    const logged = new Map(programFileSystems(readMountInfo()).filter(({ path }) => isMarked(log, Buffer.from(path, 'latin1'), FAN_MARK_FILESYSTEM, FAN_OPEN_EXEC)).map((mount) => [mount.device, handles.learn(mount)]));
    execLog.logs(logged, since);
  };
  // The map of images is opened after this, so that it has none whose program was opened earlier.
  markPrograms(ExecLog.ALWAYS);

  return {
    source: 'fanotify',
    namesProcesses: privileged,
    nameless,
    ...(privileged ? { execLog } : {}),
    mark(directory, interest, path, isCopy) {
      try {
        const key = libc.directoryKey(directory);
        if (isCopy(key, directory, path)) return markElsewhere(directory, interest, path, isCopy);
        libc.fanotify.mark(log, FAN_MARK_ADD | FAN_MARK_ONLYDIR, LOG_MASKS[interest], directory);
        libc.fanotify.mark(wake, FAN_MARK_ADD | FAN_MARK_ONLYDIR, WAKE_MASKS[interest], directory);
        return key;
      } catch (error) {
        if (!(error instanceof libc.SystemError) || !NO_IDENTITY.has(error.code)) throw error;
        return markElsewhere(directory, interest, path, isCopy);
      }
    },
    ...(privileged ? { markFile: (path) => isMarked(log, path, FAN_MARK_DONT_FOLLOW, OF_FILE) && isMarked(wake, path, FAN_MARK_DONT_FOLLOW, OF_FILE) } : {}),
    start(by) {
      receiver = by;
      others?.start(by);
      waiting = libc.poll(wake, () => drain(true));
    },
    drain: () => drain(),
    mountsChanged: () => markPrograms(process.hrtime.bigint()),
    close() {
      waiting?.close();
      others?.close();
      libc.close(wake);
      libc.close(log);
    },
  };
}

/** Overlay and others have no marks of a whole file system: what is run from them is not logged, and the attribution knows it by the device. */
function isMarked(group: number, path: string | Buffer, how: number, mask: number): boolean {
  try {
    libc.fanotify.markPath(group, FAN_MARK_ADD | how, mask, path);
    return true;
  } catch {
    return false;
  }
}

function openGroups(): { wake: number; log: number; privileged: boolean } {
  try {
    return openPair(FLAGS | FAN_UNLIMITED_MARKS, true);
  } catch (error) {
    if (!(error instanceof libc.SystemError) || error.code !== 'EPERM') throw error;
    return openPair(FLAGS, false);
  }
}

function openPair(flags: number, privileged: boolean): { wake: number; log: number; privileged: boolean } {
  const log = libc.fanotify.open(flags | FAN_REPORT_NAME);
  try {
    return { wake: libc.fanotify.open(flags), log, privileged };
  } catch (error) {
    libc.close(log);
    throw error;
  }
}

/** inotify(7), where fanotify is not allowed: the same changes, but never who made them. */
import { INOTIFY_EVENT_LENGTH, IN_ATTRIB, IN_CLOEXEC, IN_CLOSE_WRITE, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_ISDIR, IN_MASK_ADD, IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO, IN_MOVE_SELF, IN_NONBLOCK, IN_ONLYDIR, IN_Q_OVERFLOW } from '../host/kernel.ts';
import { Did, hurry, type Backend, type Batch, type Bracket, type Change, type Interest, type Receiver } from './backend.ts';
import * as libc from './libc.ts';

/** Room for one event with the longest name, many times over, in bytes. */
const BUFFER = 64 * 1024;

const MASKS: Record<Interest, number> = {
  contents: IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
  appearance: IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
  self: IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
};

/** Throws a SystemError when the user has no instance or watch left (fs.inotify.max_user_instances, max_user_watches). */
export function openInotify(): Backend {
  const fd = libc.inotify.open(IN_CLOEXEC | IN_NONBLOCK);
  const buffer = Buffer.allocUnsafe(BUFFER);
  let emptiedAt = process.hrtime.bigint();
  let position = 0;
  let waiting: libc.Poll | undefined;
  let receiver: Receiver | undefined;

  const drain = (): void => {
    const bracket: Bracket = { after: emptiedAt, before: 0n };
    let now = process.hrtime.bigint();
    for (let length = libc.read(fd, buffer); length > 0; length = libc.read(fd, buffer)) {
      const batch = parseInotify(buffer, length, bracket, position);
      position += length;
      now = process.hrtime.bigint();
      bracket.before = now;
      if (receiver === undefined) continue;
      hurry(receiver, batch.changes);
      receiver.take(batch);
    }
    emptiedAt = now;
  };

  return {
    source: 'inotify',
    namesProcesses: false,
    mark(directory, interest) {
      // The kernel's own link to the directory that the descriptor has: the same one whatever has its name by now.
      const wd = libc.inotify.watch(fd, `/proc/self/fd/${directory}`, MASKS[interest] | IN_MASK_ADD);
      return String(wd);
    },
    start(by) {
      receiver = by;
      waiting = libc.poll(fd, drain);
    },
    drain,
    mountsChanged: () => undefined,
    close() {
      waiting?.close();
      libc.close(fd);
    },
  };
}

/** struct inotify_event: wd (4), mask (4), cookie (4), length of the name (4), name padded with NULs. Positions are offsets in all that was ever read. */
export function parseInotify(buffer: Buffer, length: number, bracket: Bracket, position = 0): Batch {
  const batch: Batch = { changes: [], overflow: false, gone: [] };
  const moves = new Map<number, Change>();
  let offset = 0;
  while (offset + INOTIFY_EVENT_LENGTH <= length) {
    const nameLength = buffer.readUInt32LE(offset + 12);
    const end = offset + INOTIFY_EVENT_LENGTH + nameLength;
    if (end > length) break;
    const directory = String(buffer.readInt32LE(offset));
    const mask = buffer.readUInt32LE(offset + 4);
    const cookie = buffer.readUInt32LE(offset + 8);
    const nul = buffer.indexOf(0, offset + INOTIFY_EVENT_LENGTH);
    const name = buffer.toString('latin1', offset + INOTIFY_EVENT_LENGTH, nul < 0 || nul > end ? end : nul);
    if ((mask & IN_Q_OVERFLOW) !== 0) batch.overflow = true;
    else if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF)) !== 0) batch.gone.push({ directory, pid: 0, position: position + offset, bracket });
    else if (name.length > 0 && didOf(mask) !== 0) add(batch, moves, cookie, { directory, name, isDirectory: (mask & IN_ISDIR) !== 0, did: didOf(mask), pid: 0, position: position + offset, bracket });
    offset = end;
  }
  return batch;
}

function add(batch: Batch, moves: Map<number, Change>, cookie: number, change: Change): void {
  const other = cookie === 0 ? undefined : moves.get(cookie);
  if (change.did === Did.MOVED_IN && other !== undefined) {
    // Both halves of one rename: the first becomes where it came from.
    batch.changes.splice(batch.changes.indexOf(other), 1);
    change.from = { directory: other.directory, name: other.name };
  } else if (change.did === Did.MOVED_OUT) moves.set(cookie, change);
  batch.changes.push(change);
}

function didOf(mask: number): number {
  let did = 0;
  if ((mask & IN_CREATE) !== 0) did |= Did.CREATED;
  if ((mask & IN_MODIFY) !== 0) did |= Did.WRITTEN;
  if ((mask & IN_CLOSE_WRITE) !== 0) did |= Did.CLOSED;
  if ((mask & IN_ATTRIB) !== 0) did |= Did.ATTRIBUTES;
  if ((mask & IN_DELETE) !== 0) did |= Did.DELETED;
  if ((mask & IN_MOVED_TO) !== 0) did |= Did.MOVED_IN;
  if ((mask & IN_MOVED_FROM) !== 0) did |= Did.MOVED_OUT;
  return did;
}

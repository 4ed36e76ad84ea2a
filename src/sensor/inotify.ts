/** inotify(7), where fanotify is not allowed: the same changes, but never who made them. */
import type { Backend, Batch, Change, Interest } from './backend.ts';
import { IN } from './constants.ts';
import * as libc from './libc.ts';

/** Room for one event with the longest name, many times over, in bytes. */
const BUFFER = 64 * 1024;

const MASKS: Record<Interest, number> = {
  contents: IN.CREATE | IN.DELETE | IN.MOVED_FROM | IN.MOVED_TO | IN.CLOSE_WRITE | IN.ATTRIB | IN.DELETE_SELF | IN.MOVE_SELF | IN.ONLYDIR,
  appearance: IN.CREATE | IN.MOVED_TO | IN.DELETE_SELF | IN.MOVE_SELF | IN.ONLYDIR,
};

/** Throws a SystemError when the user has no instance or watch left (fs.inotify.max_user_instances, max_user_watches). */
export function openInotify(): Backend {
  const fd = libc.inotify.open(IN.CLOEXEC | IN.NONBLOCK);
  const buffer = Buffer.allocUnsafe(BUFFER);
  const wide = new Set<string>();
  let waiting: libc.Poll | undefined;
  return {
    source: 'inotify',
    namesProcesses: false,
    mark(path, interest) {
      // A second watch on the same directory replaces the mask: widen only.
      const key = String(libc.inotify.watch(fd, path, MASKS[interest]));
      if (interest === 'contents') wide.add(key);
      else if (wide.has(key)) libc.inotify.watch(fd, path, MASKS.contents);
      return key;
    },
    start(onBatch) {
      waiting = libc.poll(fd, () => {
        for (let length = libc.read(fd, buffer); length > 0; length = libc.read(fd, buffer)) onBatch(parseInotify(buffer, length));
      });
    },
    close() {
      waiting?.close();
      libc.close(fd);
    },
  };
}

/** struct inotify_event: wd (4), mask (4), cookie (4), length of the name (4), name padded with NULs. */
export function parseInotify(buffer: Buffer, length: number): Batch {
  const batch: Batch = { changes: [], overflow: false, gone: [] };
  const moves = new Map<number, Change>();
  let offset = 0;
  while (offset + IN.HEADER_LENGTH <= length) {
    const nameLength = buffer.readUInt32LE(offset + 12);
    const end = offset + IN.HEADER_LENGTH + nameLength;
    if (end > length) break;
    const directory = String(buffer.readInt32LE(offset));
    const mask = buffer.readUInt32LE(offset + 4);
    const cookie = buffer.readUInt32LE(offset + 8);
    const padded = buffer.subarray(offset + IN.HEADER_LENGTH, end);
    const nul = padded.indexOf(0);
    const name = Buffer.from(nul < 0 ? padded : padded.subarray(0, nul));
    offset = end;
    if ((mask & IN.Q_OVERFLOW) !== 0) batch.overflow = true;
    else if ((mask & (IN.DELETE_SELF | IN.MOVE_SELF)) !== 0) batch.gone.push(directory);
    else if (name.length > 0) add(batch, moves, { directory, mask, cookie, name });
  }
  return batch;
}

function add(batch: Batch, moves: Map<number, Change>, { directory, mask, cookie, name }: { directory: string; mask: number; cookie: number; name: Buffer }): void {
  const change: Change = {
    directory,
    name,
    isDirectory: (mask & IN.ISDIR) !== 0,
    created: (mask & IN.CREATE) !== 0,
    written: (mask & IN.CLOSE_WRITE) !== 0,
    attributes: (mask & IN.ATTRIB) !== 0,
    deleted: (mask & IN.DELETE) !== 0,
    movedIn: (mask & IN.MOVED_TO) !== 0,
    movedOut: (mask & IN.MOVED_FROM) !== 0,
    pid: 0,
  };
  const other = cookie === 0 ? undefined : moves.get(cookie);
  if (change.movedIn && other !== undefined) {
    // Both halves of one rename: the first becomes where it came from.
    batch.changes.splice(batch.changes.indexOf(other), 1);
    change.from = { directory: other.directory, name: other.name };
  } else if (change.movedOut) moves.set(cookie, change);
  batch.changes.push(change);
}

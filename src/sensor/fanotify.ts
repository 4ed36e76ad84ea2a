/** fanotify(7) with directory handles and names: inode marks on directories, one event for each name and process. */
import type { Backend, Batch, Change, Interest } from './backend.ts';
import { FAN } from './constants.ts';
import * as libc from './libc.ts';

/** Events that wait in the kernel are read in pieces of this size, in bytes. */
const BUFFER = 256 * 1024;

const MASKS: Record<Interest, number> = {
  contents: FAN.CREATE | FAN.DELETE | FAN.RENAME | FAN.CLOSE_WRITE | FAN.ATTRIB | FAN.DELETE_SELF | FAN.MOVE_SELF | FAN.EVENT_ON_CHILD | FAN.ONDIR,
  appearance: FAN.CREATE | FAN.MOVED_TO | FAN.DELETE_SELF | FAN.MOVE_SELF | FAN.ONDIR,
};

const BASE_FLAGS = FAN.CLASS_NOTIF | FAN.CLOEXEC | FAN.NONBLOCK | FAN.REPORT_DIR_FID | FAN.REPORT_NAME;

/** Throws a SystemError where the kernel does not allow it. Without CAP_SYS_ADMIN it works, but names no process. */
export function openFanotify(): Backend {
  const { fd, privileged } = openGroup();
  const buffer = Buffer.allocUnsafe(BUFFER);
  let waiting: libc.Poll | undefined;
  return {
    source: 'fanotify',
    namesProcesses: privileged,
    mark(path, interest) {
      libc.fanotify.mark(fd, FAN.MARK_ADD | FAN.MARK_ONLYDIR, MASKS[interest], path);
      return libc.directoryKey(path);
    },
    start(onBatch) {
      waiting = libc.poll(fd, () => {
        for (let length = libc.read(fd, buffer); length > 0; length = libc.read(fd, buffer)) onBatch(parseFanotify(buffer, length));
      });
    },
    close() {
      waiting?.close();
      libc.close(fd);
    },
  };
}

function openGroup(): { fd: number; privileged: boolean } {
  try {
    return { fd: libc.fanotify.open(BASE_FLAGS | FAN.UNLIMITED_MARKS), privileged: true };
  } catch (error) {
    if (!(error instanceof libc.SystemError) || error.code !== 'EPERM') throw error;
    return { fd: libc.fanotify.open(BASE_FLAGS), privileged: false };
  }
}

interface Entry {
  directory: string;
  name: Buffer;
}

/** The events in a buffer as `read` filled it. Anything that does not fit its own length ends the parsing: the kernel never writes such. */
export function parseFanotify(buffer: Buffer, length: number): Batch {
  const batch: Batch = { changes: [], overflow: false, gone: [] };
  let offset = 0;
  while (offset + FAN.METADATA_LENGTH <= length) {
    const eventLength = buffer.readUInt32LE(offset);
    const metadataLength = buffer.readUInt16LE(offset + 6);
    if (eventLength < FAN.METADATA_LENGTH || offset + eventLength > length) break;
    // All bits we ask for are in the lower half of the 64-bit mask.
    const mask = buffer.readUInt32LE(offset + 8);
    const pid = buffer.readInt32LE(offset + 20);
    if ((mask & FAN.Q_OVERFLOW) !== 0) batch.overflow = true;
    else add(batch, mask, pid, entries(buffer, offset + metadataLength, offset + eventLength));
    offset += eventLength;
  }
  return batch;
}

interface Entries {
  here?: Entry;
  old?: Entry;
  fresh?: Entry;
}

function entries(buffer: Buffer, start: number, end: number): Entries {
  const found: Entries = {};
  let offset = start;
  while (offset + 4 <= end) {
    const type = buffer[offset];
    const length = buffer.readUInt16LE(offset + 2);
    if (length < 4 || offset + length > end) break;
    const entry = type === FAN.INFO_DFID_NAME || type === FAN.INFO_DFID || type === FAN.INFO_OLD_DFID_NAME || type === FAN.INFO_NEW_DFID_NAME ? entryAt(buffer, offset, length) : undefined;
    if (entry !== undefined && type === FAN.INFO_OLD_DFID_NAME) found.old = entry;
    else if (entry !== undefined && type === FAN.INFO_NEW_DFID_NAME) found.fresh = entry;
    else if (entry !== undefined) found.here = entry;
    offset += length;
  }
  return found;
}

/** header (4 bytes), fsid (8), handle_bytes (4), handle_type (4), handle, name, NUL */
function entryAt(buffer: Buffer, offset: number, length: number): Entry | undefined {
  if (length < 20) return undefined;
  const handleLength = buffer.readUInt32LE(offset + 12);
  const nameStart = offset + 20 + handleLength;
  if (nameStart > offset + length) return undefined;
  const nul = buffer.indexOf(0, nameStart);
  const nameEnd = nul < 0 || nul > offset + length ? offset + length : nul;
  return { directory: libc.keyOf(buffer, offset + 4, buffer, offset + 12, handleLength), name: Buffer.from(buffer.subarray(nameStart, nameEnd)) };
}

/** What the kernel calls the directory itself. */
const SELF = '.';

function add(batch: Batch, mask: number, pid: number, { here, old, fresh }: Entries): void {
  const isDirectory = (mask & FAN.ONDIR) !== 0;
  const change = (entry: Entry, what: Partial<Change>): void => void batch.changes.push({ ...NOTHING, ...entry, isDirectory, pid, ...what });
  if (here !== undefined) {
    if (here.name.length === 0 || here.name.toString('latin1') === SELF) {
      if ((mask & (FAN.DELETE_SELF | FAN.MOVE_SELF)) !== 0) batch.gone.push(here.directory);
    } else change(here, { created: (mask & FAN.CREATE) !== 0, written: (mask & FAN.CLOSE_WRITE) !== 0, attributes: (mask & FAN.ATTRIB) !== 0, deleted: (mask & FAN.DELETE) !== 0, movedIn: (mask & FAN.MOVED_TO) !== 0 });
  }
  if (fresh !== undefined) change(fresh, { movedIn: true, ...(old === undefined ? {} : { from: old }) });
  else if (old !== undefined) change(old, { movedOut: true });
}

const NOTHING = { created: false, written: false, attributes: false, deleted: false, movedIn: false, movedOut: false };

/** The bytes that a fanotify group gives (fanotify(7)) as changes and opened programs. */
import { FAN_ATTRIB, FAN_CLOSE_WRITE, FAN_CREATE, FAN_DELETE, FAN_DELETE_SELF, FAN_EVENT_INFO_TYPE_DFID, FAN_EVENT_INFO_TYPE_DFID_NAME, FAN_EVENT_INFO_TYPE_NEW_DFID_NAME, FAN_EVENT_INFO_TYPE_OLD_DFID_NAME, FAN_EVENT_METADATA_LEN, FAN_MODIFY, FAN_MOVED_TO, FAN_MOVE_SELF, FAN_ONDIR, FAN_OPEN_EXEC, FAN_Q_OVERFLOW } from '../host/kernel.ts';
import { Did, type Batch, type Bracket } from './backend.ts';
import { keyOf } from './libc.ts';

/** A program that a process opened to run it. */
export interface Execution {
  pid: number;
  directory: string;
  name: string;
  position: number;
}

export interface Parsed extends Batch {
  executions: Execution[];
}

export interface Numbering {
  /** Of the next event. */
  position: number;
}

interface Entry {
  directory: string;
  name: string;
}

interface Entries {
  here?: Entry;
  old?: Entry;
  fresh?: Entry;
}

/** What the kernel calls the directory itself. */
const SELF = '.';

const GONE = FAN_DELETE_SELF | FAN_MOVE_SELF;

/** Adds the events of a buffer as `read` filled it. Anything that does not fit its own length ends the parsing: the kernel never writes such. */
export function parseFanotify(buffer: Buffer, length: number, bracket: Bracket, numbering: Numbering, into: Parsed): void {
  const keys = new Keys(buffer);
  let offset = 0;
  while (offset + FAN_EVENT_METADATA_LEN <= length) {
    const eventLength = buffer.readUInt32LE(offset);
    const metadataLength = buffer.readUInt16LE(offset + 6);
    if (eventLength < FAN_EVENT_METADATA_LEN || offset + eventLength > length) break;
    // All bits we ask for are in the lower half of the 64-bit mask.
    const mask = buffer.readUInt32LE(offset + 8);
    if ((mask & FAN_Q_OVERFLOW) !== 0) into.overflow = true;
    else add(into, mask, buffer.readInt32LE(offset + 20), entries(buffer, offset + metadataLength, offset + eventLength, keys), numbering, bracket);
    numbering.position += 1;
    offset += eventLength;
  }
}

function entries(buffer: Buffer, start: number, end: number, keys: Keys): Entries {
  const found: Entries = {};
  let offset = start;
  while (offset + 4 <= end) {
    const type = buffer[offset];
    const length = buffer.readUInt16LE(offset + 2);
    if (length < 4 || offset + length > end) break;
    const entry = type === FAN_EVENT_INFO_TYPE_DFID_NAME || type === FAN_EVENT_INFO_TYPE_DFID || type === FAN_EVENT_INFO_TYPE_OLD_DFID_NAME || type === FAN_EVENT_INFO_TYPE_NEW_DFID_NAME ? entryAt(buffer, offset, length, keys) : undefined;
    if (entry !== undefined && type === FAN_EVENT_INFO_TYPE_OLD_DFID_NAME) found.old = entry;
    else if (entry !== undefined && type === FAN_EVENT_INFO_TYPE_NEW_DFID_NAME) found.fresh = entry;
    else if (entry !== undefined) found.here = entry;
    offset += length;
  }
  return found;
}

/** header (4 bytes), fsid (8), handle_bytes (4), handle_type (4), handle, name, NUL */
function entryAt(buffer: Buffer, offset: number, length: number, keys: Keys): Entry | undefined {
  if (length < 20) return undefined;
  const handleLength = buffer.readUInt32LE(offset + 12);
  const nameStart = offset + 20 + handleLength;
  if (nameStart > offset + length) return undefined;
  // From the end, where some NULs fill it up: names are shorter than a search for the first would pay for.
  let nameEnd = offset + length;
  while (nameEnd > nameStart && buffer[nameEnd - 1] === 0) nameEnd -= 1;
  return { directory: keys.at(offset + 4, handleLength), name: buffer.toString('latin1', nameStart, nameEnd) };
}

/** Keys of directories: most events in a row are of the same one, so its key is made once. */
class Keys {
  private readonly buffer: Buffer;
  private offset = 0;
  private length = -1;
  private key = '';

  constructor(buffer: Buffer) {
    this.buffer = buffer;
  }

  /** Of the file system id and the handle that stand at an offset. */
  at(offset: number, handleLength: number): string {
    const length = 16 + handleLength;
    if (length !== this.length || !this.isSame(offset)) {
      this.key = keyOf(this.buffer, offset, this.buffer, offset + 8, handleLength);
      this.offset = offset;
      this.length = length;
    }
    return this.key;
  }

  /** Some thirty bytes: fewer than a call out of JavaScript is worth. */
  private isSame(offset: number): boolean {
    for (let at = 0; at < this.length; at += 1) if (this.buffer[offset + at] !== this.buffer[this.offset + at]) return false;
    return true;
  }
}

function add(into: Parsed, mask: number, pid: number, { here, old, fresh }: Entries, { position }: Numbering, bracket: Bracket): void {
  const isDirectory = (mask & FAN_ONDIR) !== 0;
  if (here !== undefined) {
    if ((mask & FAN_OPEN_EXEC) !== 0) into.executions.push({ pid, directory: here.directory, name: here.name, position });
    if (here.name === '' || here.name === SELF) {
      if ((mask & GONE) !== 0) into.gone.push({ directory: here.directory, pid, position, bracket });
    } else {
      const did = didOf(mask);
      if (did !== 0) into.changes.push({ directory: here.directory, name: here.name, isDirectory, did, pid, position, bracket });
    }
  }
  if (fresh !== undefined) into.changes.push({ directory: fresh.directory, name: fresh.name, isDirectory, did: Did.MOVED_IN, pid, position, bracket, ...(old === undefined ? {} : { from: old }) });
  else if (old !== undefined) into.changes.push({ directory: old.directory, name: old.name, isDirectory, did: Did.MOVED_OUT, pid, position, bracket });
}

function didOf(mask: number): number {
  let did = 0;
  if ((mask & FAN_CREATE) !== 0) did |= Did.CREATED;
  if ((mask & FAN_MODIFY) !== 0) did |= Did.WRITTEN;
  if ((mask & FAN_CLOSE_WRITE) !== 0) did |= Did.CLOSED;
  if ((mask & FAN_ATTRIB) !== 0) did |= Did.ATTRIBUTES;
  if ((mask & FAN_DELETE) !== 0) did |= Did.DELETED;
  if ((mask & FAN_MOVED_TO) !== 0) did |= Did.MOVED_IN;
  return did;
}

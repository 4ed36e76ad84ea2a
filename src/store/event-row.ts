/**
 * An event as a row: what many events have in common (who did it, and where that process lives) apart from what is the event's own.
 * The own part is a short array. An event that does not fit the array exactly is kept whole, as JSON, and refers to nothing.
 */
import type { FileEvent } from '../model/event.ts';
import { timestampOf } from '../model/timestamp.ts';
import { has, keysOf } from './packing.ts';

/** Where the maker lives. */
export interface Surroundings {
  host: FileEvent['host'];
  container?: NonNullable<FileEvent['container']>;
  auid?: string;
  cgroup?: string;
  ancestry: FileEvent['tickward']['ancestry'];
}

export interface EventRow {
  id: string;
  /** ms since the epoch */
  time: number;
  action: string;
  directory: string;
  name: string;
  /** null when it is the name. */
  unit: string | null;
  own: Own<null>;
}

export type File = FileEvent['file'];
export type Tickward = FileEvent['tickward'];
/** Words that every event has one of are kept as their place here: only ever add at the end. */
export const TYPES = ['creation', 'change', 'deletion'] as const satisfies FileEvent['event']['type'][0][];
export const SOURCES = ['fanotify', 'inotify', 'scan', 'import'] as const satisfies Tickward['source'][];
export const UNIT_TYPES = ['timer', 'service', 'drop-in', 'wants', 'generator', 'other'] as const satisfies Tickward['unit_type'][];
export const SCOPES = ['system', 'user'] as const satisfies Tickward['scope'][];
export const FILE_TYPES = ['file', 'dir', 'symlink', 'fifo', 'socket', 'device'] as const satisfies NonNullable<File['type']>[];

/** What only this event has, in this order. Absent is undefined, and null once it is JSON; the rare ones at the end are left off together. */
export type Own<Absent> = [
  type: number,
  source: number,
  unitType: number,
  scope: number,
  fileType: number | Absent,
  extension: string | Absent,
  size: number | Absent,
  mode: string | Absent,
  uid: string | Absent,
  gid: string | Absent,
  owner: string | Absent,
  group: string | Absent,
  inode: string | Absent,
  mtime: string | Absent,
  sha256: string | Absent,
  ...rare: [] | [target: string | Absent, ext: NonNullable<File['Ext']> | Absent, pathBytes: string | Absent, ...unit: [] | [directives: string[] | Absent, commands: string[] | Absent, cut: 1 | Absent]],
];

/** Which of them are members of `file`. */
const OF_FILE = { first: 4, last: 16 } as const;
/** How many there are without the rare ones, with some, with all. */
const LENGTHS = [15, 18, 21] as const;

/** Fails to compile when an event gets a field that the array does not have: add it here and below, or such events are kept whole, at ten times the size. */
type Unpacked =
  | Exclude<keyof FileEvent, '@timestamp' | 'event' | 'host' | 'file' | 'process' | 'user' | 'container' | 'tickward'>
  | Exclude<keyof FileEvent['event'], 'id' | 'kind' | 'category' | 'type' | 'action' | 'dataset'>
  | Exclude<keyof File, 'path' | 'directory' | 'name' | 'extension' | 'type' | 'size' | 'mode' | 'uid' | 'gid' | 'owner' | 'group' | 'inode' | 'mtime' | 'hash' | 'target_path' | 'Ext'>
  | Exclude<keyof Tickward, 'attribution' | 'attribution_note' | 'source' | 'unit' | 'unit_type' | 'scope' | 'auid' | 'cgroup' | 'ancestry' | 'path_bytes' | 'directives' | 'commands' | 'content_cut'>;
type Unworded =
  | Exclude<FileEvent['event']['type'][0], (typeof TYPES)[number]>
  | Exclude<Tickward['source'], (typeof SOURCES)[number]>
  | Exclude<Tickward['unit_type'], (typeof UNIT_TYPES)[number]>
  | Exclude<Tickward['scope'], (typeof SCOPES)[number]>
  | Exclude<NonNullable<File['type']>, (typeof FILE_TYPES)[number]>;
const everythingIsPacked: [Unpacked | Unworded] extends [never] ? true : Unpacked | Unworded = true;
void everythingIsPacked;

export function surroundingsOf({ host, container, tickward }: FileEvent): Surroundings {
  return {
    host,
    ...(container === undefined ? {} : { container }),
    ...(tickward.auid === undefined ? {} : { auid: tickward.auid }),
    ...(tickward.cgroup === undefined ? {} : { cgroup: tickward.cgroup }),
    ancestry: tickward.ancestry,
  };
}

/** Whether the event comes back from its fields exactly as it is. */
export function fitsIn(event: FileEvent, own: Own<undefined>, time: number): boolean {
  const { event: what, file, tickward } = event;
  const { directory, name, path } = file;
  // SQLite keeps text as UTF-8, which has no place for half a surrogate pair; JSON has.
  const fits =
    isJoined(path, directory, name) &&
    !name.includes('/') &&
    path.isWellFormed() &&
    (tickward.unit === name || tickward.unit.isWellFormed()) &&
    what.id.isWellFormed() &&
    timestampOf(time) === event['@timestamp'] &&
    keysOf(event) === 5 + has(event.process) + has(event.user) + has(event.container) &&
    keysOf(what) === 6 &&
    keysOf(tickward) === 6 + has(tickward.attribution_note) + has(tickward.auid) + has(tickward.cgroup) + has(tickward.path_bytes) + has(tickward.directives) + has(tickward.commands) + has(tickward.content_cut);
  if (!fits) return false;
  let fields = 3;
  for (let index = OF_FILE.first; index <= OF_FILE.last; index += 1) if (own[index] !== undefined) fields += 1;
  return keysOf(file) === fields && (file.hash === undefined || keysOf(file.hash) === 1);
}

/** Without a text of both: for each event it would be garbage. */
function isJoined(path: string, directory: string | undefined, name: string): boolean {
  return directory !== undefined && path.length === directory.length + 1 + name.length && path.charAt(directory.length) === '/' && path.startsWith(directory) && path.endsWith(name);
}

/** The short array, or undefined when the event would not come back from it exactly as it is. */
export function ownOf(event: FileEvent, time: number): string | undefined {
  const own = fieldsOf(event);
  return fitsIn(event, own, time) ? JSON.stringify(withoutRare(own)) : undefined;
}

/** Cut in place: a copy would be as much garbage again. */
function withoutRare(own: unknown[]): unknown[] {
  let used = own.length;
  while (used > 0 && own[used - 1] === undefined) used -= 1;
  for (const length of LENGTHS) {
    if (used > length) continue;
    own.length = length;
    break;
  }
  return own;
}

/** All that only this event has, absent or not. */
export function fieldsOf({ event, file, tickward }: FileEvent): Own<undefined> {
  return [
    TYPES.indexOf(event.type[0]),
    SOURCES.indexOf(tickward.source),
    UNIT_TYPES.indexOf(tickward.unit_type),
    SCOPES.indexOf(tickward.scope),
    file.type === undefined ? undefined : FILE_TYPES.indexOf(file.type),
    file.extension,
    file.size,
    file.mode,
    file.uid,
    file.gid,
    file.owner,
    file.group,
    file.inode,
    file.mtime,
    file.hash?.sha256,
    file.target_path,
    file.Ext,
    tickward.path_bytes,
    tickward.directives,
    tickward.commands,
    tickward.content_cut && 1,
  ];
}

let lastParsed = '';
let lastParsedTime = Number.NaN;

export function timeOf(timestamp: string): number {
  if (timestamp !== lastParsed) {
    lastParsedTime = Date.parse(timestamp);
    lastParsed = timestamp;
  }
  return lastParsedTime;
}

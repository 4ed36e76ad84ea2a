/**
 * An event as a row: what many events have in common (who did it, and where that process lives) apart from what is the event's own.
 * The own part is a short array. An event that does not fit the array exactly is kept whole, as JSON, and refers to nothing.
 */
import type { EcsProcess, FileEvent } from '../model/event.ts';

/** Who did it. */
export interface Maker {
  process?: EcsProcess;
  user?: NonNullable<FileEvent['user']>;
  attribution: FileEvent['tickward']['attribution'];
  attribution_note?: string;
}

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
  document: string;
}

type File = FileEvent['file'];
type Tickward = FileEvent['tickward'];
/** What only this event has, in this order. Absent is undefined, and null once it is JSON. */
type Own<Absent> = [
  type: FileEvent['event']['type'][0],
  source: Tickward['source'],
  unitType: Tickward['unit_type'],
  scope: Tickward['scope'],
  extension: NonNullable<File['extension']> | Absent,
  fileType: NonNullable<File['type']> | Absent,
  size: NonNullable<File['size']> | Absent,
  mode: NonNullable<File['mode']> | Absent,
  uid: NonNullable<File['uid']> | Absent,
  gid: NonNullable<File['gid']> | Absent,
  owner: NonNullable<File['owner']> | Absent,
  group: NonNullable<File['group']> | Absent,
  inode: NonNullable<File['inode']> | Absent,
  mtime: NonNullable<File['mtime']> | Absent,
  hash: NonNullable<File['hash']> | Absent,
  target: NonNullable<File['target_path']> | Absent,
  ext: NonNullable<File['Ext']> | Absent,
  pathBytes: NonNullable<Tickward['path_bytes']> | Absent,
];

/** Fails to compile when an event gets a field that the array does not have: add it here and below, or such events are kept whole, at ten times the size. */
type Unpacked =
  | Exclude<keyof FileEvent, '@timestamp' | 'event' | 'host' | 'file' | 'process' | 'user' | 'container' | 'tickward'>
  | Exclude<keyof FileEvent['event'], 'id' | 'kind' | 'category' | 'type' | 'action' | 'dataset'>
  | Exclude<keyof File, 'path' | 'directory' | 'name' | 'extension' | 'type' | 'size' | 'mode' | 'uid' | 'gid' | 'owner' | 'group' | 'inode' | 'mtime' | 'hash' | 'target_path' | 'Ext'>
  | Exclude<keyof Tickward, 'attribution' | 'attribution_note' | 'source' | 'unit' | 'unit_type' | 'scope' | 'auid' | 'cgroup' | 'ancestry' | 'path_bytes'>;
const everythingIsPacked: [Unpacked] extends [never] ? true : Unpacked = true;
void everythingIsPacked;

export function makerOf({ process, user, tickward }: FileEvent): Maker {
  return {
    ...(process === undefined ? {} : { process }),
    ...(user === undefined ? {} : { user }),
    attribution: tickward.attribution,
    ...(tickward.attribution_note === undefined ? {} : { attribution_note: tickward.attribution_note }),
  };
}

export function surroundingsOf({ host, container, tickward }: FileEvent): Surroundings {
  return {
    host,
    ...(container === undefined ? {} : { container }),
    ...(tickward.auid === undefined ? {} : { auid: tickward.auid }),
    ...(tickward.cgroup === undefined ? {} : { cgroup: tickward.cgroup }),
    ancestry: tickward.ancestry,
  };
}

/** The short array, or undefined when the event would not come back from it exactly as it is. */
export function ownOf(event: FileEvent, time: number): string | undefined {
  const { event: what, file, tickward } = event;
  const { directory, name, path } = file;
  // SQLite keeps text as UTF-8, which has no place for half a surrogate pair; JSON has.
  const fits =
    path.length === directory.length + 1 + name.length &&
    path.lastIndexOf('/') === directory.length &&
    path.startsWith(directory) &&
    path.endsWith(name) &&
    path.isWellFormed() &&
    tickward.unit.isWellFormed() &&
    what.id.isWellFormed() &&
    timestampOf(time) === event['@timestamp'] &&
    keysOf(event) === 5 + has(event.process) + has(event.user) + has(event.container) &&
    keysOf(what) === 6 &&
    keysOf(tickward) === 6 + has(tickward.attribution_note) + has(tickward.auid) + has(tickward.cgroup) + has(tickward.path_bytes);
  if (!fits) return undefined;
  const own: Own<undefined> = [
    what.type[0],
    tickward.source,
    tickward.unit_type,
    tickward.scope,
    file.extension,
    file.type,
    file.size,
    file.mode,
    file.uid,
    file.gid,
    file.owner,
    file.group,
    file.inode,
    file.mtime,
    file.hash,
    file.target_path,
    file.Ext,
    tickward.path_bytes,
  ];
  let fields = 3;
  for (let index = 4; index < 17; index += 1) if (own[index] !== undefined) fields += 1;
  return keysOf(file) === fields ? JSON.stringify(own) : undefined;
}

/** The event of a row that refers to a maker and its surroundings. */
export function eventOf(row: EventRow, maker: Maker, surroundings: Surroundings): FileEvent {
  const [type, source, unitType, scope, extension, fileType, size, mode, uid, gid, owner, group, inode, mtime, hash, target, ext, pathBytes] = JSON.parse(row.document) as Own<null>;
  const file: File = { path: `${row.directory}/${row.name}`, directory: row.directory, name: row.name };
  if (extension !== null) file.extension = extension;
  if (fileType !== null) file.type = fileType;
  if (size !== null) file.size = size;
  if (mode !== null) file.mode = mode;
  if (uid !== null) file.uid = uid;
  if (gid !== null) file.gid = gid;
  if (owner !== null) file.owner = owner;
  if (group !== null) file.group = group;
  if (inode !== null) file.inode = inode;
  if (mtime !== null) file.mtime = mtime;
  if (hash !== null) file.hash = hash;
  if (target !== null) file.target_path = target;
  if (ext !== null) file.Ext = ext;
  return {
    '@timestamp': timestampOf(row.time),
    event: { id: row.id, kind: 'event', category: ['file'], type: [type] as FileEvent['event']['type'], action: row.action as FileEvent['event']['action'], dataset: 'tickward.file' },
    host: surroundings.host,
    file,
    ...(maker.process === undefined ? {} : { process: maker.process }),
    ...(maker.user === undefined ? {} : { user: maker.user }),
    ...(surroundings.container === undefined ? {} : { container: surroundings.container }),
    tickward: {
      attribution: maker.attribution,
      ...(maker.attribution_note === undefined ? {} : { attribution_note: maker.attribution_note }),
      source,
      unit: row.unit ?? row.name,
      unit_type: unitType,
      scope,
      ...(surroundings.auid === undefined ? {} : { auid: surroundings.auid }),
      ...(surroundings.cgroup === undefined ? {} : { cgroup: surroundings.cgroup }),
      ancestry: surroundings.ancestry,
      ...(pathBytes === null ? {} : { path_bytes: pathBytes }),
    },
  };
}

let lastTime = Number.NaN;
let lastTimestamp = '';

/** In a storm dozens of events have the same millisecond. */
export function timestampOf(time: number): string {
  if (time !== lastTime) {
    lastTimestamp = new Date(time).toISOString();
    lastTime = time;
  }
  return lastTimestamp;
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

function has(value: unknown): 0 | 1 {
  return value === undefined ? 0 : 1;
}

function keysOf(object: object): number {
  return Object.keys(object).length;
}

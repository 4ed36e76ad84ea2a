/** An event of the store as it is read: taken apart, or put together. */
import type { FileEvent } from '../model/event.ts';
import { timestampOf } from '../model/timestamp.ts';
import { cutPath } from './event-filter.ts';
import { fieldsOf, FILE_TYPES, SCOPES, SOURCES, surroundingsOf, timeOf, TYPES, UNIT_TYPES, type EventRow, type File, type Own, type Surroundings, type Tickward } from './event-row.ts';
import { makerOf, type Maker } from './maker.ts';
import { wordOf } from './packing.ts';

/** An event taken apart, each field at hand. Rows of a table are made of this: to put every event together for them takes longer than all the rest of reading it. */
export interface EventParts extends Omit<EventRow, 'own' | 'unit'> {
  unit: string;
  type: FileEvent['event']['type'][0];
  source: Tickward['source'];
  unitType: Tickward['unit_type'];
  scope: Tickward['scope'];
  fileType: NonNullable<File['type']> | null;
  extension: string | null;
  size: number | null;
  mode: string | null;
  uid: string | null;
  gid: string | null;
  owner: string | null;
  group: string | null;
  inode: string | null;
  mtime: string | null;
  sha256: string | null;
  target: string | null;
  ext: NonNullable<File['Ext']> | null;
  pathBytes: string | null;
  directives: string[] | null;
  commands: string[] | null;
  isCut: boolean;
  maker: Maker;
  surroundings: Surroundings;
}

/** Of a row that refers to a maker and its surroundings. */
export function partsOf(row: EventRow, maker: Maker, surroundings: Surroundings): EventParts {
  return joined(row, row.own, maker, surroundings);
}

/** Of one that is kept whole. */
export function partsOfWhole(event: FileEvent): EventParts {
  const { event: { id, action }, file, tickward: { unit } } = event;
  return joined({ id, time: timeOf(event['@timestamp']), action, ...cutPath(file.path), unit }, fieldsOf(event), makerOf(event), surroundingsOf(event));
}

function joined({ id, time, action, directory, name, unit }: Omit<EventRow, 'own'>, own: Own<null | undefined>, maker: Maker, surroundings: Surroundings): EventParts {
  const [type, source, unitType, scope, fileType = null, extension = null, size = null, mode = null, uid = null, gid = null, owner = null, group = null, inode = null, mtime = null, sha256 = null, target = null, ext = null, pathBytes = null, directives = null, commands = null, isCut = null] = own;
  return {
    id,
    time,
    action,
    directory,
    name,
    unit: unit ?? name,
    type: wordOf(TYPES, type),
    source: wordOf(SOURCES, source),
    unitType: wordOf(UNIT_TYPES, unitType),
    scope: wordOf(SCOPES, scope),
    fileType: fileType === null ? null : wordOf(FILE_TYPES, fileType),
    extension,
    size,
    mode,
    uid,
    gid,
    owner,
    group,
    inode,
    mtime,
    sha256,
    target,
    ext,
    pathBytes,
    directives,
    commands,
    isCut: isCut !== null,
    maker,
    surroundings,
  };
}

/** The event of `partsOf`, as it was. */
export function eventOf(parts: EventParts): FileEvent {
  const { maker, surroundings, fileType, extension, size, mode, uid, gid, owner, group, inode, mtime, sha256, target, ext, pathBytes, directives, commands } = parts;
  const file: File = { path: `${parts.directory}/${parts.name}`, directory: parts.directory, name: parts.name };
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
  if (sha256 !== null) file.hash = { sha256 };
  if (target !== null) file.target_path = target;
  if (ext !== null) file.Ext = ext;
  return {
    '@timestamp': timestampOf(parts.time),
    event: { id: parts.id, kind: 'event', category: ['file'], type: [parts.type] as FileEvent['event']['type'], action: parts.action as FileEvent['event']['action'], dataset: 'tickward.file' },
    host: surroundings.host,
    file,
    ...(maker.process === undefined ? {} : { process: maker.process }),
    ...(maker.user === undefined ? {} : { user: maker.user }),
    ...(surroundings.container === undefined ? {} : { container: surroundings.container }),
    tickward: {
      attribution: maker.attribution,
      ...(maker.attribution_note === undefined ? {} : { attribution_note: maker.attribution_note }),
      source: parts.source,
      unit: parts.unit,
      unit_type: parts.unitType,
      scope: parts.scope,
      ...(surroundings.auid === undefined ? {} : { auid: surroundings.auid }),
      ...(surroundings.cgroup === undefined ? {} : { cgroup: surroundings.cgroup }),
      ancestry: surroundings.ancestry,
      ...(pathBytes === null ? {} : { path_bytes: pathBytes }),
      ...(directives === null ? {} : { directives }),
      ...(commands === null ? {} : { commands }),
      ...(parts.isCut ? { content_cut: true } : {}),
    },
  };
}

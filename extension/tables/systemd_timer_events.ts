/** The table that osquery does not have: who made, changed, renamed or deleted which unit file. */
import { RowBytes, type Column, type QueryContext, type Row, type Table } from '../../src/model/table.ts';
import { legibleBytes, type FileEvent } from '../../src/model/event.ts';
import { Field, type EventBytes } from '../../src/store/event-bytes.ts';
import type { EventFilter, EventParts, Selection } from '../../src/store/events.ts';
import { filterOf } from './filter.ts';
import { SECOND } from './time.ts';

export interface EventSource {
  list(filter: EventFilter): Iterable<FileEvent>;
  select(filter: EventFilter): Selection;
  selectBytes(filter: EventFilter): Selection<EventBytes | EventParts>;
}

const COLUMNS: readonly Column[] = [
  { name: 'eid', type: 'TEXT', additional: true, optimized: true, description: 'Unique id of the event; sorts by time' },
  { name: 'time', type: 'BIGINT', additional: true, description: 'When it was seen, Unix seconds' },
  { name: 'action', type: 'TEXT', additional: true, optimized: true, description: 'creation, rename, modification or deletion' },
  { name: 'path', type: 'TEXT', additional: true, optimized: true, description: 'Path of the file' },
  { name: 'old_path', type: 'TEXT', description: 'Path before a rename' },
  { name: 'directory', type: 'TEXT', description: 'Directory of the file' },
  { name: 'filename', type: 'TEXT', description: 'Name of the file' },
  { name: 'unit', type: 'TEXT', additional: true, optimized: true, description: 'Unit that the file belongs to' },
  { name: 'unit_type', type: 'TEXT', description: 'timer, service, drop-in, wants, generator or other' },
  { name: 'scope', type: 'TEXT', description: 'system or user' },
  { name: 'file_uid', type: 'BIGINT', description: 'Owner of the file' },
  { name: 'file_gid', type: 'BIGINT', description: 'Group of the file' },
  { name: 'mode', type: 'TEXT', description: 'Permission bits, octal' },
  { name: 'size', type: 'BIGINT', description: 'Bytes' },
  { name: 'inode', type: 'BIGINT', description: 'Inode number' },
  { name: 'sha256', type: 'TEXT', description: 'Digest of the content at the event' },
  { name: 'symlink_target', type: 'TEXT', description: 'Text of a link' },
  { name: 'directives', type: 'TEXT', description: 'JSON: what a unit or a drop-in says, Section.Key=value' },
  { name: 'commands', type: 'TEXT', description: 'JSON: what the unit runs' },
  { name: 'pid', type: 'BIGINT', description: 'Process that did it' },
  { name: 'ppid', type: 'BIGINT', description: 'Its parent' },
  { name: 'executable', type: 'TEXT', description: 'Path of its program' },
  { name: 'process_name', type: 'TEXT', description: "File name of its program" },
  { name: 'cmdline', type: 'TEXT', description: 'Its arguments' },
  { name: 'cwd', type: 'TEXT', description: 'Its working directory' },
  { name: 'uid', type: 'BIGINT', description: 'User it ran as' },
  { name: 'gid', type: 'BIGINT', description: 'Group it ran as' },
  { name: 'username', type: 'TEXT', description: 'Name of that user' },
  { name: 'auid', type: 'BIGINT', description: 'Login uid: who logged in, whatever was done with su or sudo' },
  { name: 'cgroup', type: 'TEXT', description: 'Its control group' },
  { name: 'container_id', type: 'TEXT', description: 'Container it ran in' },
  { name: 'ancestry', type: 'TEXT', description: 'JSON: the processes above it, from the parent upwards' },
  { name: 'attribution', type: 'TEXT', description: 'How sure the process is: exact, bpf, proc, inferred or none' },
  { name: 'source', type: 'TEXT', description: 'fanotify, inotify, scan, or import: told by another sensor' },
];

/** The field that each column is, where an event is bytes. */
const FIELDS: Readonly<Record<string, number>> = {
  eid: Field.id,
  time: Field.seconds,
  action: Field.action,
  path: Field.path,
  old_path: Field.originalPath,
  directory: Field.directory,
  filename: Field.name,
  unit: Field.unit,
  unit_type: Field.unitType,
  scope: Field.scope,
  file_uid: Field.fileUid,
  file_gid: Field.fileGid,
  mode: Field.mode,
  size: Field.size,
  inode: Field.inode,
  sha256: Field.sha256,
  symlink_target: Field.target,
  directives: Field.directives,
  commands: Field.commands,
  pid: Field.pid,
  ppid: Field.ppid,
  executable: Field.executable,
  process_name: Field.processName,
  cmdline: Field.commandLine,
  cwd: Field.workingDirectory,
  uid: Field.uid,
  gid: Field.gid,
  username: Field.username,
  auid: Field.auid,
  cgroup: Field.cgroup,
  container_id: Field.container,
  ancestry: Field.ancestry,
  attribution: Field.attribution,
  source: Field.source,
};
const NULL = -1;
const PLACES = Int32Array.from(COLUMNS, ({ name }) => FIELDS[name] ?? NULL);

/** Parts of the filter, and the column that each is about. */
const FILTERED = { ids: 'eid', paths: 'path', actions: 'action', units: 'unit' } as const;

export function createTimerEventsTable(events: EventSource): Table {
  return {
    name: 'systemd_timer_events',
    description: 'Changes of systemd unit files with the process that made them.',
    columns: COLUMNS,
    generate: (context) => counted(events.select(filterOf(context, FILTERED)), context, rows),
    generateBytes: (context) => counted(events.selectBytes(filterOf(context, FILTERED)), context, rowsAsBytes),
  };
}

function counted<Event, Given>(selection: Selection<Event>, context: QueryContext, rowsOf: (events: Iterable<Event>, context: QueryContext) => Iterator<Given>): Iterable<Given> & { count(): number } {
  return { [Symbol.iterator]: () => rowsOf(selection, context), count: () => selection.count() };
}

function* rows(events: Iterable<EventParts>, context: QueryContext): Generator<Row> {
  for (const event of events) {
    context.checkpoint();
    yield rowOf(event);
  }
}

function* rowsAsBytes(events: Iterable<EventBytes | EventParts>, context: QueryContext): Generator<Row | RowBytes> {
  let row: RowBytes | undefined;
  for (const event of events) {
    context.checkpoint();
    if ('bytes' in event) {
      row ??= new RowBytes(PLACES, event);
      row.bytes = event.bytes;
      yield row;
    } else yield rowOf(event);
  }
}

let lastAncestry: readonly object[] = [];
let lastJson = '[]';

/** Events that follow each other mostly share it. */
function jsonOf(ancestry: readonly object[]): string {
  if (ancestry !== lastAncestry) [lastAncestry, lastJson] = [ancestry, JSON.stringify(ancestry)];
  return lastJson;
}

function rowOf(parts: EventParts): Row {
  const { maker, surroundings, pathBytes, directives, commands } = parts;
  const { process: by, user } = maker;
  const path = pathBytes === null ? `${parts.directory}/${parts.name}` : legibleBytes(pathBytes);
  const slash = path.lastIndexOf('/');
  return {
    eid: parts.id,
    time: Math.floor(parts.time / SECOND),
    action: parts.action,
    path,
    old_path: parts.ext?.original.path,
    directory: path.slice(0, slash) || '/',
    filename: path.slice(slash + 1),
    unit: parts.unit,
    unit_type: parts.unitType,
    scope: parts.scope,
    file_uid: parts.uid,
    file_gid: parts.gid,
    mode: parts.mode,
    size: parts.size,
    inode: parts.inode,
    sha256: parts.sha256,
    symlink_target: parts.target,
    directives: directives && JSON.stringify(directives),
    commands: commands && JSON.stringify(commands),
    pid: by?.pid,
    ppid: by?.parent?.pid,
    executable: by?.executable,
    process_name: by?.name,
    cmdline: by?.command_line,
    cwd: by?.working_directory,
    uid: by?.user?.id ?? user?.id,
    gid: by?.group?.id,
    username: by?.user?.name ?? user?.name,
    auid: surroundings.auid,
    cgroup: surroundings.cgroup,
    container_id: surroundings.container?.id,
    ancestry: jsonOf(surroundings.ancestry),
    attribution: maker.attribution,
    source: parts.source,
  };
}

/** What another sensor says of one change of a file, in our words, and the event it becomes. */
import { TickwardError } from '../model/errors.ts';
import { ECS_TYPES, type EcsProcess, type EcsUser, type FileAction, type FileEvent, type Scope, type UnitType } from '../model/event.ts';
import { bytesOfText, printable } from '../model/text.ts';
import { isoOf } from '../model/timestamp.ts';
import { present } from './field.ts';

type Tickward = FileEvent['tickward'];

export interface Report {
  /** The sensor's own id of the event. */
  id?: string | undefined;
  /** When it happened, ms since the epoch. */
  time: number;
  action: FileAction;
  /** As it stands in the document, absolute; bytes that are no UTF-8 as `textOfBytes` has them. */
  path: string;
  /** Where it was before a rename. */
  original?: string | undefined;
  /** What else is said of the file. */
  file: Omit<FileEvent['file'], 'path' | 'directory' | 'name' | 'Ext'>;
  host: FileEvent['host'];
  process?: EcsProcess | undefined;
  /** What is said of the program, also without the number of its process: rules may judge by that. */
  program?: string | undefined;
  user?: EcsUser | undefined;
  container?: string | undefined;
  /** What only Tickward's own documents say. */
  own?: Pick<Tickward, 'attribution' | 'ancestry'> & Partial<Pick<Tickward, 'attribution_note' | 'auid' | 'cgroup' | 'path_bytes'>>;
  auid?: string | undefined;
  /** The document, where it is ECS: rules see all of it. */
  ecs?: object;
}

/** Which unit a path belongs to by where it lies; undefined outside of all unit directories. */
export type UnitOf = (path: string) => { unit: string; unit_type: UnitType; scope: Scope } | undefined;

export interface EventOptions {
  /** The sensor as people call it: `osquery`. */
  sensor: string;
  id: string;
  unitOf: UnitOf;
}

/** One for all events without: the store keeps what is the same object once. */
const NO_ANCESTRY: Tickward['ancestry'] = [];

export function eventOf(report: Report, { sensor, id, unitOf }: EventOptions): FileEvent {
  const { path, bytes } = checkedPath(report.path, 'the path');
  const timestamp = isoOf(report.time);
  if (timestamp === null) throw new TickwardError('BAD_INPUT', `the time ${report.time} is none of the years 0 to 9999`);
  const cut = cutPath(path);
  const unit = unitOf(path) ?? { unit: cut.name, unit_type: 'other', scope: 'system' };
  const bytesKept = report.own?.path_bytes ?? bytes;
  return {
    '@timestamp': timestamp,
    event: { id, kind: 'event', category: ['file'], type: ECS_TYPES[report.action], action: report.action, dataset: 'tickward.file' },
    host: report.host,
    file: { path, ...cut, ...report.file, ...(report.original === undefined ? {} : { Ext: { original: originalOf(report.original) } }) },
    ...present({ process: report.process, user: report.user }),
    ...(report.container === undefined ? {} : { container: { id: report.container } }),
    tickward: {
      ...(report.own ?? { ...attributionOf(report, sensor), ancestry: NO_ANCESTRY }),
      source: 'import',
      ...unit,
      ...(report.auid === undefined ? {} : { auid: report.auid }),
      ...(bytesKept === undefined ? {} : { path_bytes: bytesKept }),
    },
  };
}

function attributionOf({ process: by, program }: Report, sensor: string): Pick<Tickward, 'attribution' | 'attribution_note'> {
  if (by === undefined) return { attribution: 'none', attribution_note: program === undefined ? `${sensor} names no process` : `${sensor} names ${printable(program)}, and no number of its process` };
  return { attribution: 'inferred', attribution_note: `${sensor} names it` };
}

/** PATH_MAX of limits.h is 4,096; a path that was walked to in steps may be longer. Characters. */
const LONGEST_PATH = 65_536;

/** Paths are acted upon later: what no file of Linux can be called is refused here. */
function checkedPath(given: string, what: string): { path: string; bytes?: string } {
  const path = given.length > 1 ? given.replace(/\/+$/, '') : given;
  if (!path.startsWith('/') || path === '/') throw new TickwardError('BAD_INPUT', `${what} ${JSON.stringify(given.slice(0, 80))} is no absolute path of a file`);
  if (path.length > LONGEST_PATH) throw new TickwardError('BAD_INPUT', `${what} is longer than ${LONGEST_PATH} characters`);
  if (path.includes('\0')) throw new TickwardError('BAD_INPUT', `${what} has a NUL in it, which no file name can have`);
  if (path.isWellFormed()) return { path };
  const exact = bytesOfText(path);
  return { path: exact.toString(), bytes: exact.toString('base64') };
}

function originalOf(given: string): NonNullable<FileEvent['file']['Ext']>['original'] {
  const { path } = checkedPath(given, 'the path before the rename');
  const { directory: _directory, ...named } = cutPath(path);
  return { path, ...named };
}

function cutPath(path: string): { directory: string; name: string; extension?: string } {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  const dot = name.lastIndexOf('.');
  return { directory: path.slice(0, slash) || '/', name, ...(dot > 0 && dot < name.length - 1 ? { extension: name.slice(dot + 1) } : {}) };
}

/** Ids are typed and pasted by people: these characters mean nothing to a shell. */
const USABLE_ID = /^[A-Za-z0-9][A-Za-z0-9+/=_.:-]{0,127}$/;

/** The sensor's own id where it can be used, else what stands for the line; stable, so that a line that is read twice is one event. */
export function idOf(report: Report, index: number, digest: () => string): string {
  const id = report.id !== undefined && USABLE_ID.test(report.id) ? report.id : digest();
  return index === 0 ? id : `${id}-${index}`;
}

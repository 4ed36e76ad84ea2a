/** Documents in ECS, as Elastic's agents and Tickward write them: the fields that they have in common. */
import type { EcsProcess, EcsUser, FileAction, FileEvent } from '../model/event.ts';
import { isObject } from '../model/object.ts';
import { isoOf } from '../model/timestamp.ts';
import { countField, dateField, exactTextField, needed, present, textField, textsField } from './field.ts';
import type { Report } from './report.ts';
import { userOf, userOfEvent } from './user.ts';

const time = dateField('@timestamp');
const id = textField('event.id');
const path = exactTextField('file.path');
const original = exactTextField('file.Ext.original.path');
const container = textField('container.id');

/** Throws BAD_INPUT for a field of another type than ECS has. */
export function ecsReport(document: object, action: FileAction): Report {
  return {
    id: id(document),
    time: needed(time(document), '@timestamp'),
    action,
    path: needed(path(document), 'file.path'),
    original: original(document),
    file: fileOf(document),
    host: hostOf(document),
    process: processOf(document),
    program: program(document),
    user: userOfEvent(personOf(document, ''), personOf(document, 'process.')),
    container: container(document),
    ecs: document,
  };
}

const extension = textField('file.extension');
const type = textField('file.type');
const size = countField('file.size');
const mode = textField('file.mode');
const texts = Object.entries({ uid: 'file.uid', gid: 'file.gid', owner: 'file.owner', group: 'file.group', inode: 'file.inode', target_path: 'file.target_path' }).map(([key, name]) => [key, textField(name)] as const);
const mtime = dateField('file.mtime');
const sha256 = textField('file.hash.sha256');
/** Where Auditbeat 6 has it. */
const sha256Before = textField('hash.sha256');

function fileOf(document: object): Report['file'] {
  const modified = mtime(document);
  const digest = sha256(document) ?? sha256Before(document);
  return {
    ...present({
      extension: extension(document),
      type: fileType(type(document)),
      size: size(document),
      mode: octal(mode(document)),
      mtime: modified === undefined ? undefined : isoOf(modified) ?? undefined,
      hash: digest === undefined ? undefined : { sha256: digest },
    }),
    ...present(Object.fromEntries(texts.map(([key, read]) => [key, read(document)]))),
  };
}

const TYPES: Record<string, NonNullable<FileEvent['file']['type']>> = { file: 'file', dir: 'dir', symlink: 'symlink', fifo: 'fifo', socket: 'socket', device: 'device', char_device: 'device', block_device: 'device' };

function fileType(word: string | undefined): FileEvent['file']['type'] {
  return word !== undefined && Object.hasOwn(TYPES, word) ? TYPES[word] : undefined;
}

/** Four octal digits; undefined for what is written otherwise. */
export function octal(text: string | undefined): string | undefined {
  return text !== undefined && /^0?[0-7]{3,4}$/.test(text) ? text.slice(-4).padStart(4, '0') : undefined;
}

const names = ['host.name', 'host.hostname', 'agent.hostname', 'agent.name', 'beat.hostname'].map(textField);
const hostname = textField('host.hostname');
const hostId = textField('host.id');
const architecture = textField('host.architecture');
const kernel = textField('host.os.kernel');

function hostOf(document: object): FileEvent['host'] {
  const name = needed(names.map((read) => read(document)).find((found) => found !== undefined), 'host.name');
  return { name, hostname: hostname(document) ?? name, ...present({ id: hostId(document), architecture: architecture(document) }), os: { type: 'linux', ...present({ kernel: kernel(document) }) } };
}

const osType = textField('host.os.type');
const platform = textField('host.os.platform');
const ELSEWHERE = new Set(['windows', 'macos', 'darwin', 'ios', 'android', 'freebsd', 'openbsd', 'netbsd', 'solaris', 'aix']);

/** Whether it is of a host of another kind. Where nothing is said, it is Linux. */
export function isOfAnotherSystem(document: object): boolean {
  const system = osType(document) ?? platform(document);
  return system !== undefined && ELSEWHERE.has(system.toLowerCase());
}

interface ProcessFields {
  pid(document: object): number | undefined;
  start(document: object): number | undefined;
  texts: readonly (readonly [string, (document: object) => string | undefined])[];
  args(document: object): string[] | undefined;
}

function processFields(prefix: string): ProcessFields {
  return {
    pid: countField(`${prefix}.pid`),
    start: dateField(`${prefix}.start`),
    texts: ['executable', 'name', 'command_line', 'working_directory'].map((name) => [name, textField(`${prefix}.${name}`)] as const),
    args: textsField(`${prefix}.args`),
  };
}

const own = processFields('process');
const named = ['executable', 'name'].map((name) => textField(`process.${name}`));
const parent = processFields('process.parent');
/** Elastic Defend says it of the process beside it. */
const groupIds = ['process.group.id', 'group.id'].map(textField);
const parentGroup = textField('process.parent.group.id');

/** Undefined where no process number is said. */
function processOf(document: object): EcsProcess | undefined {
  const bare = bareProcess(document, own);
  if (bare === undefined) return undefined;
  const above = bareProcess(document, parent);
  const group = groupIds.map((read) => read(document)).find((found) => found !== undefined);
  return {
    ...bare,
    ...present({ parent: above === undefined ? undefined : { ...above, ...who(personOf(document, 'process.parent.'), parentGroup(document)) } }),
    ...who(personOf(document, 'process.'), group),
  };
}

function program(document: object): string | undefined {
  return named.map((read) => read(document)).find((found) => found !== undefined);
}

function who(user: EcsUser | undefined, group: string | undefined): Pick<EcsProcess, 'user' | 'group'> {
  return present({ user, group: group === undefined ? undefined : { id: group } });
}

function bareProcess(document: object, fields: ProcessFields): EcsProcess | undefined {
  const pid = fields.pid(document);
  if (pid === undefined) return undefined;
  const start = fields.start(document);
  return { pid, ...present(Object.fromEntries(fields.texts.map(([name, read]) => [name, read(document)]))), ...present({ args: fields.args(document), start: start === undefined ? undefined : new Date(start).toISOString() }) };
}

const people = new Map(['', 'process.', 'process.parent.'].map((prefix) => [prefix, { id: textField(`${prefix}user.id`), name: textField(`${prefix}user.name`) }] as const));

function personOf(document: object, prefix: string): EcsUser | undefined {
  const fields = people.get(prefix);
  return userOf(fields?.id(document), fields?.name(document));
}

/**
 * What the rules look at: all that the document says, and where ours says something, that. Objects of the document are not changed.
 * Fields that our events have not (`process.Ext.ancestry`, `file.Ext.entropy`) are there for rules that ask for them.
 */
export function over(document: unknown, event: unknown): unknown {
  if (!isObject(document) || !isObject(event)) return event;
  const merged: Record<string, unknown> = { ...document };
  for (const [key, value] of Object.entries(event)) merged[key] = Object.hasOwn(document, key) ? over(document[key], value) : value;
  return merged;
}

/** A change of a file as an ECS document. */
import { lstatSync, type BigIntStats } from 'node:fs';
import { classify, isUnitText } from '../host/directories.ts';
import { fileTypeOf } from '../host/file-type.ts';
import { readLink } from '../host/read.ts';
import { factsOfUnit, type UnitFacts } from '../host/unit-facts.ts';
import type { Accounts } from '../host/accounts.ts';
import { errnoOf } from '../model/errors.ts';
import { ECS_TYPES, type EventSource, type FileAction, type FileEvent } from '../model/event.ts';
import { modeText } from '../model/mode.ts';
import { isoOf, timestampOf } from '../model/timestamp.ts';
import { ofCertainUser, ofOwner, type Attributed } from './attributed.ts';
import { hashOf, withContent } from './content.ts';
import type { Folder } from './marks.ts';

export interface Seen {
  folder: Pick<Folder, 'directory' | 'path' | 'relative'>;
  /** Bytes as latin1. */
  name: string;
  action: FileAction;
  by: Attributed;
  source: EventSource;
  /** undefined for a file that is gone. */
  stat: BigIntStats | undefined;
  /** Where it was before a rename. */
  original: { folder: string; name: string } | undefined;
}

export interface DocumentContext {
  host: FileEvent['host'];
  now: number;
  accounts: Accounts;
  /** Reading a file, for its hash and for what it says, costs as much as all the rest. */
  contents: boolean;
}

/** For system calls: text where it is all ASCII, which is most of the time and cheaper, else bytes. */
export function pathOf(folder: string, name: string): string | Buffer {
  return isAscii(name) ? `${folder}/${name}` : Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
}

/** The name as text; bytes that are no UTF-8 become U+FFFD. */
function textOf(name: string): string {
  return isAscii(name) ? name : Buffer.from(name, 'latin1').toString();
}

function isAscii(name: string): boolean {
  for (let at = 0; at < name.length; at += 1) if (name.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** lstat, undefined when there is nothing. Links are never followed. */
export function lookAt(path: string | Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // In the place of a directory above it is a file by now, or a link that leads to itself.
    const code = errnoOf(error);
    if (code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

export function documentOf(seen: Seen, context: DocumentContext): FileEvent {
  const { folder, stat } = seen;
  const by = seen.action === 'creation' && stat !== undefined ? ofOwner(seen.by, stat.uid) : ofCertainUser(seen.by);
  const bytes = pathOf(folder.path, seen.name);
  const name = typeof bytes === 'string' ? seen.name : textOf(seen.name);
  const path = typeof bytes === 'string' ? bytes : `${folder.path}/${name}`;
  const relative = folder.relative === '' ? name : `${folder.relative}/${name}`;
  const { unit, unit_type } = classify(folder.directory, relative);
  const file = fileOf(path, folder.path, name, stat);
  const extension = extensionOf(name);
  if (extension !== undefined) file.extension = extension;
  if (stat !== undefined) addFacts(file, bytes, stat, context);
  const content = context.contents && stat !== undefined && file.type === 'file' ? withContent(bytes, stat, isUnitText(folder.directory, relative) ? asUnit : asAnything) : undefined;
  if (content !== undefined) file.hash = { sha256: content.sha256 };
  if (seen.original !== undefined) file.Ext = { original: { path: `${seen.original.folder}/${textOf(seen.original.name)}`, ...named(textOf(seen.original.name)) } };
  const tickward: FileEvent['tickward'] = { attribution: by.attribution, source: seen.source, unit, unit_type, scope: folder.directory.scope, ancestry: by.ancestry };
  if (by.note !== undefined) tickward.attribution_note = by.note;
  if (by.auid !== undefined) tickward.auid = by.auid;
  if (by.cgroup !== undefined) tickward.cgroup = by.cgroup;
  if (typeof bytes !== 'string' && !Buffer.from(path).equals(bytes)) tickward.path_bytes = bytes.toString('base64');
  if (content?.says !== undefined) Object.assign(tickward, saidBy(content.says));
  const event: FileEvent = {
    '@timestamp': timestampOf(context.now),
    event: { id: nextId(context.now), kind: 'event', category: ['file'], type: ECS_TYPES[seen.action], action: seen.action, dataset: 'tickward.file' },
    host: context.host,
    file,
    tickward,
  };
  if (by.process !== undefined) event.process = by.process;
  if (by.user !== undefined) event.user = by.user;
  if (by.container !== undefined) event.container = { id: by.container };
  return event;
}

interface Content {
  sha256: string;
  says?: UnitFacts;
}

function asAnything(content: Buffer): Content {
  return { sha256: hashOf(content) };
}

function asUnit(content: Buffer): Content {
  return { sha256: hashOf(content), says: factsOfUnit(content) };
}

function saidBy({ directives, commands, isCut }: UnitFacts): Pick<FileEvent['tickward'], 'directives' | 'commands' | 'content_cut'> {
  return {
    ...(directives.length === 0 ? {} : { directives }),
    ...(commands.length === 0 ? {} : { commands }),
    ...(isCut ? { content_cut: true } : {}),
  };
}

function named(name: string): { name: string; extension?: string } {
  const extension = extensionOf(name);
  return extension === undefined ? { name } : { name, extension };
}

function extensionOf(name: string): string | undefined {
  const dot = name.lastIndexOf('.');
  return dot > 0 && dot < name.length - 1 ? name.slice(dot + 1) : undefined;
}

/** All that every file has at once: to an object that grows field by field, room is added again and again. Of users and groups, which have 32 bits, V8 keeps the texts as numbers. */
function fileOf(path: string, directory: string, name: string, stat: BigIntStats | undefined): FileEvent['file'] {
  if (stat === undefined) return { path, directory, name };
  return { path, directory, name, type: fileTypeOf(Number(stat.mode)), size: Number(stat.size), mode: modeOf(Number(stat.mode)), uid: String(Number(stat.uid)), gid: String(Number(stat.gid)), inode: String(stat.ino) };
}

/** One by one: in a storm an object less for each file is felt. */
function addFacts(file: FileEvent['file'], path: string | Buffer, stat: BigIntStats, { accounts }: DocumentContext): void {
  const mtime = isoOf(stat.mtimeMs);
  if (mtime !== null) file.mtime = mtime;
  const owner = accounts.userName(Number(stat.uid));
  if (owner !== undefined) file.owner = owner;
  const group = accounts.groupName(Number(stat.gid));
  if (group !== undefined) file.group = group;
  const target = file.type === 'symlink' ? readLink(path) : undefined;
  if (target !== undefined) file.target_path = target;
}

const modes = new Map<number, string>();

/** Permission bits have 4,096 values. */
function modeOf(mode: number): string {
  const bits = mode & 0o7777;
  const known = modes.get(bits);
  if (known !== undefined) return known;
  const text = modeText(bits);
  modes.set(bits, text);
  return text;
}

let lastMs = 0;
let lastHex = '';
let counter = 0;

/** 48 bits of time, 16 bits of counter, 32 of chance, in hex: sorts by time and by order within a millisecond. */
function nextId(now: number): string {
  counter = (counter + 1) & 0xffff;
  const ms = Math.max(now, lastMs + (counter === 0 ? 1 : 0));
  if (ms !== lastMs) [lastMs, lastHex] = [ms, ms.toString(16).padStart(12, '0')];
  return `${lastHex}${counter.toString(16).padStart(4, '0')}${chance()}`;
}

let pool = '';
let drawn = 0;

/** 32 bits in hex, drawn some hundred at a time. */
function chance(): string {
  if (drawn >= pool.length) {
    // Loaded with the first event: the start does without.
    pool = process.getBuiltinModule('node:crypto').randomBytes(2_048).toString('hex');
    drawn = 0;
  }
  drawn += 8;
  return pool.slice(drawn - 8, drawn);
}

/**
 * Who made an event, as a document of the store.
 * Where each event has a maker of its own, to parse these documents is most of reading: so they are short arrays, which takes a quarter of the time that objects take.
 * A maker that would not come back exactly is kept as an object, as all of them were before layout 4.
 */
import type { Attribution, EcsProcess, FileEvent } from '../model/event.ts';
import { has, keysOf, wordOf } from './packing.ts';

export interface Maker {
  process?: EcsProcess;
  user?: User;
  attribution: Attribution;
  attribution_note?: string;
}

type User = NonNullable<FileEvent['user']>;
type BareProcess = Omit<EcsProcess, 'parent'>;

/** Kept as their place here: only ever add at the end. */
export const ATTRIBUTIONS = ['exact', 'bpf', 'proc', 'inferred', 'none'] as const satisfies Attribution[];

/** The command line is the arguments with spaces between; the user is that of the process. */
const SAME = 1;

/** Absent is undefined, and null once it is JSON; those at the end are left off. */
type PackedProcess<Absent> = [pid: number, name: string | Absent, executable: string | Absent, commandLine: string | typeof SAME | Absent, args: string[] | Absent, directory: string | Absent, start: string | Absent, uid: string | Absent, userName: string | Absent, gid: string | Absent];
type PackedUser<Absent> = [id: string, name: string | Absent];
type PackedMaker<Absent> = [attribution: number, process: PackedProcess<Absent> | Absent, parent: PackedProcess<Absent> | Absent, user: PackedUser<Absent> | typeof SAME | Absent, note: string | Absent];

/** Fails to compile when a process gets a field that the array does not have. */
type Unpacked = Exclude<keyof EcsProcess, 'pid' | 'executable' | 'name' | 'command_line' | 'args' | 'working_directory' | 'start' | 'parent' | 'user' | 'group'> | Exclude<keyof User, 'id' | 'name'> | Exclude<Attribution, (typeof ATTRIBUTIONS)[number]>;
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

export function documentOfMaker(maker: Maker): string {
  return JSON.stringify(packed(maker) ?? maker);
}

export function makerOfDocument(document: string): Maker {
  const read = JSON.parse(document) as Maker | PackedMaker<null>;
  return Array.isArray(read) ? unpacked(read) : read;
}

function packed({ process, user, attribution, attribution_note }: Maker): PackedMaker<undefined> | undefined {
  const parent = process?.parent;
  if (process !== undefined && !isWholly(process, 1 + has(parent))) return undefined;
  if (parent !== undefined && !isWholly(parent, 1)) return undefined;
  const packedBy = user === undefined ? undefined : packedUser(user);
  if (user !== undefined && packedBy === undefined) return undefined;
  const isSame = user !== undefined && user.id === process?.user?.id && user.name === process?.user?.name;
  return [ATTRIBUTIONS.indexOf(attribution), process && packedProcess(process), parent && packedProcess(parent), isSame ? SAME : packedBy, attribution_note];
}

/** Undefined for a name without a number, which only another sensor gives. */
function packedUser(user: User): PackedUser<undefined> | undefined {
  return user.id === undefined || keysOf(user) !== 1 + has(user.name) ? undefined : [user.id, user.name];
}

/** Whether it has what is packed of it and, for its number and its parent, `others`. */
function isWholly({ executable, name, command_line, args, working_directory, start, user, group, ...rest }: EcsProcess, others: number): boolean {
  return keysOf(rest) === others && (user === undefined || packedUser(user) !== undefined) && (group === undefined || keysOf(group) === 1);
}

function packedProcess({ pid, name, executable, command_line, args, working_directory, start, user, group }: BareProcess): PackedProcess<undefined> {
  const isJoined = args !== undefined && command_line === args.join(' ');
  const all: PackedProcess<undefined> = [pid, name, executable, isJoined ? SAME : command_line, args, working_directory, start, user?.id, user?.name, group?.id];
  return all.slice(0, all.findLastIndex((field) => field !== undefined) + 1) as PackedProcess<undefined>;
}

function unpacked([attribution, own, parent, by, note]: PackedMaker<null>): Maker {
  const maker: Maker = { attribution: wordOf(ATTRIBUTIONS, attribution) };
  if (own !== null) {
    maker.process = processOf(own);
    if (parent !== null) maker.process.parent = processOf(parent);
  }
  const user = by === SAME ? maker.process?.user : by === null ? undefined : userOf(...by);
  if (user !== undefined) maker.user = user;
  if (note !== null) maker.attribution_note = note;
  return maker;
}

function processOf([pid, name = null, executable = null, commandLine = null, args = null, directory = null, start = null, uid = null, userName = null, gid = null]: PackedProcess<null>): EcsProcess {
  const process: EcsProcess = { pid };
  if (executable !== null) process.executable = executable;
  if (name !== null) process.name = name;
  if (args !== null) process.args = args;
  if (commandLine !== null) process.command_line = commandLine === SAME ? (args ?? []).join(' ') : commandLine;
  if (directory !== null) process.working_directory = directory;
  if (start !== null) process.start = start;
  if (uid !== null) process.user = userOf(uid, userName);
  if (gid !== null) process.group = { id: gid };
  return process;
}

function userOf(id: string, name: string | null): User {
  return name === null ? { id } : { id, name };
}

/** The state directory: ours alone, or refused. What lies in it decides what gets deleted and restored as root. */
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { modeText } from '../model/mode.ts';
import { printable } from '../model/text.ts';
import { isUnwritable } from './read-only.ts';

const PRIVATE = 0o700;
const SYSTEM_STATE = '/var/lib/tickward';

/** /var/lib/tickward as root, else $XDG_STATE_HOME/tickward, else ~/.local/state/tickward (XDG Base Directory Specification). */
export function defaultStateDirectory(uid: number, environment: { XDG_STATE_HOME?: string | undefined; HOME?: string | undefined }): string {
  if (uid === 0) return SYSTEM_STATE;
  const base = environment.XDG_STATE_HOME;
  if (base?.startsWith('/')) return join(base, 'tickward');
  if (!environment.HOME) throw new TickwardError('USAGE', 'no home directory to keep state in: HOME is not set', { hint: 'give --state-dir DIR' });
  return join(environment.HOME, '.local/state/tickward');
}

/** What Tickward keeps in it: databases with SQLite's files beside them, locks, what is known of the kernel, and copies of what was taken away. */
const OWN_FILE = /^(?:(?:events|alerts|journal)\.db|[a-z]+\.lock)(?:-(?:wal|shm|journal))?$|^(?:journal\.db\.head|kernel\.json)(?:\.new)?$/;
const QUARANTINE = 'quarantine';

/** What others may do with it, in permission bits: write, and anything at all. */
const WRITABLE = 0o022;
const OPEN = 0o077;

/** Why a directory cannot hold our state, and what to do. */
export interface Distrust {
  problem: string;
  hint: string;
}

/** What is said to who looks into a store of their own on a host where root's is: nothing found there is no answer. */
export function besideRoots(directory: string, uid: number): string | undefined {
  if (uid === 0 || isMissing(SYSTEM_STATE)) return undefined;
  return `this is the store of this user, ${printable(directory)}: what a service of root saw and did is in ${SYSTEM_STATE}, with sudo`;
}

/** Throws NOT_FOUND where no such directory is there: who only reads would be shown an empty store that a mistyped name has just made. */
export function refuseMissing(directory: string): void {
  const path = resolve(directory);
  if (!isMissing(path)) return;
  throw new TickwardError('NOT_FOUND', `there is no store in ${printable(path)}: that directory is not there`, { hint: 'check its name (--state-dir, TICKWARD_STATE_DIR, or state_dir in the configuration); tickward watch makes a store' });
}

/** Not so where it cannot be told: what is in the way is said by who opens the store. */
function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

/** Makes the directory (mode 0700) or checks the one that is there, with all of ours in it. Throws STATE when it is not a directory, not ours, open to others, or holds what others may have put there. */
export function prepareStateDirectory(directory: string, uid: number): void {
  // Without a slash at its end: with one, a link would be followed.
  const path = resolve(directory);
  const made = makeDirectories(path);
  const distrust = distrustOf(path, uid);
  if (distrust !== undefined) throw new TickwardError('STATE', distrust.problem, { hint: distrust.hint });
  if (isUnwritable(path)) return;
  // mkdir(2) takes the umask off the mode; a directory of ours that others may read is closed.
  if (made || (lstatSync(path).mode & OPEN) !== 0) chmodSync(path, PRIVATE);
}

/** Looks at the directory and what is in it, and changes nothing. Undefined for one that can be used; throws the system error where there is none. */
export function distrustOf(directory: string, uid: number): Distrust | undefined {
  const path = resolve(directory);
  const shown = `the state directory ${printable(path)}`;
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return { problem: `${shown} is ${stat.isSymbolicLink() ? 'a link' : 'not a directory: there is a file in the way'}`, hint: 'give a directory of its own with --state-dir DIR' };
  if (stat.uid !== uid) return { problem: `${shown} belongs to uid ${stat.uid}, not to uid ${uid} that runs tickward`, hint: 'run as its owner, or give another one with --state-dir DIR' };
  if ((stat.mode & WRITABLE) !== 0) return { problem: `${shown} can be written by others (mode ${modeText(stat.mode)}): nothing in it can be trusted`, hint: `start anew: mv ${printable(path)} ${printable(path)}.untrusted; only if nobody can have put anything there: chmod 700 ${printable(path)}` };
  const names = readdirSync(path);
  const foreign = names.find((name) => !isOurs(name));
  // Closing it would take a directory of somebody's own work away from others.
  if (foreign !== undefined && (stat.mode & OPEN) !== 0) return { problem: `${shown} holds what is not Tickward's (${printable(foreign)}) and is open to others (mode ${modeText(stat.mode)})`, hint: `give a directory of its own with --state-dir DIR, or close it yourself: chmod 700 ${printable(path)}` };
  for (const name of names.filter(isOurs)) {
    const problem = problemOf(join(path, name), name, uid);
    if (problem !== undefined) return { problem: `${printable(join(path, name))} ${problem}: it cannot be trusted`, hint: `look at it, and move it away: mv ${printable(join(path, name))} ${printable(join(path, name))}.untrusted` };
  }
  return undefined;
}

function isOurs(name: string): boolean {
  return name === QUARANTINE || OWN_FILE.test(name);
}

/** What a file of ours is that it must not be. */
function problemOf(path: string, name: string, uid: number): string | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  // Another process of ours has just closed its database.
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) return 'is a link';
  if (name === QUARANTINE ? !stat.isDirectory() : !stat.isFile()) return `is no ${name === QUARANTINE ? 'directory' : 'regular file'}`;
  if (stat.uid !== uid) return `belongs to uid ${stat.uid}`;
  if ((stat.mode & WRITABLE) !== 0) return `can be written by others (mode ${modeText(stat.mode)})`;
  return stat.isFile() && stat.nlink > 1 ? `is one of ${stat.nlink} names of the same file` : undefined;
}

/** One by one: Node's own recursion does not end where a file system takes no directories. Gives whether the last one was made. */
function makeDirectories(path: string): boolean {
  const missing: string[] = [];
  try {
    for (let at = path; lstatSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) missing.unshift(at);
    for (const each of missing) makeDirectory(each);
  } catch (error) {
    throw new TickwardError('STATE', `the state directory ${printable(path)} cannot be made: ${reason(error)}`, { hint: 'give another one with --state-dir DIR', cause: error });
  }
  return missing.length > 0;
}

/** Another process may make it at the same moment: what is there is looked at afterwards. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: PRIVATE });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function reason(error: unknown): string {
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'no permission';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    case 'ENOTDIR':
      return 'there is a file in the way';
    case 'ENOENT':
      return 'that file system takes no directories';
    default:
      return messageOf(error);
  }
}

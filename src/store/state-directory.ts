/** The state directory: ours alone, or refused. What lies in it decides what gets deleted and restored as root. */
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

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

/** Makes the directory (mode 0700) or checks the one that is there. Throws STATE when it is not a directory, not ours, or open to others. */
export function prepareStateDirectory(directory: string, uid: number): void {
  const shown = printable(directory);
  try {
    mkdirSync(directory, { recursive: true, mode: PRIVATE });
  } catch (error) {
    throw new TickwardError('STATE', `the state directory ${shown} cannot be made: ${reason(error)}`, { hint: 'give another one with --state-dir DIR', cause: error });
  }
  const stat = lstatSync(directory);
  if (stat.isSymbolicLink() || !stat.isDirectory()) throw new TickwardError('STATE', `the state directory ${shown} is ${stat.isSymbolicLink() ? 'a link' : 'not a directory'}`, { hint: 'give a directory of its own with --state-dir DIR' });
  if (stat.uid !== uid) throw new TickwardError('STATE', `the state directory ${shown} belongs to uid ${stat.uid}, not to uid ${uid} that runs tickward`, { hint: `run as its owner, or give another one with --state-dir DIR` });
  if ((stat.mode & 0o022) !== 0) throw new TickwardError('STATE', `the state directory ${shown} can be written by others (mode ${(stat.mode & 0o7777).toString(8).padStart(4, '0')}): nothing in it can be trusted`, { hint: `look at what is in it, then: chmod 700 ${shown}` });
  if ((stat.mode & 0o077) !== 0) chmodSync(directory, PRIVATE);
}

function reason(error: unknown): string {
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return 'no permission';
    case 'EROFS':
      return 'the file system is read-only';
    case 'ENOSPC':
      return 'the disk is full';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'there is a file in the way';
    default:
      return messageOf(error);
  }
}

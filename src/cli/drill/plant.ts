/** The drill's own timer: planted as an intruder would, and taken out again without touching anything else. */
import { lstatSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../exec.ts';
import { openFile } from '../../host/files.ts';
import type { PasswdEntry } from '../../host/passwd.ts';
import { unlinkFile } from '../../host/quarantine.ts';
import { readStart } from '../../host/read.ts';
import { errnoOf, messageOf, TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';

/** Where the drill plants, and what was there before. */
export interface Site {
  directory: string;
  unit: string;
  /** Path → content, in the order in which they are planted. */
  files: ReadonlyMap<string, string>;
  /** Directories that the drill made, the outermost first. */
  made: readonly string[];
  /** Name → inode of what was in the directory before. */
  before: ReadonlyMap<string, bigint>;
}

const SYSTEM_UNITS = '/etc/systemd/system';
/** The shell's time to live once it has written the timer: long enough to be looked at where the kernel names no process. Seconds. */
const LINGER = '0.2';
/** Fails on a name that exists (set -C), closes the service at once, keeps the timer open until it ends. */
const SCRIPT = `set -eC; umask 022; printf '%s' "$2" > "$1"; { printf '%s' "$4"; sleep ${LINGER}; } > "$3"`;

/** Makes the unit directory where it is missing. Refuses a unit that is there already. */
export function prepareSite(uid: number, user: PasswdEntry | undefined, unit: string, mark: string): Site {
  if (!/^[\w-]{1,100}\.timer$/.test(unit)) throw new TickwardError('USAGE', `${printable(unit)} is no name for the drill's timer`, { hint: 'letters, digits, "-" and "_", then .timer' });
  const directory = uid === 0 ? SYSTEM_UNITS : join(homeOf(uid, user), '.config/systemd/user');
  const service = join(directory, unit.replace(/timer$/, 'service'));
  const timer = join(directory, unit);
  for (const path of [timer, service]) if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw new TickwardError('REFUSED', `${printable(path)} is there already and is not the drill's: nothing was touched`, { hint: 'choose another name with --unit' });
  const made = makeDirectories(directory);
  // A date that will not come: nothing runs even where something loads it.
  const files = new Map([
    [service, `# ${mark}\n[Unit]\nDescription=Harmless: planted by tickward drill\n\n[Service]\nType=oneshot\nExecStart=/bin/true\n`],
    [timer, `# ${mark}\n[Unit]\nDescription=Harmless: planted by tickward drill\n\n[Timer]\nOnCalendar=2999-01-01\n\n[Install]\nWantedBy=timers.target\n`],
  ]);
  return { directory, unit, files, made, before: entriesOf(directory) };
}

function homeOf(uid: number, user: PasswdEntry | undefined): string {
  if (user !== undefined && user.home.startsWith('/') && user.home !== '/') return user.home;
  throw new TickwardError('UNSUPPORTED', `uid ${uid} has no home directory to plant a timer in`, { hint: 'run the drill as a user with a home, or as root' });
}

function makeDirectories(directory: string): string[] {
  const missing: string[] = [];
  for (let path = directory; lstatSync(path, { throwIfNoEntry: false }) === undefined; path = dirname(path)) missing.unshift(path);
  try {
    for (const path of missing) mkdirSync(path, { mode: 0o755 });
  } catch (error) {
    removeDirectories(missing);
    throw new TickwardError('FAILED', `the unit directory ${printable(directory)} cannot be made: ${messageOf(error)}`, { hint: 'check that the file system can be written' });
  }
  return missing;
}

function entriesOf(directory: string): Map<string, bigint> {
  return new Map(readdirSync(directory).flatMap((name): [string, bigint][] => {
    const stat = lstatSync(join(directory, name), { bigint: true, throwIfNoEntry: false });
    return stat === undefined ? [] : [[name, stat.ino]];
  }));
}

/** What Ctrl-C, a closed terminal and a kill of the whole group send to the shell as well. */
const INTERRUPTIONS: readonly (string | undefined)[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** By a shell that ends right after; whether it was not interrupted. Throws when it could not. */
export async function plant(site: Site, stop: AbortSignal): Promise<boolean> {
  const given = [...site.files].flat();
  const { exitCode, signal, stderr } = await run('/bin/sh', ['-c', SCRIPT, 'sh', ...given], { timeout: 5_000 });
  if (stop.aborted || INTERRUPTIONS.includes(signal)) return false;
  if (exitCode !== 0) throw new TickwardError('FAILED', `the timer could not be planted: ${printable(stderr.trim())}`, { hint: `see whether ${printable(site.directory)} can be written` });
  return true;
}

/** When the timer file came to be, ms since the epoch; undefined where it is gone. */
export function bornAt(site: Site): number | undefined {
  const stat = lstatSync(join(site.directory, site.unit), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.birthtimeMs > 0 ? stat.birthtimeMs : stat.ctimeMs;
}

/** The files that stand as planted. */
export function standing(site: Site): string[] {
  return [...site.files].filter(([path, content]) => readStart(path, content.length + 1)?.toString() === content).map(([path]) => path);
}

/** Takes out what is left of the drill and nothing else; gives what it could not, in words. */
export function tidy(site: Site): string[] {
  const left: string[] = [];
  for (const [path, content] of site.files) {
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) continue;
    // Written by halves by a shell that was ended is still ours; anything else under its name is not.
    const text = readStart(path, content.length + 1)?.toString();
    if (text === undefined || !content.startsWith(text)) {
      left.push(`${printable(path)} is not what the drill planted and was left alone`);
      continue;
    }
    try {
      using file = openFile(path, 'any');
      unlinkFile(file);
    } catch (error) {
      left.push(messageOf(error));
    }
  }
  return [...left, ...removeDirectories(site.made), ...lost(site)];
}

/** Empty ones, the innermost first. */
function removeDirectories(paths: readonly string[]): string[] {
  return paths.toReversed().flatMap((path) => {
    try {
      rmdirSync(path);
      return [];
    } catch (error) {
      return errnoOf(error) === 'ENOENT' ? [] : [`${printable(path)} was made by the drill and is not empty any more`];
    }
  });
}

/** What was in the directory before and is not any more. */
function lost(site: Site): string[] {
  if (site.before.size === 0) return [];
  const now = entriesOf(site.directory);
  return [...site.before].filter(([name, inode]) => now.get(name) !== inode).map(([name]) => `${printable(join(site.directory, name))} was there before and is gone or another file now`);
}

/** Control groups of version 2 (Documentation/admin-guide/cgroup-v2.rst). Paths are those of /proc/PID/cgroup: below the mount. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../model/errors.ts';

/** Where version 2 is mounted: alone, or beside version 1; undefined where it is not. */
export function unifiedMount(mounts: string = readFileSync('/proc/self/mounts', 'utf8')): string | undefined {
  return mounts.split('\n').map((line) => line.split(' ')).find((fields) => fields[2] === 'cgroup2')?.[1];
}

/** The path in version 2 of a process; undefined where it is gone or has none. */
export function unifiedPathOf(pid: number): string | undefined {
  try {
    return /^0::(\/.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** The innermost unit that a path lies in: a service, a scope, or another kind that has processes. */
export function unitCgroup(path: string): string | undefined {
  const names = path.split('/');
  const last = names.findLastIndex((name) => /\.(?:service|scope|socket|mount|swap)$/.test(name));
  return last < 0 ? undefined : names.slice(0, last + 1).join('/');
}

/** Pids in it and in those below it; empty where it is gone. */
export function processesBelow(path: string): number[] {
  const directory = directoryOf(path);
  if (directory === undefined) return [];
  try {
    const own = readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    return [...own, ...readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? processesBelow(join(path, entry.name)) : []))];
  } catch {
    return [];
  }
}

/** Who owns a part of the tree can make many; a host's own are some hundreds. */
const MOST_GROUPS = 20_000;

/** Paths of the control groups below it that have the name of a unit. */
export function unitsBelow(path: string): string[] {
  const directory = directoryOf(path);
  if (directory === undefined) return [];
  const found: string[] = [];
  const waiting = [path];
  for (let seen = 0; waiting.length > 0 && seen < MOST_GROUPS; seen += 1) {
    const at = waiting.shift() ?? '';
    if (at !== path && /\.[a-z]+$/.test(at)) found.push(at);
    try {
      waiting.push(...readdirSync(directoryOf(at) ?? '', { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(at, entry.name)] : [])));
    } catch {
      // It is gone by now.
    }
  }
  return found;
}

/** Whether it was told to freeze. */
export function isFreezing(path: string): boolean {
  return fileOf(path, 'cgroup.freeze')?.trim() === '1';
}

/** Whether every process in it has stopped. */
export function isFrozen(path: string): boolean {
  return /^frozen 1$/m.test(fileOf(path, 'cgroup.events') ?? '');
}

/** Throws the system error. What is forked by a process that is on its way to stop is frozen with it. Refuses to freeze this process: nobody would thaw it. */
export function setFrozen(path: string, frozen: boolean): void {
  const directory = directoryOf(path);
  if (frozen && `${unifiedPathOf(process.pid)}/`.startsWith(`${path}/`)) throw new Error('this process is in it');
  if (directory === undefined) throw new Error('there are no control groups of version 2');
  writeFileSync(join(directory, 'cgroup.freeze'), frozen ? '1' : '0');
}

/** What is in it goes on. False where it was not told to freeze, or is gone: the manager removes one that is empty, also between a look at it and this. */
export function thaw(path: string): boolean {
  if (!isFreezing(path)) return false;
  try {
    setFrozen(path, false);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENODEV') return false;
    throw error;
  }
}

/** Whether there are processes in it or in one below it; false where it is gone. */
export function isPopulated(path: string): boolean {
  return /^populated 1$/m.test(fileOf(path, 'cgroup.events') ?? '');
}

/** Ends all in it at once, forks that are on their way too (Linux 5.14). False where the kernel cannot. */
export function killAll(path: string): boolean {
  const directory = directoryOf(path);
  const file = directory === undefined ? undefined : join(directory, 'cgroup.kill');
  if (file === undefined || !existsSync(file)) return false;
  writeFileSync(file, '1');
  return true;
}

export function existsCgroup(path: string): boolean {
  const directory = directoryOf(path);
  return directory !== undefined && existsSync(directory);
}

function directoryOf(path: string): string | undefined {
  const mount = unifiedMount();
  return mount === undefined || !path.startsWith('/') || path === '/' || path.split('/').includes('..') ? undefined : join(mount, path);
}

function fileOf(path: string, name: string): string | undefined {
  try {
    return readFileSync(join(directoryOf(path) ?? '', name), 'utf8');
  } catch {
    return undefined;
  }
}

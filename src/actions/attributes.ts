/** chattr(1)'s flags of what stands at a path: read to plan, taken off before a removal, set again after an undo. */
import { closeSync, constants, openSync } from 'node:fs';
import { look, openDirectory, openFile } from '../host/files.ts';
import * as inode from '../host/inode.ts';
import { show } from '../host/paths.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import type { UndoReport } from './action.ts';
import { pathFromJson, type AttributesChange } from './journal-forms.ts';

/** Uses a regular file or a directory, opened for reading without following a link. */
export function withOpen<Result>(path: Buffer, use: (fd: number) => Result): Result {
  if (look(path)?.state.kind !== 'directory') {
    using file = openFile(path, 'any');
    return use(file.fd);
  }
  using directory = openDirectory(path);
  const fd = openSync(`/proc/self/fd/${directory.fd}`, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/** Flags that keep a name from being removed; empty where there are none, or where it cannot be told. */
export function protectionOf(path: Buffer): string {
  try {
    return withOpen(path, inode.readFlags);
  } catch {
    return '';
  }
}

export function changeFlags(path: Buffer, sign: '+' | '-', flags: string): void {
  try {
    withOpen(path, (fd) => inode.changeFlags(fd, sign, flags));
  } catch (error) {
    if (error instanceof TickwardError && error.code === 'NOT_FOUND') throw error;
    throw new TickwardError('FAILED', `chattr ${sign}${flags} failed on ${show(path)}: ${messageOf(error)}`, { hint: 'this needs root with CAP_LINUX_IMMUTABLE', cause: error });
  }
}

/** `i` and `a` of chattr(1) as they are set on a path. */
export interface Protection {
  path: Buffer;
  flags: string;
}

/** Those of the paths that have any. */
export function protectionsOf(paths: readonly Buffer[]): Protection[] {
  return paths.map((path) => ({ path, flags: protectionOf(path) })).filter(({ flags }) => flags !== '');
}

/** Takes them off for as long as the work takes, whether it is done or fails: nobody should find a file less protected than it was. `announce` is called before each. */
export function withoutProtection<Result>(protections: readonly Protection[], work: () => Result, announce: (each: Protection, index: number) => void = () => {}): Result {
  const taken: Protection[] = [];
  let result: Result;
  try {
    for (const [index, each] of protections.entries()) {
      announce(each, index);
      changeFlags(each.path, '-', each.flags);
      taken.push(each);
    }
    result = work();
  } catch (error) {
    // What went wrong first is what is said.
    setAgain(taken);
    throw error;
  }
  const [failure] = setAgain(taken);
  if (failure !== undefined) throw failure;
  return result;
}

/** All of them, the last one first; gives what went wrong. */
function setAgain(taken: readonly Protection[]): Error[] {
  return taken.toReversed().flatMap(({ path, flags }) => {
    try {
      changeFlags(path, '+', flags);
      return [];
    } catch (error) {
      return [error as Error];
    }
  });
}

/** Of an undo: a removal took them off for good, and a run that was cut off may have left a file without them. */
export function giveBackAttributes({ at, flags }: AttributesChange, report: UndoReport): void {
  const path = pathFromJson(at);
  if (protectionOf(path) === flags) return;
  changeFlags(path, '+', flags);
  report.done.push(`set the attribute ${flags} on ${show(path)} again`);
}

/** All extended attributes of an open file; undefined where this machine has no way to read them. */
export function xattrsOf(fd: number): inode.Xattrs | undefined {
  try {
    return inode.readXattrs(fd);
  } catch {
    return undefined;
  }
}

/** Which program a process was, as the log of opened programs tells, and whether that agrees with what /proc says now. */
import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { programName } from '../host/executable.ts';
import type { Bracket } from './backend.ts';
import { startOf } from './clocks.ts';
import { LOADER } from './decide.ts';
import type { ExecLog, Opened } from './exec-log.ts';
import type { Handles } from './filesystems.ts';
import { directoryKey, openDirectory } from './libc.ts';
import type { ProcFacts } from './proc-facts.ts';

/** Where loaders of shared libraries are, and only root puts files. */
const LIBRARIES = /^(?:\/usr)?\/lib(?:32|64|x32)?(?:\/[^/]+-linux-[^/]+)?$/;

export class Programs {
  private readonly log: ExecLog | undefined;
  private readonly handles: Handles;
  /** Keys of the directories with loaders. */
  private readonly libraries = new Set<string>();

  constructor({ log, handles }: { log?: ExecLog; handles: Handles }) {
    this.log = log;
    this.handles = handles;
  }

  /**
   * How sure it is that a process was, at a deed of this reading, the program that /proc has now; undefined where it may have been another one.
   * `before`: what it had opened before the deed, `recent`: the part of it that no earlier process with its number can have opened.
   *
   * Any user may set what /proc calls the program (PR_SET_MM of prctl(2)), but not to one that the process never opened. What is opened twice between two
   * readings stands once: of two programs that took turns in one reading the second is taken for the last, and only alone it is twice as sure.
   */
  agreement(facts: ProcFacts, executable: string, reading: Bracket, before: readonly Opened[], recent: readonly Opened[]): 'exact' | 'proc' | undefined {
    const isLogged = facts.device !== undefined && this.log?.isLogged(facts.device, startOf(facts)) === true;
    const name = Buffer.from(programName(executable)).toString('latin1');
    // What is run from overlay is logged as opened on the file systems below it: there the name must do.
    const directory = isLogged ? keyOf(dirname(executable)) : undefined;
    const isIt = (each: Opened): boolean => each.name === name && (!isLogged || each.directory === directory);
    const programs = this.withoutLoaders(before.filter(({ bracket }) => bracket.before >= startOf(facts)));
    const last = programs.filter(({ bracket }) => bracket === programs.at(-1)?.bracket);
    const newest = last.at(-1);
    if (newest?.bracket === reading ? !isIt(newest) : isLogged && last.length > 0 && !last.some(isIt)) return undefined;
    const confirming = this.withoutLoaders(recent);
    return confirming.length > 0 && confirming.every(isIt) ? 'exact' : 'proc';
  }

  /** The program, where all that was opened is one. */
  only(opened: readonly Opened[]): Opened | undefined {
    const programs = this.withoutLoaders(opened);
    const [first] = programs;
    return programs.every(({ name, directory }) => name === first?.name && directory === first.directory) ? first : undefined;
  }

  /** They are opened right behind the program that they load. Any program may be named like one. */
  private withoutLoaders(opened: readonly Opened[]): Opened[] {
    return opened.filter((each, index) => !LOADER.test(each.name) || !this.isLoader(each, opened[index - 1]));
  }

  /** Where it is opened below an overlay, its directory has no path here: then only its place behind a program tells. */
  private isLoader({ directory }: Opened, before: Opened | undefined): boolean {
    if (this.libraries.has(directory)) return true;
    const path = this.handles.pathOf(directory);
    if (path === undefined) return before !== undefined && !LOADER.test(before.name);
    const isOne = LIBRARIES.test(path);
    if (isOne) this.libraries.add(directory);
    return isOne;
  }
}

/** Of a directory; undefined where it is gone, or has no handle. */
function keyOf(path: string): string | undefined {
  const fd = openDirectory(path);
  if (fd === undefined) return undefined;
  try {
    return directoryKey(fd);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** Who made a change: as it was found out when it was read, or by what can be told of it now. */
import { fstatSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { unknown, type Attributed } from './attributed.ts';
import type { Attributor } from './attribution.ts';
import type { Backend, Change, Gone } from './backend.ts';
import { deedOf } from './deed.ts';
import { lookAt, pathOf, type Seen } from './document.ts';
import type { Above, Numbered } from './filler.ts';
import { deviceText, MountTime } from './filesystems.ts';
import { holderOf, openFiles } from './holders.ts';
import { close, directoryKey, openDirectory } from './libc.ts';
import { readFacts } from './proc-facts.ts';
import type { Folder } from './marks.ts';

const FILLED = "by the kernel's record of its directory, into which nobody else brought anything";

export interface MakersOptions {
  backend: Pick<Backend, 'namesProcesses'>;
  attributor: Attributor;
  /** Path of a folder with units. */
  pathOfFolder: (key: string) => string | undefined;
  /** Since when a directory has been at a path for certain, in ns of CLOCK_MONOTONIC. */
  since: (path: string, key: string) => bigint | undefined;
}

export class Makers {
  private readonly options: MakersOptions;
  private readonly mounts = new MountTime();
  private openFiles: ReadonlyMap<string, readonly number[]> | undefined;

  constructor(options: MakersOptions) {
    this.options = options;
  }

  /** At once: the process may be gone, and another one have its number, when the change is worked off. */
  readonly name = (change: Change | Gone): void => {
    if (change.pid <= 0) return;
    const by = this.options.attributor.early(change);
    if (by !== undefined) change.by = by;
  };

  readonly who = (change: Change, stat: Seen['stat'], orLater = false): Attributed => {
    const { backend, attributor, pathOfFolder } = this.options;
    if (change.by !== undefined && !orLater) return change.by;
    if (change.pid > 0) return attributor.who(deedOf(change, stat, orLater));
    const folder = pathOfFolder(change.directory);
    if (backend.namesProcesses || stat === undefined || folder === undefined) return unknown('the kernel named no process');
    this.openFiles ??= openFiles();
    const holder = holderOf(pathOf(folder, change.name).toString(), this.openFiles);
    const facts = typeof holder === 'number' ? readFacts(holder) : undefined;
    if (typeof holder !== 'number' || facts === undefined) return unknown(typeof holder === 'number' ? 'the process that had the file open ended' : holder);
    return attributor.descriptions.ofFacts(holder, facts, facts.executable === undefined ? 'none' : 'inferred', 'it had the file open when the event came');
  };

  /** What a process did to a directory, it is taken to have done to what is in it. */
  inferred({ by }: Change | Gone, note: string): Attributed {
    if (by?.process?.executable === undefined) return unknown([note.slice(0, note.indexOf(':')) || note, ...(by?.note === undefined ? [] : [by.note])].join('; '));
    return { ...by, attribution: 'inferred', note };
  }

  /**
   * By the kernel's own record of a folder: who made all of these, with how they look. Nobody where several filled it, it is not at its path any more, it came there
   * with a directory that was moved, a link or a mount, or something else is under the name.
   */
  readonly fillerOf = ({ key, path }: Pick<Folder, 'key' | 'path'>, seen: ReadonlyMap<string, Seen['stat']>): Attributed | undefined => {
    const { attributor, since } = this.options;
    const opened = openDirectory(path);
    if (opened === undefined) return undefined;
    try {
      // Of most directories nothing is kept, and then nothing more has to be looked at.
      if (!attributor.keeps(numbersOf(opened)) || directoryKey(opened) !== key || realpathSync(path) !== path || !isAllIn(opened, seen)) return undefined;
      const above = aboveOf(path).map((each) => numbered(each, (itsKey) => since(each, itsKey)));
      const by = attributor.fillerOf(numbersOf(opened), above, this.mounts.now());
      return by === undefined ? undefined : { ...by, note: by.note === undefined ? FILLED : `${FILLED}; ${by.note}` };
    } catch {
      // Of a file system that has no such keys, or gone.
      return undefined;
    } finally {
      close(opened);
    }
  };

  /** Which files are open is asked for once for all that is worked off together. */
  lookAgain(): void {
    this.openFiles = undefined;
  }

  mountsChanged(): void {
    this.mounts.now();
  }

  close(): void {
    this.mounts.close();
  }

  /** Nothing that was found out before holds any more. */
  forget(): void {
    this.options.attributor.forget();
  }
}

/** The root of all cannot be moved. */
function aboveOf(path: string): string[] {
  const above = dirname(path);
  return above === '/' ? [] : [above, ...aboveOf(above)];
}

function numbered(path: string, since: (key: string) => bigint | undefined): Above {
  const opened = openDirectory(path);
  if (opened === undefined) throw new Error('gone');
  try {
    return { ...numbersOf(opened), since: since(directoryKey(opened)) };
  } finally {
    close(opened);
  }
}

function numbersOf(opened: number): Numbered {
  const { dev, ino } = fstatSync(opened, { bigint: true });
  return { device: deviceText(dev), inode: ino };
}

/** Whether what was seen by the path is in this very directory. */
function isAllIn(opened: number, seen: ReadonlyMap<string, Seen['stat']>): boolean {
  return [...seen].every(([name, stat]) => {
    const now = lookAt(pathOf(`/proc/self/fd/${opened}`, name));
    return stat !== undefined && now?.ino === stat.ino && now.dev === stat.dev;
  });
}

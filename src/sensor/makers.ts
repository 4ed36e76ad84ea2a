/** Who made a change: as it was found out when it was read, or by what can be told of it now. */
import { fstatSync, statSync, type BigIntStats } from 'node:fs';
import { dirname } from 'node:path';
import { unknown, type Attributed } from './attributed.ts';
import type { Attributor, Filler } from './attribution.ts';
import type { Backend, Change, Gone } from './backend.ts';
import { deedOf } from './deed.ts';
import { pathOf, type Seen } from './document.ts';
import { holderOf, openFiles } from './holders.ts';
import { deviceText } from './filesystems.ts';
import { close, directoryKey, mountOf, openDirectory } from './libc.ts';
import { readFacts } from './proc-facts.ts';
import type { Folder } from './tree.ts';

const FILLED = "by the kernel's record of its directory, into which nobody else brought anything";

export interface MakersOptions {
  backend: Pick<Backend, 'namesProcesses'>;
  attributor: Attributor;
  /** Path of a folder with units. */
  pathOfFolder: (key: string) => string | undefined;
}

export class Makers {
  private readonly options: MakersOptions;
  private openFiles: ReadonlyMap<string, readonly number[]> | undefined;

  constructor(options: MakersOptions) {
    this.options = options;
  }

  /** At once: the process may be gone, and another one have its number, when the change is worked off. */
  name(change: Change | Gone): void {
    if (change.pid <= 0) return;
    const by = this.options.attributor.early(deedOf(change));
    if (by !== undefined) change.by = by;
  }

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
    return attributor.ofFacts(holder, facts, facts.executable === undefined ? 'none' : 'inferred', 'it had the file open when the event came');
  };

  /** What a process did to a directory, it is taken to have done to what is in it. */
  inferred({ by }: Change | Gone, note: string): Attributed {
    if (by?.process?.executable === undefined) return unknown([note.slice(0, note.indexOf(':')) || note, ...(by?.note === undefined ? [] : [by.note])].join('; '));
    return { ...by, attribution: 'inferred', note };
  }

  /**
   * By the kernel's own record of a folder: who made what appeared under a name in it, asked after the file was looked at. Undefined where several filled it, it is
   * not at its path any more or came there with a directory that was moved, and for a name where something is mounted.
   */
  readonly fillerOf = (folder: Pick<Folder, 'key' | 'path' | 'isMoved'>): ((name: string) => Attributed | undefined) | undefined => {
    const { path } = folder;
    if (folder.isMoved === true) return undefined;
    const opened = openDirectory(path);
    if (opened === undefined) return undefined;
    try {
      const stat = fstatSync(opened, { bigint: true });
      const filler = this.options.attributor.fillerOf(deviceText(stat.dev), stat.ino);
      if (filler === undefined || directoryKey(opened) !== folder.key || !cameByItself(path, stat, filler)) return undefined;
      const mount = mountOf(path);
      const { note } = filler.by;
      const by = { ...filler.by, note: note === undefined ? FILLED : `${FILLED}; ${note}` };
      return (name) => (filler.isSole() && isOn(mount, pathOf(path, name)) ? by : undefined);
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

  /** Nothing that was found out before holds any more. */
  forget(): void {
    this.options.attributor.forget();
  }
}

/** Whether none of the directories above, up to where its file system is mounted, may have brought it along: whoever moves one changes it. */
function cameByItself(path: string, { dev, birthtimeNs }: BigIntStats, filler: Filler): boolean {
  // Where no times of birth are kept, what is older is not known.
  if (birthtimeNs === 0n) return false;
  for (let above = dirname(path); above !== '/'; above = dirname(above)) {
    const stat = statSync(above, { bigint: true });
    if (stat.dev !== dev) return true;
    if (stat.ctimeNs >= birthtimeNs && !filler.leftAlone(deviceText(dev), stat.ino, stat.birthtimeNs)) return false;
  }
  return true;
}

function isOn(mount: number, path: string | Buffer): boolean {
  try {
    return mountOf(path) === mount;
  } catch {
    return false;
  }
}

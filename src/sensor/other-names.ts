/**
 * Unit files by their other names: who has a hard link in a directory that is not watched writes to the unit by it. The files themselves are marked for that;
 * what the kernel then tells of has the other name, and the file's number says which unit it is.
 */
import { readlinkSync, type BigIntStats } from 'node:fs';
import { printable } from '../model/text.ts';
import { Did, type Backend, type Change } from './backend.ts';
import { lookAt, pathOf } from './document.ts';
import { withHandle } from './filesystems.ts';
import type { Folder } from './marks.ts';

/** When files are marked after a look at all folders: the start does without, which is yet to say that it watches. Milliseconds. */
const MARK_MS = 250;

/** Files that are marked: each keeps its inode in the kernel's memory, 1 KB. */
const MOST_MARKED = 8_192;

const TOUCHED = Did.WRITTEN | Did.CLOSED | Did.ATTRIBUTES;

/** Bytes of a directory's key that name its file system (`keyOf`). */
const FILE_SYSTEM = 8;

interface Unit {
  folder: Folder;
  /** latin1 */
  name: string;
  /** When the file was changed last, as it was marked: a number may be another file's by now. */
  changed: bigint;
}

export interface OtherNamesOptions {
  backend: Pick<Backend, 'markFile' | 'nameless'>;
  /** All that are watched. */
  folders: () => Iterable<Folder>;
  /** Which unit was changed by a name that is gone already, only comparing tells. */
  compare: () => void;
  guarded: (work: () => void) => void;
}

export class OtherNames {
  private readonly options: OtherNamesOptions;
  private timer: NodeJS.Timeout | undefined;
  /** By file system and inode. */
  private units = new Map<string, Unit>();
  /** One on each file system. */
  private folders = new Map<string, Folder>();

  constructor(options: OtherNamesOptions) {
    this.options = options;
  }

  /** After a look at all folders. */
  markSoon(): void {
    if (this.options.backend.markFile === undefined) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.options.guarded(() => this.mark());
    }, MARK_MS);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  /** What is known and not marked yet: anew for all that changed, since a mark goes with its file. */
  private mark(): void {
    const { backend, folders } = this.options;
    const units = new Map<string, Unit>();
    for (const folder of folders()) {
      // On a copy of another file system: what the kernel told of it would have the names of the other.
      if (backend.nameless?.has(folder.path) === true) continue;
      for (const [name, { inode, changed }] of folder.entries) {
        if (units.size >= MOST_MARKED) break;
        const number = numberOf(folder.key, inode);
        const isMarked = this.units.get(number)?.changed === changed || backend.markFile?.(pathOf(folder.path, name)) === true;
        if (isMarked) units.set(number, { folder, name, changed });
      }
    }
    this.units = units;
    this.folders = new Map([...units.values()].map(({ folder }) => [fileSystemOf(folder.key), folder]));
  }

  /** The same change as one of the unit itself; undefined where it is no change of a unit, or the other name is gone before it could be looked at. */
  ofUnit(change: Change): Change | undefined {
    if (change.isDirectory || (change.did & ~TOUCHED) !== 0) return undefined;
    const anchor = this.folders.get(fileSystemOf(change.directory));
    if (anchor === undefined) return undefined;
    const found = withHandle(Buffer.from(anchor.path), Buffer.from(change.directory.slice(FILE_SYSTEM), 'latin1'), (itself) => ({ stat: lookAt(pathOf(itself, change.name)), directory: readlinkSync(itself) }));
    if (found?.stat === undefined) {
      this.options.compare();
      return undefined;
    }
    const unit = this.units.get(numberOf(change.directory, found.stat.ino));
    if (unit === undefined || !isAt(unit, found.stat)) return undefined;
    return { ...change, directory: unit.folder.key, name: unit.name, otherName: printable(`${found.directory}/${Buffer.from(change.name, 'latin1').toString()}`) };
  }
}

function fileSystemOf(key: string): string {
  return key.slice(0, FILE_SYSTEM);
}

function numberOf(key: string, inode: bigint): string {
  return `${fileSystemOf(key)}${inode}`;
}

function isAt({ folder, name }: Unit, { dev, ino }: BigIntStats): boolean {
  const now = folder.left === undefined ? lookAt(pathOf(folder.path, name)) : undefined;
  return now?.ino === ino && now.dev === dev;
}

/** Which directories are marked: unit directories, the folders in them that count, and what has to appear first for the missing ones. */
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isUnitSubdirectory, type UnitDirectory } from '../host/directories.ts';
import { errnoOf } from '../model/errors.ts';
import type { Backend } from './backend.ts';
import { readEntries, type Entries } from './scan.ts';

/** A marked folder whose content counts. */
export interface Folder {
  key: string;
  path: string;
  directory: UnitDirectory;
  /** '' or the name below the unit directory. */
  relative: string;
  entries: Entries;
}

/** What a refresh found. */
export interface Refreshed {
  /** Folders that were not watched before, with what is in them now. */
  appeared: Folder[];
  /** Folders watched before, with what is in them now beside what was known. */
  known: { folder: Folder; now: Entries }[];
  /** Folders that are not at their path any more. */
  gone: Folder[];
}

export class Tree {
  private readonly backend: Backend;
  private readonly folders = new Map<string, Folder>();
  /** Marked ancestors of missing directories, by key, with the names that matter there. */
  private readonly waiting = new Map<string, { path: string; names: Set<string> }>();
  /** Why a directory cannot be watched, by path. */
  private readonly unseen = new Map<string, string>();

  constructor(backend: Backend) {
    this.backend = backend;
  }

  folder(key: string): Folder | undefined {
    return this.folders.get(key);
  }

  /** Path of any marked directory. */
  pathOf(key: string): string | undefined {
    return this.folders.get(key)?.path ?? this.waiting.get(key)?.path;
  }

  /** Whether something of this name in a marked ancestor may lead to a missing unit directory. */
  awaits(key: string, name: string): boolean {
    return this.waiting.get(key)?.names.has(name) ?? false;
  }

  get size(): number {
    return this.folders.size;
  }

  /** In words, a line a reason. */
  get blind(): string[] {
    const byReason = new Map<string, string[]>();
    for (const [path, reason] of this.unseen) byReason.set(reason, [...(byReason.get(reason) ?? []), path]);
    return [...byReason].map(([reason, paths]) => `cannot see ${paths.length} director${paths.length === 1 ? 'y' : 'ies'} (${reason}): ${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ', …' : ''}`);
  }

  /** Marks first and reads afterwards, so that nothing falls between. */
  refresh(directories: readonly UnitDirectory[]): Refreshed {
    this.unseen.clear();
    this.waiting.clear();
    const result: Refreshed = { appeared: [], known: [], gone: [] };
    const seen = new Set<string>();
    for (const directory of realNamesFirst(directories)) this.visit(directory, directory.path, '', result, seen);
    for (const folder of this.folders.values()) {
      if (seen.has(folder.key)) continue;
      this.folders.delete(folder.key);
      result.gone.push(folder);
    }
    return result;
  }

  private visit(directory: UnitDirectory, path: string, relative: string, result: Refreshed, seen: Set<string>): void {
    const key = this.markContents(path, relative === '');
    if (key === undefined) return;
    // Two names for one directory (/lib is a link to /usr/lib on most hosts): the first one, its real name, stays.
    if (seen.has(key)) return;
    const known = this.folders.get(key);
    if (known !== undefined && known.path === path) {
      this.reread(known, result, seen);
      return;
    }
    if (known !== undefined) result.gone.push(known);
    this.appear({ key, path, directory, relative, entries: new Map() }, result, seen);
  }

  private appear(folder: Folder, result: Refreshed, seen: Set<string>): void {
    const content = this.read(folder);
    if (content === undefined) return;
    seen.add(folder.key);
    folder.entries = content.entries;
    this.folders.set(folder.key, folder);
    result.appeared.push(folder);
    this.visitFolders(folder, content.folders, result, seen);
  }

  private reread(folder: Folder, result: Refreshed, seen: Set<string>): void {
    const content = this.read(folder);
    if (content === undefined) return;
    seen.add(folder.key);
    result.known.push({ folder, now: content.entries });
    this.visitFolders(folder, content.folders, result, seen);
  }

  private visitFolders(folder: Folder, names: readonly Buffer[], result: Refreshed, seen: Set<string>): void {
    if (folder.relative !== '') return;
    for (const name of names.map((bytes) => bytes.toString('utf8'))) if (isUnitSubdirectory(name)) this.visit(folder.directory, `${folder.path}/${name}`, name, result, seen);
  }

  private read(folder: Folder): ReturnType<typeof readEntries> | undefined {
    try {
      return readEntries(folder.path);
    } catch (error) {
      this.note(folder.path, error);
      return undefined;
    }
  }

  /** The key, or undefined when the directory is not there (then its nearest ancestor is marked) or not ours to see. */
  private markContents(path: string, followAppearance: boolean): string | undefined {
    try {
      return this.backend.mark(path, 'contents');
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') this.note(path, error);
      else if (followAppearance) return this.await(path);
      return undefined;
    }
  }

  /** Marks the nearest ancestor that is there. When the next name has appeared meanwhile, goes one down and tries again. */
  private await(path: string): string | undefined {
    let child = path;
    for (let tries = 0; tries < 2 * path.split('/').length && child !== '/'; tries += 1) {
      const parent = dirname(child);
      let key: string;
      try {
        key = this.backend.mark(parent, 'appearance');
      } catch (error) {
        const code = errnoOf(error);
        if (code !== 'ENOENT' && code !== 'ENOTDIR') {
          this.note(path, error);
          return undefined;
        }
        child = parent;
        continue;
      }
      const name = child.slice(child.lastIndexOf('/') + 1);
      const entry = this.waiting.get(key) ?? { path: parent, names: new Set<string>() };
      entry.names.add(name);
      this.waiting.set(key, entry);
      if (!exists(child)) return undefined;
      if (child === path) return this.markContents(path, false);
      child = path;
    }
    return undefined;
  }

  private note(path: string, error: unknown): void {
    const code = errnoOf(error) ?? 'unknown error';
    this.unseen.set(path, code === 'EACCES' || code === 'EPERM' ? 'no permission' : code === 'ENOSPC' ? 'the limit of marks or watches is reached' : code);
  }
}

/** Links to directories count: systemd follows them. */
function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

function realNamesFirst(directories: readonly UnitDirectory[]): UnitDirectory[] {
  const isReal = (directory: UnitDirectory): boolean => realPath(directory.path) === directory.path;
  const [real, others] = [directories.filter(isReal), directories.filter((directory) => !isReal(directory))];
  return [...real, ...others];
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

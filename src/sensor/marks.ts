/** The directories that are marked, by the key that the kernel's events have and by their paths; and for a while those that left, of which some is yet to be told. */
import type { UnitDirectory } from '../host/directories.ts';
import type { Entries } from '../model/entries.ts';
import type { Way } from './way.ts';

/** A marked folder whose content counts. */
export interface Folder {
  readonly key: string;
  readonly path: string;
  readonly directory: UnitDirectory;
  /** '' or the name below the unit directory. */
  readonly relative: string;
  entries: Entries;
  /** Set when it is not at its path any more, where something else may be by now: whether that was told yet. */
  left?: 'untold' | 'told';
}

export interface Marked {
  readonly ways: Way[];
  folder?: Folder;
  /** When it was certainly at all of its paths, and has not moved from there as far as was told since. */
  since: bigint;
}

const NO_WAYS: readonly Way[] = [];

export class Marks {
  private readonly marked = new Map<string, Marked>();
  /** Keys by path, for what is looked for again. */
  private readonly keys = new Map<string, string>();
  /** Those that left, by key: what was done in them before may still be queued. */
  private readonly left = new Map<string, Folder>();

  /** Also one that left, and has come back, as long as that it left is yet to be told. */
  folder(key: string): Folder | undefined {
    const left = this.left.size === 0 ? undefined : this.left.get(key);
    return left?.left === 'untold' ? left : this.marked.get(key)?.folder ?? left;
  }

  /** Those that something was told of after they left, the last time. */
  takeLeft(): Folder[] {
    const told = [...this.left.values()].filter(({ entries }) => entries.size > 0);
    this.left.clear();
    return told;
  }

  keepLeft(folder: Folder): void {
    this.left.set(folder.key, folder);
  }

  all(): Iterable<Marked> {
    return this.marked.values();
  }

  waysOf(key: string): readonly Way[] {
    return this.marked.get(key)?.ways ?? NO_WAYS;
  }

  /** Path of any marked directory. */
  pathOf(key: string): string | undefined {
    return this.waysOf(key)[0]?.path ?? this.left.get(key)?.path;
  }

  keyAt(path: string): string | undefined {
    return this.keys.get(path);
  }

  wayAt(path: string): Way | undefined {
    const key = this.keys.get(path);
    return key === undefined ? undefined : this.waysOf(key).find((way) => way.path === path);
  }

  /** Since when this directory has been at the path for certain, in ns of CLOCK_MONOTONIC. */
  since(path: string, key: string): bigint | undefined {
    return this.keys.get(path) === key ? this.marked.get(key)?.since : undefined;
  }

  /** Those that may have moved, as it was read: all, where that was lost. It may be back where it was. */
  moved(keys: Iterable<string> = this.marked.keys()): void {
    const now = process.hrtime.bigint();
    for (const key of keys) {
      const marked = this.marked.get(key);
      if (marked !== undefined) marked.since = now;
    }
  }

  add(key: string, way: Way): Marked {
    const marked = this.marked.get(key) ?? { ways: [], since: 0n };
    this.marked.set(key, marked);
    this.keys.set(way.path, key);
    if (!marked.ways.some(({ path }) => path === way.path)) {
      marked.ways.push(way);
      marked.since = process.hrtime.bigint();
    }
    return marked;
  }

  /** What was at this path: the way to it, and its folder where that was called by it, with the other ways there. */
  remove(path: string): { way?: Way; folder?: Folder; others: readonly Way[] } {
    const key = this.keys.get(path);
    const marked = key === undefined ? undefined : this.marked.get(key);
    this.keys.delete(path);
    if (key === undefined || marked === undefined) return { others: NO_WAYS };
    const [way] = marked.ways.splice(marked.ways.findIndex((each) => each.path === path), 1);
    const folder = marked.folder?.path === path ? marked.folder : undefined;
    if (folder !== undefined) delete marked.folder;
    if (marked.ways.length === 0) this.marked.delete(key);
    return { ...(way === undefined ? {} : { way }), ...(folder === undefined ? {} : { folder }), others: folder === undefined ? NO_WAYS : marked.ways.slice() };
  }

  /** Of a directory that stays marked. */
  takeFolder(folder: Folder): Folder {
    delete this.marked.get(folder.key)?.folder;
    return folder;
  }

  /** Paths right below. */
  below({ path, place }: Way): string[] {
    const direct = [...place.named.keys()].map((name) => `${path}/${name}`).filter((child) => this.keys.has(child));
    if (place.any === undefined && place.unit === undefined) return direct;
    const prefix = `${path}/`;
    return [...this.keys.keys()].filter((child) => child.startsWith(prefix) && !child.includes('/', prefix.length));
  }
}

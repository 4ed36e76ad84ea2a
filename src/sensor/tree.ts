/** Which directories are marked: those that hold units, the folders in them that count, and on the way to missing ones the nearest that is there. */
import { closeSync, constants, openSync } from 'node:fs';
import { placeIn, type Place } from '../host/directories.ts';
import { O_PATH } from '../host/kernel.ts';
import { Entries } from '../model/entries.ts';
import { errnoOf } from '../model/errors.ts';
import type { Backend } from './backend.ts';
import { Copies } from './copies.ts';
import { nothing, remove, type Found } from './found.ts';
import { close, openDirectory } from './libc.ts';
import { Marks, type Folder, type Marked } from './marks.ts';
import { refuse, Rooms, type OwnRoom } from './rooms.ts';
import { readDifferences, readEntries, type Wanted } from './scan.ts';
import { Unseen } from './unseen.ts';
import { inside, interestIn, isFolder, isLink, isReal, MOST_ASKED, namesToVisit, type Way } from './way.ts';

/** A way in a home has one or two names at each step. */
const MOST_RUSHED = 2;

export class Tree {
  private readonly backend: Backend;
  private root: Place;
  readonly rooms = new Rooms();
  private readonly marks = new Marks();
  private readonly unseen = new Unseen();
  /** Places that are yet to be visited: a hundred thousand homes take a while, and the rest must not wait. */
  private queue: Way[] = [];
  private rereading: Way[] = [];
  private readonly copies = new Copies(this.marks);

  constructor(backend: Backend, root: Place) {
    this.backend = backend;
    this.root = root;
  }

  folder(key: string): Folder | undefined {
    return this.marks.folder(key);
  }

  /** All that are watched. */
  get folders(): Folder[] {
    return [...this.marks.all()].flatMap(({ folder }) => folder ?? []);
  }

  /** Nothing is queued any more of what was done before now. Those that something was told of after they left: with it, they are gone. */
  forgetLeft(): Found {
    return { ...nothing(), gone: this.marks.takeLeft() };
  }

  pathOf(key: string): string | undefined {
    return this.marks.pathOf(key);
  }

  since(path: string, key: string): bigint | undefined {
    return this.marks.since(path, key);
  }

  moved(keys?: Iterable<string>): void {
    this.marks.moved(keys);
  }

  /** In words, a line a reason. */
  get blind(): string[] {
    const lines = [...this.unseen.lines, ...this.rooms.lines];
    return this.queue.length === 0 ? lines : [...lines, `${this.queue.length} directories are yet to be looked at`];
  }

  /** Whether a name in a marked directory leads to unit directories. */
  leads(key: string, name: string): boolean {
    return this.marks.waysOf(key).some((way) => placeIn(way.place, name) !== undefined);
  }

  /** Which folder a path would be, whether it is there or not. */
  folderAt(path: string): Pick<Folder, 'path' | 'directory' | 'relative'> | undefined {
    let way: Way | undefined = { path: '', place: this.root };
    for (const name of path.split('/').slice(1)) way = way === undefined ? undefined : inside(way, name);
    const unit = way?.place.unit;
    if (way?.within !== undefined) return { path, ...way.within };
    return unit === undefined ? undefined : { path, directory: { path, ...unit }, relative: '' };
  }

  isWatched(path: string): boolean {
    return this.marks.keyAt(path) !== undefined;
  }

  /** Looks at everything anew, as the queue is worked off. */
  revisit(root: Place = this.root): void {
    this.root = root;
    this.rooms.again();
    this.queue = [{ path: '', place: root }];
  }

  get isDone(): boolean {
    return this.queue.length === 0;
  }

  /** Works off the queue until `enough` says so. */
  work(enough: () => boolean = () => false): Found {
    return this.visitAll(() => this.queue.shift(), true, enough);
  }

  /** What is looked at from now on has not to be looked at again when everything is looked at anew. */
  lookedAtFromNow(): void {
    for (const { folder } of this.marks.all()) folder?.entries.noteFresh();
  }

  /** The folders that are watched, as they are now: from the first when none is left, and until `enough` says so. */
  reread(enough: () => boolean): Found {
    if (this.rereading.length === 0) this.rereading = [...this.marks.all()].flatMap(({ ways }) => ways.filter((way) => way.place.unit !== undefined));
    // From the end: to take the first of a hundred thousand moves all the others.
    return this.visitAll(() => this.rereading.pop(), false, enough);
  }

  /** Whether some are yet to be looked at again. */
  get isRereading(): boolean {
    return this.rereading.length > 0;
  }

  private visitAll(next: () => Way | undefined, isQueued: boolean, enough: () => boolean): Found {
    const found = nothing();
    for (let way = next(); way !== undefined; way = next()) {
      this.visit(way, found, isQueued);
      if (enough()) break;
    }
    return found;
  }

  /** Something appeared under, or went from, a name in a marked directory. undefined when that name leads nowhere. */
  changed(key: string, name: string): Found | undefined {
    let ways: Way[] | undefined;
    for (const way of this.marks.waysOf(key)) {
      const next = inside(way, name);
      if (next !== undefined) (ways ??= []).push(next);
    }
    if (ways === undefined) return undefined;
    const found = nothing();
    for (const way of ways) this.visit(way, found, false);
    return found;
  }

  /** A directory appeared: marks what holds units at the end of its ways at once, since `mkdir -p` makes all of it together, and the first file follows within some 0.1 ms. What `changed` looks at does the rest. */
  hurry(key: string, name: string): void {
    for (const way of this.marks.waysOf(key)) {
      const next = inside(way, name);
      if (next !== undefined) this.rush(next);
    }
  }

  private rush({ path, place }: Way): void {
    if (place.unit !== undefined) {
      // Mostly it is not there yet, and an exception would take as long as the mark.
      const opened = openDirectory(path);
      try {
        if (opened !== undefined) this.backend.mark(opened, 'contents', path, this.copies.isCopy);
      } catch {
        // Not to be marked: the visit will say so.
      } finally {
        if (opened !== undefined) close(opened);
      }
    }
    if (place.named.size <= MOST_RUSHED) for (const [name, next] of place.named) this.rush({ path: `${path}/${name}`, place: next });
  }

  /** A marked directory was removed or renamed itself. It may also have come back by that: only where it is not at its path any more, all below it is gone. */
  gone(key: string): Found {
    const found = nothing();
    for (const way of this.marks.waysOf(key).slice()) {
      this.visit(way, found, false);
      if (this.marks.keyAt(way.path) !== key) this.visitParentOf(way, found);
    }
    return found;
  }

  /** Marks first and reads afterwards, so that nothing falls between. */
  private visit(way: Way, found: Found, isQueued: boolean): void {
    const room = this.rooms.of(way);
    if (way.within !== undefined && room.directories.isFull && this.marks.keyAt(way.path) === undefined) {
      room.directories.refuse();
      return;
    }
    const opened = this.open(way);
    if (opened === undefined) {
      this.leave(way.path, found);
      return;
    }
    try {
      const interest = interestIn(way);
      const key = this.backend.mark(opened, interest, way.path || '/', this.copies.isCopy);
      this.unseen.seen(way.path);
      const before = this.marks.keyAt(way.path);
      if (before !== undefined && before !== key) this.leave(way.path, found);
      if (way.within !== undefined && before !== key) room.directories.take();
      const marked = this.marks.add(key, way);
      const folders = isFolder(way) ? this.read(key, way, marked, opened, found, room) : undefined;
      this.visitNext(way, opened, folders, found, isQueued);
      // What was there may have gone before it was marked itself: then this directory is what tells when it comes again.
      if (interest === 'self' && interestIn(way) !== 'self') {
        this.backend.mark(opened, 'appearance', way.path || '/', this.copies.isCopy);
        this.visitNext(way, opened, folders, found, isQueued);
      }
    } catch (error) {
      this.unseen.failed(way.path, error);
    } finally {
      closeSync(opened);
    }
  }

  private open({ path }: Way): number | undefined {
    try {
      return openSync(path || '/', O_PATH | constants.O_DIRECTORY);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') this.unseen.seen(path);
      else this.unseen.failed(path, error);
      return undefined;
    }
  }

  /** Entries of a folder with units; gives the names of the folders in it that count. */
  private read(key: string, way: Way, marked: Marked, opened: number, found: Found, room: OwnRoom): string[] {
    const path = `/proc/self/fd/${opened}`;
    const wanted: Wanted = { leads: (name) => inside(way, name) !== undefined, most: { names: room.names.most, directories: room.directories.most } };
    // A link of another user may have led here before this path did: it is called by its real name.
    if (marked.folder !== undefined && marked.folder.path !== way.path && isReal(way.path) && !isReal(marked.folder.path)) this.lose(this.marks.takeFolder(marked.folder), found);
    if (marked.folder !== undefined) {
      const { entries } = marked.folder;
      const { names, folders, cut } = readDifferences(path, entries, wanted);
      // What was left out before is so still.
      const hasNoRoom = entries.isFull && names.some((name) => !entries.has(name));
      refuse(room, { ...cut, names: cut.names || hasNoRoom });
      if (cut.names) entries.lack(true);
      if (marked.folder.path === way.path) found.known.push({ folder: marked.folder, names });
      return folders;
    }
    const { entries, folders, cut } = readEntries(path, wanted);
    refuse(room, cut);
    const { scope, kind } = way.place.unit ?? way.within?.directory ?? { scope: 'system', kind: 'units' };
    const directory = way.within?.directory ?? { path: way.path, scope, kind };
    marked.folder = { key, path: way.path, directory, relative: way.within?.relative ?? '', entries: new Entries([], room.names) };
    if (cut.names) marked.folder.entries.lack(true);
    found.appeared.push({ folder: marked.folder, now: entries });
    return folders;
  }

  private visitNext(way: Way, opened: number, folders: readonly string[] | undefined, found: Found, isQueued: boolean): void {
    const names = new Set([...(folders ?? []), ...namesToVisit(way.place, opened)]);
    // Real names before links, so that what two ways lead to is called by its real name.
    const next = [...names].flatMap((name) => inside(way, name) ?? []).map((child) => ({ child, isLink: isLink(child.path) })).sort((one, other) => Number(one.isLink) - Number(other.isLink));
    for (const { child, isLink: later } of next) {
      if (isQueued && (later || names.size > MOST_ASKED)) this.queue.push(child);
      else this.visit(child, found, isQueued);
    }
  }

  private leave(path: string, found: Found): void {
    this.copies.forget(path);
    const { way, folder, others } = this.marks.remove(path);
    if (folder !== undefined) this.lose(folder, found);
    for (const other of others) this.visit(other, found, false);
    if (way === undefined) return;
    if (way.within !== undefined) this.rooms.of(way).directories.giveBack();
    for (const child of this.marks.below(way)) this.leave(child, found);
  }

  /** What was seen of it in the same visit is not true any more; and of what has only just appeared there is nothing to take back. */
  private lose(folder: Folder, found: Found): void {
    const isOf = (each: { folder: Folder }): boolean => each.folder === folder;
    folder.left = 'untold';
    if (!found.appeared.some(isOf)) {
      found.gone.push(folder);
      this.marks.keepLeft(folder);
    }
    remove(found.appeared, isOf);
    remove(found.known, isOf);
  }

  /** Where the directory was, its parent waits again: for the same name, or for the way to it. */
  private visitParentOf(way: Way, found: Found): void {
    const parentPath = way.path.slice(0, way.path.lastIndexOf('/'));
    const parent = this.marks.wayAt(parentPath);
    if (parent !== undefined && way.path !== '') this.visit(parent, found, false);
  }
}

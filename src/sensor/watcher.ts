/** Turns what a backend reports, and what a comparison finds, into events: each change once, with the best that is known of its maker. */
import type { GroupEntry, PasswdEntry } from '../host/passwd.ts';
import { readGroups, readUsers } from '../host/passwd.ts';
import { messageOf } from '../model/errors.ts';
import type { EventSource, FileAction, FileEvent } from '../model/event.ts';
import { attribute, attributeHolder, openFiles, unknown, type Attributed } from './attribution.ts';
import type { Backend, Batch, Change } from './backend.ts';
import { documentOf, lookAt, pathOf, type Seen } from './document.ts';
import { compare, type Entries } from './scan.ts';
import { Tree, type Folder, type Refreshed } from './tree.ts';
import type { SensorOptions } from './index.ts';

/** A creation waits this long for its writer to close the file, so that one event has the file's content. Milliseconds. */
const HOLD_MS = 5;

/** A process that started later than the file was made cannot have made it; start times are good to a clock tick. Milliseconds. */
const START_TOLERANCE_MS = 20;

/** A process is remembered this long after it was read, for the files it makes right before it ends. Milliseconds. */
const REMEMBER_MS = 1_000;

const UNNAMED = 'the kernel named no process';

interface Held {
  folder: Folder;
  name: Buffer;
  pid: number;
  by: Attributed;
}

export class Watcher {
  readonly tree: Tree;
  private readonly options: SensorOptions;
  private readonly backend: Backend;
  private readonly held = new Map<string, Held>();
  private holdTimer: NodeJS.Timeout | undefined;
  private readonly remembered = new Map<number, { by: Attributed; at: number }>();
  private events: FileEvent[] = [];
  private userCache: { users: PasswdEntry[]; groups: GroupEntry[] } | undefined;
  /** Read at most once a batch. */
  private openFiles: ReadonlyMap<string, readonly number[]> | undefined;
  private stopped = false;

  constructor(backend: Backend, options: SensorOptions) {
    this.backend = backend;
    this.options = options;
    this.tree = new Tree(backend);
  }

  /** What is there at the start is the baseline, not news. */
  start(): void {
    this.tree.refresh(this.options.directories());
    this.backend.start((batch) => this.guarded(() => this.take(batch)));
  }

  rescan(): void {
    this.guarded(() => {
      this.refresh(unknown('found by comparing: no event told of it'));
      this.emit();
    });
  }

  stop(): void {
    this.releaseHeld();
    this.stopped = true;
    clearTimeout(this.holdTimer);
    this.backend.close();
  }

  /** Callbacks of the kernel and of timers end here: an exception must not silence the sensor. */
  private guarded(work: () => void): void {
    if (this.stopped) return;
    try {
      work();
    } catch (error) {
      this.options.onNotice({ level: 'warn', message: `the sensor failed at an event and goes on: ${messageOf(error)}` });
    }
  }

  private take(batch: Batch): void {
    // Processes first: they may be gone a microsecond later.
    const makers = new Map<number, Attributed>();
    for (const { pid } of batch.changes) if (pid > 0 && !makers.has(pid)) makers.set(pid, this.maker(pid));
    for (const change of batch.changes) this.change(change, makers.get(change.pid));
    if (batch.gone.some((key) => this.tree.pathOf(key) !== undefined)) this.refresh(unknown('the directory was removed or renamed'));
    if (batch.overflow) {
      this.options.onNotice({ level: 'warn', message: 'the kernel dropped events (its queue was full): comparing the directories instead' });
      this.refresh(unknown('found by comparing after the kernel dropped events'));
    }
    this.emit();
  }

  private maker(pid: number): Attributed {
    const now = performance.now();
    const found = attribute(pid, () => this.database().users);
    if (found.process?.executable !== undefined) {
      this.remembered.set(pid, { by: found, at: now });
      return found;
    }
    const before = this.remembered.get(pid);
    if (before === undefined || now - before.at > REMEMBER_MS) return found;
    // It may have become another program since: the process is certain, its program is not.
    return { ...before.by, attribution: 'inferred', isGuess: true, note: 'the process had ended; its program is the one it ran a moment before, at another event' };
  }

  private refresh(by: Attributed): void {
    this.found(this.tree.refresh(this.options.directories()), by);
  }

  private change(change: Change, maker: Attributed | undefined): void {
    const folder = this.tree.folder(change.directory);
    const origin = change.from === undefined ? undefined : this.tree.folder(change.from.directory);
    if (folder === undefined && origin !== undefined && change.from !== undefined && !change.isDirectory) {
      this.removed(origin, change.from.name, maker ?? unknown(UNNAMED));
      return;
    }
    if (folder === undefined || change.isDirectory) {
      this.directoryChange(change, folder, maker);
      return;
    }
    const by = (): Attributed => maker ?? this.holder(folder, change);
    if (change.movedIn) this.movedIn(folder, change, by());
    else if (change.movedOut) this.removed(folder, change.name, by());
    else {
      if (change.created) this.created(folder, change, by());
      if (change.written || change.attributes) this.touched(folder, change, maker);
      if (change.deleted) this.removed(folder, change.name, by());
    }
  }

  /** A folder that appears or goes may bring or take unit files with it. */
  private directoryChange(change: Change, folder: Folder | undefined, maker: Attributed | undefined): void {
    const name = change.name.toString('utf8');
    const matters = folder === undefined ? this.tree.awaits(change.directory, name) : true;
    if (!matters || !(change.created || change.movedIn || change.movedOut || change.deleted)) return;
    const by = maker?.process === undefined ? unknown('found when its directory appeared') : { ...maker, attribution: maker.attribution === 'none' ? ('none' as const) : ('inferred' as const), note: 'found when its directory appeared: the process is the one that made the directory' };
    this.refresh(by);
  }

  private created(folder: Folder, change: Change, by: Attributed): void {
    const stat = lookAt(pathOf(folder.path, change.name));
    const known = folder.entries.get(nameKey(change.name));
    // A comparison was faster than the kernel's queue.
    if (stat !== undefined && known?.inode === stat.ino) return;
    const maker = tooYoung(by, stat?.ctimeMs) ? unknown('the process with that id started after the file was made') : by;
    folder.entries.set(nameKey(change.name), { inode: stat?.ino ?? 0n, changed: stat?.ctimeNs ?? 0n });
    const waits = stat?.isFile() === true && stat.nlink === 1n && !change.written && !change.deleted;
    if (waits) this.hold({ folder, name: change.name, pid: change.pid, by: maker });
    else this.report('creation', folder, change.name, maker, this.backend.source, stat);
  }

  private touched(folder: Folder, change: Change, maker: Attributed | undefined): void {
    const path = pathOf(folder.path, change.name);
    const waiting = this.held.get(path.toString('latin1'));
    if (waiting !== undefined && change.written && waiting.pid === change.pid) {
      this.release(path.toString('latin1'), waiting);
      return;
    }
    const stat = lookAt(path);
    const known = folder.entries.get(nameKey(change.name));
    if (stat === undefined || (known?.inode === stat.ino && known.changed === stat.ctimeNs)) return;
    // What happens while a creation waits is part of it.
    if (waiting !== undefined) return;
    folder.entries.set(nameKey(change.name), { inode: stat.ino, changed: stat.ctimeNs });
    this.report('modification', folder, change.name, maker ?? this.holder(folder, change), this.backend.source, stat);
  }

  private removed(folder: Folder, name: Buffer, by: Attributed): void {
    const path = pathOf(folder.path, name).toString('latin1');
    const waiting = this.held.get(path);
    if (waiting !== undefined) this.release(path, waiting);
    // Not known: a comparison has told of it already.
    if (!folder.entries.has(nameKey(name))) return;
    const again = lookAt(pathOf(folder.path, name));
    // Something new has the name by now; its own event follows.
    if (again === undefined || again.ino !== folder.entries.get(nameKey(name))?.inode) {
      folder.entries.delete(nameKey(name));
      this.report('deletion', folder, name, by, this.backend.source, undefined);
    }
  }

  private movedIn(folder: Folder, change: Change, by: Attributed): void {
    const stat = lookAt(pathOf(folder.path, change.name));
    const known = folder.entries.get(nameKey(change.name));
    const from = change.from === undefined ? undefined : { folder: this.tree.folder(change.from.directory), path: this.tree.pathOf(change.from.directory), name: change.from.name };
    if (from?.folder !== undefined) this.leave(from.folder, from.name);
    if (stat !== undefined && known?.inode === stat.ino && known.changed === stat.ctimeNs) return;
    folder.entries.set(nameKey(change.name), { inode: stat?.ino ?? 0n, changed: stat?.ctimeNs ?? 0n });
    const original = from?.path === undefined ? undefined : { folder: from.path, name: from.name };
    this.report('rename', folder, change.name, by, this.backend.source, stat, original);
  }

  /** The old name of a rename: gone, unless two names were exchanged. */
  private leave(folder: Folder, name: Buffer): void {
    const path = pathOf(folder.path, name);
    const waiting = this.held.get(path.toString('latin1'));
    if (waiting !== undefined) this.release(path.toString('latin1'), waiting);
    if (lookAt(path) === undefined) folder.entries.delete(nameKey(name));
  }

  private found(refreshed: Refreshed, by: Attributed): void {
    for (const folder of refreshed.gone) this.differences(folder, new Map(), by);
    for (const folder of refreshed.appeared) {
      const now = folder.entries;
      folder.entries = new Map();
      this.differences(folder, now, by);
    }
    for (const { folder, now } of refreshed.known) this.differences(folder, now, unknown('found by comparing: no event told of it'));
  }

  private differences(folder: Folder, now: Entries, by: Attributed): void {
    for (const { name, action } of compare(folder.entries, now)) {
      const bytes = Buffer.from(name, 'latin1');
      const path = pathOf(folder.path, bytes);
      if (this.held.has(path.toString('latin1'))) continue;
      const stat = lookAt(path);
      const signature = now.get(name);
      if (signature === undefined) folder.entries.delete(name);
      else folder.entries.set(name, signature);
      this.report(action, folder, bytes, by, 'scan', action === 'deletion' ? undefined : stat);
    }
  }

  private holder(folder: Folder, change: Change): Attributed {
    if (this.backend.namesProcesses || change.deleted || change.movedOut) return unknown(UNNAMED);
    this.openFiles ??= openFiles();
    return attributeHolder(pathOf(folder.path, change.name).toString('utf8'), this.openFiles, () => this.database().users);
  }

  private hold(held: Held): void {
    this.held.set(pathOf(held.folder.path, held.name).toString('latin1'), held);
    this.holdTimer ??= setTimeout(() => this.guarded(() => this.releaseHeld()), HOLD_MS);
  }

  private releaseHeld(): void {
    this.holdTimer = undefined;
    for (const [path, held] of this.held) this.release(path, held);
    this.emit();
  }

  private release(path: string, { folder, name, by }: Held): void {
    this.held.delete(path);
    const stat = lookAt(pathOf(folder.path, name));
    if (stat !== undefined) folder.entries.set(nameKey(name), { inode: stat.ino, changed: stat.ctimeNs });
    this.report('creation', folder, name, by, this.backend.source, stat);
  }

  private report(action: FileAction, folder: Folder, name: Buffer, by: Attributed, source: EventSource, stat: Seen['stat'], original?: Seen['original']): void {
    const place = { directory: folder.directory, folder: folder.path, relative: folder.relative, name };
    // A shell that ends with `rm FILE` becomes rm: of removals and edits a guess says less. A creation keeps it, or no rule would judge it.
    const maker = by.isGuess === true && action !== 'creation' && action !== 'rename' ? withoutProgram(by) : by;
    const seen: Seen = { place, action, by: maker, source, ...(stat === undefined ? {} : { stat }), ...(original === undefined ? {} : { original }) };
    this.events.push(documentOf(seen, { host: this.options.host, now: Date.now(), ...this.database() }));
  }

  private emit(): void {
    const events = this.events;
    this.events = [];
    this.userCache = undefined;
    this.openFiles = undefined;
    for (const [pid, { at }] of this.remembered) if (performance.now() - at > REMEMBER_MS) this.remembered.delete(pid);
    if (events.length > 0) this.options.onEvents(events);
  }

  /** Users and groups, read once a batch. */
  private database(): { users: PasswdEntry[]; groups: GroupEntry[] } {
    this.userCache ??= { users: tolerant(readUsers), groups: tolerant(readGroups) };
    return this.userCache;
  }
}

function nameKey(name: Buffer): string {
  return name.toString('latin1');
}

function withoutProgram(by: Attributed): Attributed {
  const { pid, start, parent, user, group } = by.process ?? { pid: 0 };
  const process = { pid, ...(start === undefined ? {} : { start }), ...(parent === undefined ? {} : { parent }), ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) };
  return { ...by, process, note: 'the process had ended, and its program was not read in time' };
}

function tooYoung(by: Attributed, changedMs: bigint | undefined): boolean {
  return by.startedMs !== undefined && changedMs !== undefined && by.startedMs > Number(changedMs) + START_TOLERANCE_MS;
}

function tolerant<Entry>(read: () => Entry[]): Entry[] {
  try {
    return read();
  } catch {
    return [];
  }
}

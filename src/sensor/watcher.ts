/** Drives the sensor: what the backend reports is queued, worked off in order and in slices, and given away as events. */
import { Accounts } from '../host/accounts.ts';
import type { Place } from '../host/directories.ts';
import { readMountInfo } from '../host/mounts.ts';
import { unknown } from './attributed.ts';
import { Attributor } from './attribution.ts';
import type { Backend, Batch, Change, Gone } from './backend.ts';
import { Backlog } from './backlog.ts';
import type { Images } from './bpf/images.ts';
import type { Comparison, Discovery } from './comparison.ts';
import { documentOf, type Seen } from './document.ts';
import { ControlGroups, type Handles } from './filesystems.ts';
import type { Found } from './found.ts';
import { Guard } from './guard.ts';
import type { SensorOptions } from './index.ts';
import { HOLD_MS, Ledger } from './ledger.ts';
import { Makers } from './makers.ts';
import { Naming } from './naming.ts';
import { OtherNames } from './other-names.ts';
import { Outbox } from './outbox.ts';
import { COMPARED, Survey } from './survey.ts';
import { Tree } from './tree.ts';

/** Changes worked off before the kernel's queue is emptied again. */
const SLICE = 256;

/** With more changes waiting the content of files is not read, so that none is lost. */
const MANY = 1_024;

/** Changes that wait in memory, at most some MB; more of them wait in the kernel. */
const MOST_QUEUED = 131_072;

/** How long events may keep the event loop from other work, in ms. */
const MOST_BUSY_MS = 20;

/** How often the log is read when nothing wakes us: it has the programs that ran meanwhile. Milliseconds. */
const DRAIN_MS = 500;

const APPEARED = 'found when its directory appeared or went: the process is the one that made or moved the directory';

type Item = Change | Gone | Comparison | Discovery;

const NOTHING: readonly Found[] = [];

export class Watcher {
  readonly tree: Tree;
  private readonly options: SensorOptions;
  private readonly backend: Backend;
  private readonly guard: Guard;
  private readonly accounts = new Accounts();
  private readonly makers: Makers;
  private readonly ledger: Ledger;
  private readonly queue = new Backlog<Exclude<Item, Change>>();
  /** Names in all comparisons that wait. */
  private comparing = 0;
  private overflowed = false;
  private usersChanged = false;
  private readonly outbox: Outbox;
  private holdTimer: NodeJS.Timeout | undefined;
  private drainTimer: NodeJS.Timeout | undefined;
  private next: NodeJS.Immediate | undefined;
  private isWorking = false;
  private readonly naming: Naming;
  private readonly survey: Survey;
  private readonly otherNames: OtherNames;

  constructor(backend: Backend, images: Images | undefined, handles: Handles, options: SensorOptions) {
    this.backend = backend;
    this.guard = new Guard(options.onNotice);
    this.options = options;
    this.outbox = new Outbox(options.onEvents);
    this.accounts.refresh();
    this.tree = new Tree(backend, this.places());
    this.otherNames = new OtherNames({ backend, folders: () => this.tree.folders, compare: () => this.survey.soon(), guarded: this.guard.run });
    const attributor = new Attributor({ ...(images === undefined ? {} : { images }), ...(backend.execLog === undefined ? {} : { log: backend.execLog }), handles, groups: new ControlGroups(readMountInfo()), accounts: this.accounts });
    this.makers = new Makers({ backend, attributor, pathOfFolder: (key) => this.tree.folder(key)?.path, since: (path, key) => this.tree.since(path, key) });
    this.ledger = new Ledger({ source: backend.source, report: (seen) => this.report(seen), remember: this.outbox.know, folderOf: (key) => this.tree.folder(key), pathOf: (key) => this.tree.pathOf(key), fillerOf: this.makers.fillerOf, guarded: this.guard.run });
    this.naming = new Naming({ keepsMakers: images !== undefined, change: (change, led) => this.queueChange(change, led), gone: (gone) => this.queueNamed(gone), overflowed: () => void (this.overflowed = true), drain: () => backend.drain(), done: () => this.begin(), guarded: this.guard.run });
    this.survey = new Survey({ tree: this.tree, ledger: this.ledger, places: () => this.places(), later: (item) => this.later(item), know: this.outbox.know, looked: () => this.otherNames.markSoon(), goOn: (work) => setImmediate(() => this.guardedly(work)) });
  }

  /** What is there at the start is the baseline, not news. */
  start(): void {
    this.backend.start({
      mayTake: () => this.queue.length + this.naming.waiting < MOST_QUEUED,
      hurry: (directory, name) => this.guard.run(() => this.tree.hurry(directory, name)),
      take: (batch) => this.take(batch),
    });
    this.survey.first(this.options.baseline?.());
    this.outbox.emit();
    this.drainTimer = setInterval(() => this.guard.run(() => this.backend.drain()), DRAIN_MS);
  }

  /** Resolves when everything was looked at, or after so many ms: the rest follows. */
  async ready(limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while (!this.tree.isDone && performance.now() < end) await new Promise<void>((resolve) => setImmediate(resolve));
    // Until now it is asked what cannot be seen.
    this.tree.rooms.onFull = (message) => this.options.onNotice({ level: 'warn', message });
  }

  /** Compares what is known with what is there. */
  rescan(): void {
    this.guardedly(() => {
      if (this.accounts.refresh()) this.usersChanged = true;
      if (!this.lookForUsers()) this.survey.byTheWay();
    });
  }

  /** Programs of a new file system are to be logged from their first on. */
  programsChanged(): void {
    this.guard.run(() => this.makers.mountsChanged());
    this.guard.run(() => this.backend.mountsChanged());
  }

  mountsChanged(): void {
    this.guardedly(() => this.survey.again());
  }

  stop(): void {
    this.guard.run(() => {
      this.backend.drain();
      this.naming.all();
      while (this.queue.length > 0) this.slice();
      this.ledger.releaseAll();
      this.outbox.emit();
    });
    this.guard.stop();
    clearTimeout(this.holdTimer);
    this.naming.stop();
    clearInterval(this.drainTimer);
    this.otherNames.stop();
    clearImmediate(this.next);
    this.backend.close();
    this.makers.close();
  }

  private places(): Place {
    return this.options.places(this.accounts.users);
  }

  /** For what finds events. */
  private guardedly(work: () => void): void {
    this.guard.run(() => {
      work();
      this.outbox.emit();
    });
  }

  private take(batch: Batch): void {
    // All that is lost has happened: what is looked at after this is as it is now.
    if (batch.overflow) this.tree.lookedAtFromNow();
    this.tree.moved(batch.overflow ? undefined : batch.gone.map(({ directory }) => directory));
    // Directories first: until a new one is marked, nothing is told of what happens in it.
    this.naming.add({ batch, led: this.lead(batch.changes) });
  }

  /** What the new directories, and links, of these lead to. */
  private lead(changes: readonly Change[]): Map<Change, readonly Found[]> {
    const led = new Map<Change, readonly Found[]>();
    for (const change of changes) if (change.isDirectory || this.tree.folder(change.directory) === undefined) {
      const found = this.followed(change);
      if (found.length > 0) led.set(change, found);
    }
    return led;
  }

  /** One that was read, in its turn to be named. */
  private queueChange(read: Change, led: readonly Found[]): void {
    const change = this.matters(read) ? read : this.otherNames.ofUnit(read);
    if (change === undefined) return;
    if (!change.isDirectory) this.ledger.announce(change);
    this.queueNamed(change);
    for (const found of led) this.queue.push({ found, by: this.makers.inferred(change, APPEARED) });
  }

  private queueNamed(item: Change | Gone): void {
    this.guard.runAt(this.makers.name, item);
    this.queue.push(item);
  }

  private begin(): void {
    if (!this.isWorking) this.guard.run(() => this.work());
  }

  /** In a home many files come and go that lead nowhere. */
  private matters({ directory, name, from }: Change): boolean {
    return this.tree.folder(directory) !== undefined || this.tree.leads(directory, name) || (from !== undefined && (this.tree.folder(from.directory) !== undefined || this.tree.leads(from.directory, from.name)));
  }

  /** Slices until nothing waits, reading the kernel's queue between them so that it never fills; then makes room for other work. */
  private work(): void {
    const started = performance.now();
    this.isWorking = true;
    try {
      do {
        this.guard.run(() => this.slice());
        // Storing takes longer than whoever made a directory takes to its first file: the directory is marked before.
        this.backend.drain();
        this.outbox.emit();
        this.backend.drain();
      } while (this.queue.length > 0 && performance.now() - started < MOST_BUSY_MS);
    } finally {
      this.isWorking = false;
    }
    if (this.queue.length > 0) this.next ??= setImmediate(() => this.goOn());
    else {
      // Of what was read and is yet to be named, the next time.
      if (this.naming.waiting === 0) this.guardedly(() => this.settle());
      this.lookForUsers();
      if (this.overflowed) this.recover();
    }
    if (this.ledger.isHolding) this.holdTimer ??= setTimeout(() => this.releaseHeld(), HOLD_MS);
  }

  /** All that happened before this moment is told. */
  private settle(): void {
    this.ledger.settle();
    this.survey.found(this.tree.forgetLeft(), unknown(COMPARED));
  }

  /** Users came or went: not before the look that is going on is over. Whether it was begun. */
  private lookForUsers(): boolean {
    if (!this.usersChanged || !this.tree.isDone) return false;
    this.usersChanged = false;
    this.survey.again();
    return true;
  }

  private goOn(): void {
    this.next = undefined;
    this.guard.run(() => this.work());
  }

  private slice(): void {
    if (this.accounts.refresh()) this.usersChanged = true;
    // Each for itself: whoever makes one of them fail must not take the next with it.
    for (const item of this.queue.take(SLICE)) this.guard.runAt(this.workOff, item);
    this.makers.lookAgain();
  }

  private readonly workOff = (item: Item): void => {
    if ('did' in item) this.change(item);
    else if ('found' in item) this.survey.found(item.found, item.by, item.before);
    else if ('names' in item) this.compare(item);
    else this.survey.found(this.tree.gone(item.directory), this.makers.inferred(item, 'the directory was removed or renamed by this process'));
  };

  /** Of many names some, and the rest in its turn: what the kernel has to say meanwhile is not kept waiting. */
  private compare({ folder, names, by }: Comparison): void {
    // Gone meanwhile, with a word on all that was known to be in it.
    const isThere = folder.left === undefined;
    const now = isThere ? names.splice(-SLICE) : names.splice(0);
    this.comparing -= now.length;
    if (isThere) this.ledger.compare(folder, now, by);
    if (names.length > 0) this.queue.push({ folder, names, by });
  }

  private recover(): void {
    this.overflowed = false;
    this.options.onNotice({ level: 'warn', message: 'the kernel dropped events (its queue was full): comparing the directories instead' });
    this.makers.forget();
    this.survey.again('found by comparing after the kernel dropped events');
    this.outbox.emit();
  }

  private change(change: Change): void {
    const folder = this.tree.folder(change.directory);
    if (!change.isDirectory) this.ledger.take(change, folder, this.makers.who);
    // A link in a folder may lead to one as well.
    if (folder !== undefined && !change.isDirectory) for (const found of this.followed(change)) this.survey.found(found, this.makers.inferred(change, APPEARED));
  }

  /** Folders, and links that may lead to one, bring or take unit files with them. */
  private followed(change: Change): readonly Found[] {
    const to = this.tree.changed(change.directory, change.name);
    const from = change.from === undefined ? undefined : this.tree.changed(change.from.directory, change.from.name);
    return to === undefined && from === undefined ? NOTHING : [to, from].filter((found) => found !== undefined);
  }

  /** What the kernel has to say of it comes first: its word is better, and it knows who it was. */
  private later(item: Comparison | Discovery): void {
    this.backend.drain();
    if ('names' in item) this.comparing += item.names.length;
    this.queue.push(item);
    if (!this.isWorking) this.work();
  }

  private releaseHeld(): void {
    this.holdTimer = undefined;
    this.guardedly(() => this.ledger.releaseAll());
  }

  private report(seen: Seen): string | undefined {
    const event = documentOf(seen, { host: this.options.host, now: Date.now(), accounts: this.accounts, contents: this.queue.length + this.comparing < MANY });
    this.outbox.tell(event);
    return event.file.hash?.sha256;
  }
}

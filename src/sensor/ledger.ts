/**
 * What is in every watched folder, and each change of it told once: a change that the kernel reports and one that a comparison finds meet here, and whichever
 * comes second says nothing.
 */
import type { KnownFile, Signature } from '../model/baseline.ts';
import { NOBODY, type Entries, type Kept } from '../model/entries.ts';
import type { EventSource, FileAction } from '../model/event.ts';
import type { Attributed } from './attributed.ts';
import { Did, type Change } from './backend.ts';
import { lookAt, pathOf, type Seen } from './document.ts';
import { asSeen, doubtOf } from './doubt.ts';
import { Replaced } from './replaced.ts';
import { differenceOf, isSame, isWhiteout, signatureOf } from './same.ts';
import type { Folder } from './marks.ts';
import { ToldContents } from './told-contents.ts';

/** A file that is being written waits this long for its writer to close it, so that one event has its content. Milliseconds. */
export const HOLD_MS = 25;

type Stat = NonNullable<Seen['stat']>;

/** Files whose content is remembered. */
/** What the kernel merged is a file that was removed and one that was made, in either order. */
const REMADE = Did.CREATED | Did.DELETED;

/** A change whose file is still being written. */
interface Held extends Signature {
  action: 'creation' | 'modification';
  folder: Folder;
  name: string;
  pid: number;
  by: Attributed;
}

/** `stat`: of what is there now. */
interface Difference {
  action: FileAction;
  stat?: Stat;
}

export interface LedgerOptions {
  source: EventSource;
  /** Gives the hash of the content, where it was read. */
  report: (seen: Seen) => string | undefined;
  /** Told of every entry that is known anew or differently, and of those that are gone. */
  remember: (known: KnownFile) => void;
  folderOf: (key: string) => Folder | undefined;
  pathOf: (key: string) => string | undefined;
  /** Who made all that appeared under these names in a folder and looked so; where that is known. */
  fillerOf: (folder: Folder, seen: ReadonlyMap<string, Stat>) => Attributed | undefined;
  /** One file that fails keeps none of the others from being told of. */
  guarded: (work: () => void) => void;
}

/** Who did it, at the first or the last of several things that the kernel merged into one change. */
export type Who = (change: Change, stat: Stat | undefined, orLater?: boolean) => Attributed;

export class Ledger {
  private readonly options: LedgerOptions;
  private readonly held = new Map<string, Held>();
  /** Of those that are still queued. */
  private readonly replaced = new Replaced();
  /** When a comparison told of an entry, in ns of CLOCK_MONOTONIC: the kernel's own word of it may still be queued. */
  private readonly compared = new Map<string, bigint>();
  private readonly contents = new ToldContents();

  constructor(options: LedgerOptions) {
    this.options = options;
  }

  /** Looks at changes before their turn comes. */
  announce(change: Change): void {
    this.replaced.announce(change);
  }

  get isHolding(): boolean {
    return this.held.size > 0;
  }

  /** A change of an entry of a folder, or of one that came from or went to a folder. */
  take(change: Change, folder: Folder | undefined, who: Who): void {
    const { did, from } = change;
    this.replaced.arrived(change);
    if (folder === undefined) {
      const origin = from === undefined ? undefined : this.options.folderOf(from.directory);
      if (origin !== undefined && from !== undefined) {
        this.removed(origin, from.name, () => who(change, undefined));
        this.leftBehind(origin, from.name, change, who);
      }
      return;
    }
    if ((did & Did.MOVED_IN) !== 0) this.movedIn(folder, change, who);
    else if ((did & Did.MOVED_OUT) !== 0) this.removed(folder, change.name, () => who(change, undefined));
    else {
      const isOne = (did & (did - 1)) === 0;
      const wasThere = (did & REMADE) === REMADE && folder.entries.has(change.name);
      // What else was done to it by then is in what is told of its creation.
      const isTold = (did & Did.CREATED) !== 0 && this.created(folder, change, who, wasThere);
      if (!isTold && (did & (Did.WRITTEN | Did.CLOSED | Did.ATTRIBUTES)) !== 0) this.touched(folder, change, who);
      // Who removed the one that was made in the place of another, a later change says.
      const isLeft = isTold && wasThere && this.replaced.has(change);
      if ((did & Did.DELETED) !== 0 && !isLeft) this.removed(folder, change.name, () => who(change, undefined, !isOne));
    }
  }

  /** False where a comparison had told of it. `wasThere`: one of this name was removed before. */
  private created(folder: Folder, change: Change, who: Who, wasThere: boolean): boolean {
    const stat = this.replaced.has(change) ? undefined : look(folder, change.name);
    if (this.isTold(folder, change, stat)) return false;
    if (wasThere) this.removed(folder, change.name, () => who(change, undefined, true));
    const isNew = this.set(folder, change.name, signatureOf(stat), change.pid) !== 'known' && !wasThere;
    // What was merged into one stands at the place of the first: that is not its making where there was one of this name already, or one was removed and this is another.
    const isLater = !isNew || (stat !== undefined && (change.did & REMADE) === REMADE);
    const by = who(change, stat, change.did !== Did.CREATED && isLater);
    const waits = (change.did & (Did.CLOSED | Did.DELETED)) === 0 && stat?.isFile() === true && stat.nlink === 1n;
    if (waits) this.held.set(heldKey(folder, change.name), { action: 'creation', folder, name: change.name, inode: stat.ino, changed: stat.ctimeNs, pid: change.pid, by });
    else this.report('creation', folder, change.name, by, stat);
    return true;
  }

  private touched(folder: Folder, change: Change, who: Who): void {
    const waiting = this.heldOf(folder, change.name);
    if (waiting !== undefined) {
      // What the same process does while it waits is part of it.
      const isPart = waiting.pid === change.pid;
      if (!isPart || (change.did & Did.CLOSED) !== 0) this.release(waiting);
      if (isPart) return;
    }
    const stat = look(folder, change.name);
    let known = folder.entries.get(change.name);
    if (stat === undefined) return;
    if (known?.inode === stat.ino && known.changed === stat.ctimeNs && !this.isAnothers(folder, change) && ((change.did & Did.CLOSED) === 0 || !this.contents.isRewritten(heldKey(folder, change.name), pathOf(folder.path, change.name), stat))) return;
    // One for which there was no room has been told of.
    if (folder.entries.isPartial) known ??= signatureOf(stat);
    const filler = known === undefined ? this.options.fillerOf(folder, new Map([[change.name, stat]])) : undefined;
    const isMakers = filler?.process?.pid === change.pid;
    if (filler !== undefined && !isMakers) {
      known = signatureOf(stat);
      this.set(folder, change.name, known, filler.process?.pid);
      this.report('creation', folder, change.name, filler, stat);
    }
    // It was made before its folder was watched: the first that is told of it is that it is there.
    const action = known === undefined ? 'creation' : 'modification';
    const by = filler !== undefined && isMakers ? filler : asSeen(who(change, stat), doubtOf(change, known));
    if ((change.did & (Did.WRITTEN | Did.CLOSED)) === Did.WRITTEN) {
      this.held.set(heldKey(folder, change.name), { action, folder, name: change.name, inode: stat.ino, changed: stat.ctimeNs, pid: change.pid, by });
      return;
    }
    this.set(folder, change.name, signatureOf(stat), change.pid);
    this.report(action, folder, change.name, by, stat);
  }

  /** What was told of last may have the state in it that another process had left by then: its own change is told all the same, once. */
  private isAnothers(folder: Folder, { did, name, pid }: Change): boolean {
    if ((did & (Did.WRITTEN | Did.ATTRIBUTES)) === 0) return false;
    const teller = folder.entries.teller(name);
    return teller !== NOBODY && teller !== pid;
  }

  private removed(folder: Folder, name: string, by: () => Attributed): void {
    this.releaseOne(folder, name);
    const { entries } = folder;
    const known = entries.get(name);
    const stat = known !== undefined || entries.isPartial ? look(folder, name) : undefined;
    // Not known: a comparison has told of it already, where all are known. The same file is there: something new follows with its own event.
    if (known === undefined ? !entries.isPartial || stat !== undefined : isSame(known, stat)) return;
    this.set(folder, name, undefined);
    this.report('deletion', folder, name, by(), undefined);
  }

  private movedIn(folder: Folder, change: Change, who: Who): void {
    const stat = look(folder, change.name);
    const { from } = change;
    const origin = from === undefined ? undefined : this.options.folderOf(from.directory);
    if (origin !== undefined && from !== undefined) this.leave(origin, from.name);
    this.releaseOne(folder, change.name);
    if (this.isTold(folder, change, stat)) return;
    const by = who(change, stat);
    this.set(folder, change.name, signatureOf(stat), change.pid);
    const fromPath = from === undefined ? undefined : this.options.pathOf(from.directory);
    this.report('rename', folder, change.name, by, stat, from === undefined || fromPath === undefined ? undefined : { folder: fromPath, name: from.name });
    if (origin !== undefined && from !== undefined) this.leftBehind(origin, from.name, change, who);
  }

  /** In the place of what was renamed; no event of its own tells of it. */
  private leftBehind(folder: Folder, name: string, change: Change, who: Who): void {
    const stat = look(folder, name);
    if (stat === undefined || !isWhiteout(stat) || isSame(folder.entries.get(name), stat)) return;
    this.set(folder, name, signatureOf(stat), change.pid);
    this.report('creation', folder, name, who(change, undefined), stat);
  }

  /** The old name of a rename: gone, unless two names were exchanged. */
  private leave(folder: Folder, name: string): void {
    this.releaseOne(folder, name);
    if (folder.entries.has(name) && look(folder, name) === undefined) this.set(folder, name, undefined);
  }

  /** A comparison was faster than the kernel's queue. */
  private isTold(folder: Folder, { name, bracket }: Change, stat: Stat | undefined): boolean {
    if (this.compared.size === 0) return false;
    const at = this.compared.get(heldKey(folder, name));
    return at !== undefined && at > bracket.after && (stat === undefined || isSame(folder.entries.get(name), stat));
  }

  /** Names that differed in a folder a moment ago, and who is taken to have made the difference. What has become known since is no difference. */
  compare(folder: Folder, names: readonly string[], by: Attributed, now: 'there' | 'gone' = 'there'): void {
    const at = process.hrtime.bigint();
    const differences = new Map<string, Difference>();
    for (const name of names) this.options.guarded(() => {
      const found = this.differenceIn(folder, name, now);
      if (found !== undefined) differences.set(name, found);
    });
    const made = new Map([...differences].flatMap(([name, { action, stat }]) => (action === 'creation' && stat !== undefined ? [[name, stat]] : [])));
    const filler = made.size === 0 ? undefined : this.options.fillerOf(folder, made);
    for (const [name, { action, stat }] of differences) this.options.guarded(() => {
      const maker = action === 'creation' ? filler : undefined;
      this.set(folder, name, stat === undefined ? undefined : signatureOf(stat), maker?.process?.pid);
      this.compared.set(heldKey(folder, name), at);
      this.report(action, folder, name, maker ?? by, stat, undefined, 'scan');
    });
  }

  private differenceIn(folder: Folder, name: string, now: 'there' | 'gone'): Difference | undefined {
    if (now === 'gone') this.releaseOne(folder, name);
    else if (this.heldOf(folder, name) !== undefined) return undefined;
    const stat = now === 'there' ? look(folder, name) : undefined;
    const action = differenceOf(folder.entries.get(name), stat);
    return action === undefined ? undefined : { action, ...(action === 'deletion' || stat === undefined ? {} : { stat }) };
  }

  /** Nothing from before this moment is queued any more. */
  settle(): void {
    if (this.compared.size > 0) this.compared.clear();
  }

  /** What is there is known from now on, and no news. */
  accept(folder: Folder, known: Entries): void {
    for (const [name, signature] of known) this.set(folder, name, signature);
  }

  /** Of a folder for which there was no room: those of the names that are known. The others are from now on, where there is room for all of them. */
  adopt(folder: Folder, names: readonly string[]): string[] {
    const { entries } = folder;
    const [known, unknown] = [names.filter((name) => entries.has(name)), names.filter((name) => !entries.has(name))];
    for (const name of unknown) {
      const stat = entries.isFull ? undefined : look(folder, name);
      if (stat !== undefined && !stat.isDirectory()) this.set(folder, name, signatureOf(stat));
    }
    entries.lack(entries.isFull);
    return known;
  }

  releaseAll(): void {
    for (const held of this.held.values()) this.release(held);
  }

  private releaseOne(folder: Folder, name: string): void {
    const held = this.heldOf(folder, name);
    if (held !== undefined) this.release(held);
  }

  private heldOf(folder: Folder, name: string): Held | undefined {
    return this.held.size === 0 ? undefined : this.held.get(heldKey(folder, name));
  }

  private release(held: Held): void {
    const { action, folder, name, pid, by } = held;
    this.held.delete(heldKey(folder, name));
    const found = look(folder, name);
    // Another file may have its name by now; that one's own event follows.
    const stat = isSame(held, found) ? found : undefined;
    if (stat !== undefined) this.set(folder, name, signatureOf(stat), pid);
    this.report(action, folder, name, by, stat);
  }

  private set(folder: Folder, name: string, signature: Signature | undefined, teller: number = NOBODY): Kept {
    const kept = signature === undefined ? 'known' : folder.entries.set(name, signature, teller);
    if (signature === undefined) folder.entries.delete(name);
    if (kept !== 'left out') this.options.remember({ folder: folder.path, name, signature, isNew: kept === 'new' });
    return kept;
  }

  private report(action: FileAction, folder: Folder, name: string, by: Attributed, stat: Stat | undefined, original?: Seen['original'], source: EventSource = this.options.source): void {
    const hash = this.options.report({ folder, name, action, by, source, stat, original });
    if (hash !== undefined || !this.contents.isEmpty) this.contents.told(heldKey(folder, name), hash);
  }
}

/** What is at the path of a folder that left is nothing of it. */
function look(folder: Folder, name: string): Stat | undefined {
  return folder.left === undefined ? lookAt(pathOf(folder.path, name)) : undefined;
}

function heldKey(folder: Folder, name: string): string {
  return `${folder.path}\0${name}`;
}

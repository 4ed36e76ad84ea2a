/** Looks at all directories: for the first time, and anew when something may have escaped. As much at once as other work allows, the rest a little later. */
import type { Place } from '../host/directories.ts';
import { ALL_FOLDERS, type KnownEntry, type KnownFolders } from '../model/baseline.ts';
import { Entries } from '../model/entries.ts';
import { unknown, type Attributed } from './attributed.ts';
import { knownBefore, nothingBefore, olderThan, type BeforeOf, type Comparison, type Discovery } from './comparison.ts';
import type { Ledger } from './ledger.ts';
import { realTime, tick } from './libc.ts';
import { differing } from './scan.ts';
import type { Found } from './found.ts';
import type { Tree } from './tree.ts';

/** How long looking at directories may keep what the kernel tells waiting, in ms: of a new directory nothing is told until it is marked. */
const MOST_BUSY_MS = 1;

/** Looking at directories anew may take this share of the time: at all that may be there, and at those that are watched. */
const SHARE = { whole: 0.01, known: 0.05 };

export const COMPARED = 'found by comparing: no event told of it';

export interface SurveyOptions {
  tree: Tree;
  ledger: Ledger;
  places: () => Place;
  /** Its turn comes when what the kernel has to say by now was worked off. */
  later: (comparison: Comparison | Discovery) => void;
  know: (known: KnownEntry) => void;
  /** Each time that everything, or all that is watched, was looked at. */
  looked: () => void;
  /** Calls back when other work was done. */
  goOn: (work: () => void) => void;
}

export class Survey {
  private readonly options: SurveyOptions;
  private before: BeforeOf = nothingBefore;
  private why = COMPARED;
  private isFirst = true;
  /** What is to be done when everything was looked at for the first time. */
  private atEnd: (() => void) | undefined;
  private readonly whole = new Share(SHARE.whole);
  private readonly known = new Share(SHARE.known);

  constructor(options: SurveyOptions) {
    this.options = options;
  }

  /** What differs from what was known becomes events. Of what was never looked into before, what is there is no news. */
  first(known: KnownFolders | undefined): void {
    const isWhole = known?.has(ALL_FOLDERS) === true;
    this.atEnd = () => {
      if (known !== undefined) this.missing(known);
      if (!isWhole) this.options.know({ folder: ALL_FOLDERS, present: true });
    };
    const started = realTime() - tick();
    const before: BeforeOf = (folder, now) => {
      const entries = known?.get(folder.path);
      return entries === undefined && !isWhole ? olderThan(started, now) : knownBefore(entries);
    };
    this.begin(before, 'found at the start: it was changed while nobody watched');
  }

  /** What was not looked at for the first time yet is compared with what was known, as it would have been. */
  again(why: string = COMPARED): void {
    if (this.isFirst) this.begin(this.before, this.why);
    else this.begin(nothingBefore, why);
  }

  /** Now and then: everything, or what is watched, or nothing yet, as what it took the last time allows. */
  byTheWay(): void {
    const { tree } = this.options;
    if (!tree.isDone || tree.isRereading) return;
    if (this.whole.isDue) this.again();
    else if (this.known.isDue) {
      this.known.reset();
      this.nextKnown();
    }
  }

  /** When what was read by now is worked off. */
  soon(): void {
    this.options.goOn(() => this.byTheWay());
  }

  private nextKnown(): void {
    const { tree, goOn } = this.options;
    this.known.spend(() => this.foundByTheWay(tree.reread(busy()), COMPARED, nothingBefore));
    if (tree.isRereading) goOn(() => this.nextKnown());
    else this.options.looked();
  }

  /** What the tree found out about its folders, by the doing of someone. */
  found({ gone, appeared, known }: Found, by: Attributed, beforeOf: BeforeOf = nothingBefore): void {
    const { ledger, know } = this.options;
    for (const folder of gone) {
      ledger.compare(folder, [...folder.entries.names()], by, 'gone');
      know({ folder: folder.path, present: false });
      folder.left = 'told';
    }
    for (const { folder, now } of appeared) {
      know({ folder: folder.path, present: true });
      const before = beforeOf(folder, now);
      const names = differing(before, now);
      ledger.accept(folder, before);
      const isOld = before.isPartial && folder.entries.isPartial;
      if (isOld) folder.entries.lack(true);
      this.compareLater({ folder, names: isOld ? names.filter((name) => before.has(name)) : names, by });
    }
    for (const { folder, names } of known) this.compareLater({ folder, names: folder.entries.isPartial ? ledger.adopt(folder, names) : names, by: unknown(this.why) });
  }

  /** Of what went, the kernel may still have to say who took it away, and what was done in it before. */
  private foundByTheWay(found: Found, why: string, before: BeforeOf): void {
    if (found.gone.length > 0) this.options.later({ found, by: unknown(why), before });
    else this.found(found, unknown(why), before);
  }

  private compareLater(comparison: Comparison): void {
    if (comparison.names.length > 0) this.options.later(comparison);
  }

  private begin(before: BeforeOf, why: string): void {
    this.before = before;
    this.why = why;
    this.options.tree.revisit(this.options.places());
    this.whole.reset();
    this.next();
  }

  private next(): void {
    const { tree, goOn } = this.options;
    this.whole.spend(() => this.foundByTheWay(tree.work(busy()), this.why, this.before));
    if (!tree.isDone) {
      goOn(() => this.next());
      return;
    }
    this.atEnd?.();
    this.atEnd = undefined;
    this.isFirst = false;
    this.why = COMPARED;
    this.options.looked();
  }

  /** Folders that were known when nobody watched yet, and are not there. */
  private missing(known: KnownFolders): void {
    const { tree, ledger, know } = this.options;
    for (const [path, entries] of known) {
      if (path === ALL_FOLDERS || tree.isWatched(path)) continue;
      const folder = tree.folderAt(path);
      if (folder !== undefined) ledger.compare({ key: '', ...folder, entries: new Entries(entries) }, [...entries.names()], unknown(this.why), 'gone');
      know({ folder: path, present: false });
    }
  }
}

/** Says whether it is time for other work. */
function busy(): () => boolean {
  const end = performance.now() + MOST_BUSY_MS;
  return () => performance.now() > end;
}

/** When something is due again that may take its share of the time and no more. */
class Share {
  private readonly share: number;
  private endedAt = 0;
  private took = 0;

  constructor(share: number) {
    this.share = share;
  }

  get isDue(): boolean {
    return performance.now() - this.endedAt > this.took / this.share;
  }

  reset(): void {
    this.took = 0;
  }

  spend(work: () => void): void {
    const started = performance.now();
    work();
    this.endedAt = performance.now();
    this.took += this.endedAt - started;
  }
}

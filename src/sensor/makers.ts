/** Who made a change: as it was found out when it was read, or by what can be told of it now. */
import { unknown, type Attributed } from './attributed.ts';
import type { Attributor } from './attribution.ts';
import type { Backend, Change, Gone } from './backend.ts';
import { deedOf } from './deed.ts';
import { pathOf, type Seen } from './document.ts';
import { holderOf, openFiles } from './holders.ts';
import { readFacts } from './proc-facts.ts';

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

  /** Which files are open is asked for once for all that is worked off together. */
  lookAgain(): void {
    this.openFiles = undefined;
  }

  /** Nothing that was found out before holds any more. */
  forget(): void {
    this.options.attributor.forget();
  }
}

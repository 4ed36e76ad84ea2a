/** What looking at directories finds, and what it is compared with. */
import { Entries } from '../model/entries.ts';
import type { Attributed } from './attributed.ts';
import type { Folder } from './marks.ts';
import type { Found } from './found.ts';

/** What differed in a folder when it was looked at. */
export interface Comparison {
  folder: Folder;
  /** latin1 */
  names: string[];
  by: Attributed;
}

/** What looking at a directory found. */
export interface Discovery {
  found: Found;
  by: Attributed;
  before?: BeforeOf;
}

/** What a folder that is looked at for the first time is compared with. */
export type BeforeOf = (folder: Folder, now: Entries) => Entries;

/** All that is in a folder that appears is news. */
export function nothingBefore(): Entries {
  return new Entries();
}

/** What was not kept of a folder, for want of room, may be as old as what was. */
export function knownBefore(entries: Entries | undefined): Entries {
  const before = new Entries(entries);
  before.lack(entries !== undefined);
  return before;
}

/** Without a baseline, what was there before the start is no news; looking at every home may take a while. */
export function olderThan(started: bigint, now: Entries): Entries {
  return new Entries([...now].filter(([, { changed }]) => changed < started));
}

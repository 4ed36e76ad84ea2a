/** What looking at directories finds out of which are there. */
import type { Entries } from '../model/entries.ts';
import type { Folder } from './marks.ts';

/** What a visit found. */
export interface Found {
  /** Folders that were not watched before, with what is in them now. */
  readonly appeared: { folder: Folder; now: Entries }[];
  /** Folders watched before, with the names that differ from what was known. */
  readonly known: { folder: Folder; names: string[] }[];
  /** Folders that are not at their path any more. */
  readonly gone: Folder[];
}

/** Takes items out of a list in place. */
export function remove<Item>(items: Item[], isUnwanted: (item: Item) => boolean): void {
  const wanted = items.filter((item) => !isUnwanted(item));
  items.splice(0, items.length, ...wanted);
}

export function nothing(): Found {
  return { appeared: [], known: [], gone: [] };
}

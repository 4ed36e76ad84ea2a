/** What the watched directories held when they were last looked at: what a start, and whoever takes over, compares with. */
import type { Entries } from './entries.ts';

/** What identifies a file and the state it is in. */
export interface Signature {
  /** u64 */
  inode: bigint;
  /** Time of the last change of any kind (ctime), ns since the epoch, i64. */
  changed: bigint;
}

/** In the place of a folder: that all there were have been looked into once. Until then one that is not known need not be new. */
export const ALL_FOLDERS = '/';

/** By the folder's path. A folder that is in here was looked into, also when it held nothing. */
export type KnownFolders = Map<string, Entries>;

/** A file as it is now; without a signature it is gone. */
export interface KnownFile {
  folder: string;
  /** latin1 of the name's bytes */
  name: string;
  signature?: Signature | undefined;
  /** Nothing was known of it before. */
  isNew?: boolean;
}

/** A folder that is watched now, or is gone with all that was in it. */
export interface KnownFolder {
  folder: string;
  present: boolean;
}

/** A change of what is known, in the order things happened. A file makes its folder known. */
export type KnownEntry = KnownFile | KnownFolder;

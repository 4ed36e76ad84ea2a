/** What fanotify, inotify and comparing have in common for the rest of the sensor. */
import type { SensorSource } from '../model/event.ts';
import type { Attributed } from './attributed.ts';
import type { ExecLog } from './exec-log.ts';

/** When something happened at the earliest and at the latest, in ns of CLOCK_MONOTONIC (`process.hrtime.bigint()`). */
export interface Bracket {
  after: bigint;
  before: bigint;
}

/** What happened to a name; a change has several of them, because the kernel merges events of one process and one name and their order is lost then. */
export const Did = { CREATED: 1, WRITTEN: 2, CLOSED: 4, ATTRIBUTES: 8, DELETED: 16, MOVED_IN: 32, MOVED_OUT: 64 } as const;

/** Names are bytes, here as latin1 text: a character a byte. */
export interface Change {
  /** Key of the directory as `mark` gave it. */
  directory: string;
  name: string;
  isDirectory: boolean;
  /** Bits of `Did`. */
  did: number;
  /** The other side of a rename into this name, where it is known. */
  from?: { directory: string; name: string };
  /** The path by which it was done, where that is another name of the file in a directory that is not watched; printable. */
  otherName?: string;
  /** 0 when the kernel does not say. */
  pid: number;
  /** Place in the kernel's queue: rises for ever. */
  position: number;
  bracket: Bracket;
  /** Found out when it was read; absent where that was not certain. */
  by?: Attributed;
}

export type Gone = Pick<Change, 'directory' | 'pid' | 'position' | 'bracket' | 'by'>;

export interface Batch {
  changes: Change[];
  /** The kernel's queue was full: what happened has to be found by comparing. */
  overflow: boolean;
  /** Marked directories that were deleted or renamed themselves. */
  gone: Gone[];
}

/** `contents`: everything that happens in the directory; `appearance`: that something appears, or that it goes itself; `self`: only the latter. */
export type Interest = 'contents' | 'appearance' | 'self';

export interface Receiver {
  mayTake(): boolean;
  /** A directory appeared under this name. Said as soon as it is read: nothing is told of what happens in it until it is marked. */
  hurry(directory: string, name: string): void;
  take(batch: Batch): void;
}

/** Says of the changes from `start` on which directories appeared. */
export function hurry(receiver: Receiver, changes: readonly Change[], start = 0): void {
  for (let index = start; index < changes.length; index++) {
    const change = changes[index];
    if (change?.isDirectory === true && (change.did & (Did.CREATED | Did.MOVED_IN)) !== 0) receiver.hurry(change.directory, change.name);
  }
}

/**
 * Whether a directory only has the key of another one that is marked: in two copies of one file system, both mounted, they have the same handles, and where the id of a
 * file system is made of its UUID (ext4 for one) the same of that.
 */
export type IsCopy = (key: string, directory: number, path: string) => boolean;

export interface Backend {
  readonly source: SensorSource;
  /** Whether the kernel says which process it was. */
  readonly namesProcesses: boolean;
  /** Directories of which it can tell what happens, but never who did it, where it can of others. */
  readonly nameless?: ReadonlySet<string>;
  /** Which programs processes opened to run them, in the order of the changes; where the kernel tells. */
  readonly execLog?: ExecLog;
  /** The directory behind an O_PATH descriptor of this path. Gives its key; throws a SystemError. Marking again widens the interest. */
  mark(directory: number, interest: Interest, path: string, isCopy: IsCopy): string;
  /** Tells of what is done to this very file by any name of it, as of an entry of the directory that has the name. Whether it can. */
  markFile?(path: string | Buffer): boolean;
  /** Calls `receiver`, whenever something waits and more may be taken; what is left waits in the kernel. */
  start(receiver: Receiver): void;
  /** Reads what waits now, nothing included. */
  drain(): void;
  /** Takes up file systems that were mounted since. */
  mountsChanged(): void;
  close(): void;
}

/** What fanotify and inotify have in common for the rest of the sensor. */
import type { EventSource } from '../model/event.ts';

/** What happened to one name in one directory. Flags, because the kernel merges events of one process and one name; their order is lost then. */
export interface Change {
  /** Key of the directory as `mark` gave it. */
  directory: string;
  name: Buffer;
  isDirectory: boolean;
  created: boolean;
  written: boolean;
  attributes: boolean;
  deleted: boolean;
  /** Renamed to or from this name; the other side is in `from` when it is marked too. */
  movedIn: boolean;
  movedOut: boolean;
  from?: { directory: string; name: Buffer };
  /** 0 when the kernel does not say. */
  pid: number;
}

export interface Batch {
  changes: Change[];
  /** The kernel's queue was full: what happened has to be found by comparing. */
  overflow: boolean;
  /** Keys of marked directories that were deleted or renamed themselves. */
  gone: string[];
}

/** `contents`: everything that happens in the directory; `appearance`: only that something appears. */
export type Interest = 'contents' | 'appearance';

export interface Backend {
  readonly source: EventSource;
  /** Whether the kernel says which process it was. */
  readonly namesProcesses: boolean;
  /** Follows links. Gives the key of the directory; throws a SystemError. Marking again widens the interest. */
  mark(path: string, interest: Interest): string;
  start(onBatch: (batch: Batch) => void): void;
  close(): void;
}

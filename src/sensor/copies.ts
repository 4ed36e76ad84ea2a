/** Directories on a copy of another file system that is mounted as well: the kernel's events have the same names for both. */
import { fstatSync, statSync } from 'node:fs';
import type { IsCopy } from './backend.ts';
import type { Marks } from './marks.ts';

export class Copies {
  private readonly marks: Marks;
  /** Keys by path: it stays one also when the other goes, for with its own key it would be another directory. */
  private readonly keys = new Map<string, string>();

  constructor(marks: Marks) {
    this.marks = marks;
  }

  readonly isCopy: IsCopy = (key, opened, path) => {
    if (this.keys.get(path) === key) return true;
    if (this.marks.keyAt(path) === key || !this.marks.waysOf(key).some((way) => isElsewhere(way.path, opened))) return false;
    this.keys.set(path, key);
    return true;
  };

  forget(path: string): void {
    this.keys.delete(path);
  }
}

/** Whether something is there, and on another file system than what is open. */
function isElsewhere(path: string, opened: number): boolean {
  try {
    return statSync(path).dev !== fstatSync(opened).dev;
  } catch {
    return false;
  }
}

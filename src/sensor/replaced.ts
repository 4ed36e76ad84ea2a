/** Names that a change which still waits leaves to others: what has the name now is not what an earlier change was about. */
import { Did, type Change } from './backend.ts';

/** Bits after which a name stands for something else, or for nothing. */
const REPLACED = Did.MOVED_IN | Did.MOVED_OUT | Did.DELETED;

const NONE: readonly string[] = [];

export class Replaced {
  private readonly names = new Map<string, number>();

  /** Looks at a change before its turn comes. */
  announce(change: Change): void {
    for (const key of replacedBy(change)) this.names.set(key, (this.names.get(key) ?? 0) + 1);
  }

  arrived(change: Change): void {
    if (this.names.size === 0) return;
    for (const key of replacedBy(change)) {
      const left = (this.names.get(key) ?? 1) - 1;
      if (left === 0) this.names.delete(key);
      else this.names.set(key, left);
    }
  }

  has(change: Change): boolean {
    return this.names.size > 0 && this.names.has(nameKey(change));
  }
}

function replacedBy(change: Change): readonly string[] {
  if ((change.did & REPLACED) === 0) return NONE;
  return change.from === undefined ? [nameKey(change)] : [nameKey(change), nameKey(change.from)];
}

function nameKey({ directory, name }: Pick<Change, 'directory' | 'name'>): string {
  return `${directory}\0${name}`;
}

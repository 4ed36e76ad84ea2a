/** Directories as they are, to compare with what was known: the baseline, the rescan, and the only way where no kernel tells us. */
import { readdirSync, statSync } from 'node:fs';
import type { Backend } from './backend.ts';
import { lookAt, pathOf } from './document.ts';

/** What identifies a file and the state it is in: inode, and the time of its last change of any kind in ns. */
export interface Signature {
  inode: bigint;
  changed: bigint;
}

/** Entries of one directory by their names' bytes as latin1. */
export type Entries = Map<string, Signature>;

/** More than any unit directory has; an attacker may link one to a directory of millions. */
const MOST_ENTRIES = 100_000;

/** Everything but plain folders. Throws the system error when the directory cannot be read. */
export function readEntries(folder: string): { entries: Entries; folders: Buffer[] } {
  const entries: Entries = new Map();
  const folders: Buffer[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (entries.size >= MOST_ENTRIES) break;
    const name = Buffer.from(entry.name);
    if (entry.isDirectory()) {
      folders.push(name);
      continue;
    }
    if (entry.isSymbolicLink()) folders.push(name);
    const stat = lookAt(pathOf(folder, name));
    if (stat !== undefined) entries.set(name.toString('latin1'), { inode: stat.ino, changed: stat.ctimeNs });
  }
  return { entries, folders };
}

export interface Difference {
  name: string;
  action: 'creation' | 'modification' | 'deletion';
}

export function compare(before: Entries, after: Entries): Difference[] {
  const differences: Difference[] = [];
  for (const name of before.keys()) if (!after.has(name)) differences.push({ name, action: 'deletion' });
  for (const [name, now] of after) {
    const then = before.get(name);
    if (then === undefined) differences.push({ name, action: 'creation' });
    else if (then.inode !== now.inode || then.changed !== now.changed) differences.push({ name, action: then.inode === now.inode ? 'modification' : 'creation' });
  }
  return differences;
}

/** No kernel events at all: only the rescan finds anything. */
export function openScan(): Backend {
  return {
    source: 'scan',
    namesProcesses: false,
    mark(path) {
      const stat = statSync(path, { bigint: true });
      if (!stat.isDirectory()) throw Object.assign(new Error(`${path} is no directory`), { code: 'ENOTDIR' });
      return `${stat.dev}:${stat.ino}`;
    },
    start: () => undefined,
    close: () => undefined,
  };
}

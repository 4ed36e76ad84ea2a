/** Directories as they are, to compare with what was known: the baseline, the rescan, and the only way where no kernel tells us. */
import { fstatSync, readdirSync } from 'node:fs';
import type { Entries } from '../model/baseline.ts';
import type { Backend } from './backend.ts';
import { lookAt, pathOf } from './document.ts';

/** More than any unit directory has; an attacker may link one to a directory of millions. */
const MOST_ENTRIES = 262_144;

/** Everything but plain folders, and the names of those and of links to them. Throws the system error when the directory cannot be read. */
export function readEntries(folder: string): { entries: Entries; folders: string[]; isCut: boolean } {
  const entries: Entries = new Map();
  const folders: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
    if (entries.size >= MOST_ENTRIES) return { entries, folders, isCut: true };
    const bytes = Buffer.from(entry.name);
    if (entry.isDirectory() || entry.isSymbolicLink()) folders.push(bytes.toString());
    if (entry.isDirectory()) continue;
    const name = bytes.toString('latin1');
    const stat = lookAt(pathOf(folder, name));
    if (stat !== undefined) entries.set(name, { inode: stat.ino, changed: stat.ctimeNs });
  }
  return { entries, folders, isCut: false };
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
    mark(directory) {
      const stat = fstatSync(directory, { bigint: true });
      return `${stat.dev}:${stat.ino}`;
    },
    start: () => undefined,
    drain: () => undefined,
    mountsChanged: () => undefined,
    close: () => undefined,
  };
}

/** Directories as they are, to compare with what was known: the baseline, the rescan, and the only way where no kernel tells us. */
import { fstatSync, opendirSync } from 'node:fs';
import { Entries } from '../model/entries.ts';
import type { Backend } from './backend.ts';
import { lookAt, pathOf } from './document.ts';

/** Names that are looked through: more than any unit directory has; an attacker may link one to a directory of millions. */
const MOST_NAMES = 300_000;

/** Names read at a time: Node's list of all of a folder's takes 1 KB a name, a folder of 200,000 files 200 MB. */
const AT_ONCE = 512;

/** What of a folder is wanted. */
export interface Wanted {
  /** Whether a folder in it counts. */
  leads: (name: string) => boolean;
  /** Files, and folders, of which there may be more. */
  most: { names: number; directories: number };
}

/** What a folder holds, but for plain folders. */
export interface Contents {
  entries: Entries;
  /** Names of folders, and of links that may lead to one. */
  folders: string[];
  /** There are more of them. */
  cut: { names: boolean; directories: boolean };
}

/** Throws the system error when the directory cannot be read. */
export function readEntries(folder: string, wanted: Wanted): Contents {
  const entries = new Entries();
  const found = look(folder, wanted, (name) => {
    if (entries.size >= wanted.most.names) return false;
    const stat = lookAt(pathOf(folder, name));
    if (stat !== undefined) entries.set(name, { inode: stat.ino, changed: stat.ctimeNs });
    return true;
  });
  return { entries, ...found };
}

/** The names that differ from what is known, without keeping the others; what is fresh is as it is known. Throws the system error when the directory cannot be read. */
export function readDifferences(folder: string, known: Entries, wanted: Wanted): Omit<Contents, 'entries'> & { names: string[] } {
  const names: string[] = [];
  let seen = 0;
  const found = lookOnce(folder, known, wanted, (name) => {
    const then = known.get(name);
    // What is new is looked at when it is told of.
    if (then === undefined && names.length >= wanted.most.names) return false;
    if (then !== undefined) {
      seen += 1;
      if (known.isFresh(name)) return true;
      const stat = lookAt(pathOf(folder, name));
      if (stat === undefined || (then.inode === stat.ino && then.changed === stat.ctimeNs)) return true;
    }
    names.push(name);
    return true;
  });
  return { names: seen === known.size ? names : [...names, ...missing(folder, known)], ...found };
}

/** What was fresh for this comparison is not for the next, also where the directory cannot be read. */
function lookOnce(folder: string, known: Entries, wanted: Wanted, take: (name: string) => boolean): Omit<Contents, 'entries'> {
  try {
    return look(folder, wanted, take);
  } finally {
    known.forgetFresh();
  }
}

/** `take` says whether there was room for a file. */
function look(folder: string, { leads, most }: Wanted, take: (name: string) => boolean): Omit<Contents, 'entries'> {
  const folders: string[] = [];
  const cut = { names: false, directories: false };
  let read = 0;
  for (const { name, isFolder, isPlain } of namesIn(folder)) {
    read += 1;
    if (read > MOST_NAMES) return { folders, cut: { ...cut, names: true } };
    if (isFolder && leads(textOf(name))) {
      if (folders.length < most.directories) folders.push(textOf(name));
      else cut.directories = true;
    }
    if (isPlain && !take(name)) cut.names = true;
  }
  return { folders, cut };
}

/** The known names that are not there: only where some are it is worth to look for each. */
function missing(folder: string, known: Entries): string[] {
  return [...known.names()].filter((name) => lookAt(pathOf(folder, name)) === undefined);
}

/** What is there now and was not before, is not any more, or is another or in another state. */
export function differing(before: Entries, after: Entries): string[] {
  const gone = [...before.names()].filter((name) => !after.has(name));
  const changed = [...after].filter(([name, now]) => {
    const then = before.get(name);
    return then === undefined || then.inode !== now.inode || then.changed !== now.changed;
  });
  return [...gone, ...changed.map(([name]) => name)];
}

function* namesIn(folder: string): Generator<{ name: string; isFolder: boolean; isPlain: boolean }> {
  const directory = opendirSync(folder, { encoding: 'buffer' as BufferEncoding, bufferSize: AT_ONCE });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      const isDirectory = entry.isDirectory();
      // Node gives bytes, as it was asked to, and its types say text.
      yield { name: (entry.name as unknown as Buffer).toString('latin1'), isFolder: isDirectory || entry.isSymbolicLink(), isPlain: !isDirectory };
    }
  } finally {
    directory.closeSync();
  }
}

function textOf(name: string): string {
  return Buffer.from(name, 'latin1').toString();
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

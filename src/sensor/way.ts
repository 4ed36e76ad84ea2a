/** Paths that lead to unit directories, step by step. */
import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { isUnitSubdirectory, placeIn, type Place, type UnitDirectory } from '../host/directories.ts';
import type { Interest } from './backend.ts';

/** One name of a marked directory: two paths may lead to it (/lib is a link to /usr/lib on most hosts). */
export interface Way {
  readonly path: string;
  readonly place: Place;
  /** Path of the home, or what /run has for a user, that it is in. */
  readonly users?: string;
  /** Set inside a unit directory. */
  readonly within?: { readonly directory: UnitDirectory; readonly relative: string };
}

/** Asking for more names one by one would cost more than listing the directory. */
export const MOST_ASKED = 32;

const NOWHERE: Place = { named: new Map() };

/** Whether what lies in it counts. */
export function isFolder(way: Way): boolean {
  return way.place.unit !== undefined || way.within !== undefined;
}

/** The way through a name in it; undefined where that leads nowhere. */
export function inside(way: Way, name: string): Way | undefined {
  const { unit } = way.place;
  const place = placeIn(way.place, name);
  const within = unit?.kind === 'units' && isUnitSubdirectory(name) ? { directory: { path: way.path, ...unit }, relative: name } : undefined;
  // Most names are those of files: nothing is made for them.
  if (place === undefined && within === undefined) return undefined;
  const path = `${way.path}/${name}`;
  const users = way.users ?? (place?.isUsers === true ? path : undefined);
  return { path, place: place ?? NOWHERE, ...(users === undefined ? {} : { users }), ...(within === undefined ? {} : { within }) };
}

/** Self is enough where all that is waited for is there, and is no link that could be led elsewhere. */
export function interestIn(way: Way): Interest {
  if (isFolder(way)) return 'contents';
  if (way.place.any !== undefined || way.place.named.size > MOST_ASKED) return 'appearance';
  return [...way.place.named.keys()].every((name) => isDirectory(`${way.path}/${name}`)) ? 'self' : 'appearance';
}

/** Names below that may be there. */
export function namesToVisit({ named, any }: Place, opened: number): string[] {
  if (any === undefined && named.size <= MOST_ASKED) return [...named.keys()];
  try {
    return readdirSync(`/proc/self/fd/${opened}`).filter((name) => named.has(name) || any?.form.test(name) === true);
  } catch {
    return [...named.keys()];
  }
}

export function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch {
    return false;
  }
}

/** Whether no link leads there. */
export function isReal(path: string): boolean {
  try {
    return realpathSync(path) === path;
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}

/** Where something would be written, and how much of it there is room for. */
import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';

/** What is not told is not counted by the file system: inodes that are made as needed, blocks of /proc and of some network. */
export interface Room {
  bytes?: number;
  inodes?: number;
}

/** The path itself, or the nearest directory above it that is there. */
export function existingOf(path: string): string {
  let at = path;
  while (!existsSync(at) && at !== '/') at = dirname(at);
  return at;
}

/** For us, where the path is or would be made. */
export function roomAt(path: string): Room {
  const { bavail, bsize, blocks, files, ffree } = statfsSync(existingOf(path));
  return { ...(blocks > 0 ? { bytes: bavail * bsize } : {}), ...(files > 0 ? { inodes: ffree } : {}) };
}

/** Every file in the unit directories and in the folders of units inside them, with its times. */
import { lstatSync, type Stats } from 'node:fs';
import { bytesOfText } from '../model/text.ts';
import { isUnitSubdirectory, type UnitDirectory } from './directories.ts';
import { namesOrNone } from './names.ts';

export interface UnitFile {
  /** In the form of `textOfBytes`. */
  path: string;
  stat: Stats;
}

/** More than any host has; a hundred thousand take a second. */
const MOST = 50_000;

/** Links are not followed; `cut` says that there are more. */
export function unitFiles(directories: readonly UnitDirectory[]): { files: UnitFile[]; cut: boolean } {
  const files: UnitFile[] = [];
  const seen = new Set<string>();
  for (const { path } of directories) {
    const real = lookAt(`${path}/`);
    // /lib is a link to /usr/lib on most hosts, and the same directory.
    if (real === undefined || seen.has(`${real.dev}:${real.ino}`)) continue;
    seen.add(`${real.dev}:${real.ino}`);
    for (const name of namesOrNone(`${path}/`)) {
      const stat = lookAt(`${path}/${name}`);
      if (stat === undefined) continue;
      if (!stat.isDirectory()) files.push({ path: `${path}/${name}`, stat });
      else if (isUnitSubdirectory(name)) for (const inner of namesOrNone(`${path}/${name}/`)) add(files, `${path}/${name}/${inner}`);
      if (files.length >= MOST) return { files: files.slice(0, MOST), cut: true };
    }
  }
  return { files, cut: false };
}

function add(files: UnitFile[], path: string): void {
  const stat = files.length < MOST ? lookAt(path) : undefined;
  if (stat !== undefined && !stat.isDirectory()) files.push({ path, stat });
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(bytesOfText(path));
  } catch {
    return undefined;
  }
}

/** Hard links of what is taken away: they stay, and someone should know where they are. */
import type { UnitDirectory } from '../host/directories.ts';
import { lookAt, sameInode } from '../host/files.ts';
import { pathIn, show, toBytes } from '../host/paths.ts';
import { textOfBytes } from '../model/text.ts';
import { isSameEntry } from './removal-place.ts';
import { entriesOf, forEachDirectory, type UnitFile } from './unit-files.ts';

/** One text for each file that has more names than the ones that are taken away. Names are looked for in every directory of units and the folders in it. */
export function otherNamesOf(files: readonly UnitFile[], directories: readonly UnitDirectory[]): string[] {
  return files.filter((file, index) => isLinked(file) && files.findIndex((each) => sameInode(each.state, file.state)) === index).flatMap((file) => {
    const taken = files.filter((each) => sameInode(each.state, file.state));
    const found = namesOf(file, directories).filter((path) => !taken.some((each) => isSameEntry(each.path, path)));
    const elsewhere = file.state.nlink - taken.length - found.length;
    const unknown = `${elsewhere} ${elsewhere === 1 ? 'name' : 'names'} outside of the unit directories (find / -inum ${file.state.ino})`;
    const all = [...found.map(show), ...(elsewhere > 0 ? [unknown] : [])];
    return all.length === 0 ? [] : [`${all.join(', ')}: the same file as ${show(file.path)}`];
  });
}

function isLinked(file: UnitFile): boolean {
  return file.state.kind === 'file' && file.state.nlink > 1;
}

function namesOf(file: UnitFile, directories: readonly UnitDirectory[]): Buffer[] {
  const found: Buffer[] = [];
  const search = (paths: readonly string[], deeper: boolean): void => forEachDirectory(paths, [], (directory) => {
    for (const { name, kind } of entriesOf(directory)) {
      const at = pathIn(directory, name);
      if (kind === 'file' && isIt(lookAt(directory, toBytes(name)), file)) found.push(at);
      else if (kind === 'directory' && deeper) search([textOfBytes(at)], false);
    }
  });
  search(directories.map((directory) => directory.path), true);
  return found;
}

function isIt(found: ReturnType<typeof lookAt>, file: UnitFile): boolean {
  return found !== undefined && sameInode(found.state, file.state);
}

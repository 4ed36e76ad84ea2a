/** Files in which a host keeps what it runs by itself, as far as it is kept in files: where a trace is looked for. */
import { keyFilesOf } from '../host/authorized-keys.ts';
import { isUnitSubdirectory } from '../host/directories.ts';
import { lookAt, namesIn, openDirectory } from '../host/files.ts';
import { DPKG_INFO } from '../host/ownership.ts';
import { persistencePlaces, type PersistenceKind } from '../host/persistence.ts';
import { type HostPath, lastNameOf, parentOf, pathIn, toBytes } from '../host/paths.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { textOfBytes } from '../model/text.ts';
import type { HostContext } from './action.ts';

export type Place = PersistenceKind | 'unit';

export interface Candidate {
  place: Place;
  path: Buffer;
}

/** deb-postinst(5) and its like: run as root at the next update of the package. */
const SCRIPT = /\.(?:pre|post)(?:inst|rm)$/;
const MOST_CANDIDATES = 50_000;

export async function candidates(context: HostContext): Promise<{ files: Candidate[]; notes: string[] }> {
  const notes: string[] = [];
  const files: Candidate[] = [];
  const seen = new Set<string>();
  const add = (place: Place, path: HostPath, isWanted: (name: string) => boolean = () => true, deeper = false): void => {
    if (files.length < MOST_CANDIDATES) files.push(...under(toBytes(path), isWanted, deeper, notes, seen).map((each) => ({ place, path: each })));
  };
  for (const { path, kind } of context.directories) add(kind === 'units' ? 'unit' : 'generator', path, undefined, true);
  const places = persistencePlaces(context.users);
  for (const { kind, path } of [...places.directories, ...places.files]) add(kind, path);
  add('package hook', DPKG_INFO, (name) => SCRIPT.test(name));
  const keys = await keyFilesOf(context.users);
  for (const { path } of keys.files) add('ssh', path);
  if (files.length >= MOST_CANDIDATES) notes.push(`only the first ${MOST_CANDIDATES} files were looked into`);
  return { files: unique(files), notes: [...new Set([...notes, ...keys.notes])] };
}

/** The path itself, or what is in it where it is a directory that was not `seen` under another name (/lib and /usr/lib); `deeper` also what is in the folders of units in it. */
function under(path: Buffer, isWanted: (name: string) => boolean, deeper: boolean, notes: string[], seen: Set<string>): Buffer[] {
  try {
    using directory = openDirectory(path);
    const id = `${directory.state.dev}:${directory.state.ino}`;
    if (seen.has(id)) return [];
    seen.add(id);
    return namesIn(directory).flatMap((name): Buffer[] => {
      const isOne = isWanted(textOfBytes(name));
      // What is not asked for is not looked at: beside each script of a package lie four other files.
      if (!isOne && !deeper) return [];
      const at = pathIn(directory, name);
      if (lookAt(directory, name)?.state.kind === 'directory') return deeper && isUnitSubdirectory(textOfBytes(name)) ? under(at, isWanted, false, notes, seen) : [];
      return isOne ? [at] : [];
    });
  } catch (error) {
    if (!(error instanceof TickwardError)) throw error;
    // A file, or a directory by another name (/etc/xdg/systemd/user), which has its turn itself.
    if (error.code === 'REFUSED') return isFile(path) ? [path] : [];
    if (error.code !== 'NOT_FOUND') notes.push(messageOf(error));
    return [];
  }
}

function isFile(path: Buffer): boolean {
  try {
    using parent = openDirectory(parentOf(path));
    return lookAt(parent, lastNameOf(path))?.state.kind === 'file';
  } catch {
    return false;
  }
}

function unique(files: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return files.filter(({ path }) => seen.size < seen.add(path.toString('latin1')).size);
}

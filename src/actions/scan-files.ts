/** Which files are scanned: those that are named, and those below directories that are named. */
import { lookAt, namesIn, openDirectory, openParent, type Directory, type FileState } from '../host/files.ts';
import { pathIn, show, toBytes, type HostPath } from '../host/paths.ts';
import { advisedMessageOf, TickwardError } from '../model/errors.ts';

const MOST_FILES = 1_000;
const MOST_DEPTH = 32;
/** ClamAV passes over larger ones by default (--max-filesize), and says that they are clean. */
const MOST_BYTES = 100 * 1024 ** 2;

interface Walk {
  files: Buffer[];
  notes: string[];
  isCut: boolean;
}

/** Links are not followed, other file systems not entered. What is left out is in the notes; what is not there is not. */
export function filesToScan(paths: readonly HostPath[]): { files: Buffer[]; notes: string[] } {
  const walk: Walk = { files: [], notes: [], isCut: false };
  for (const path of paths.map(toBytes)) {
    try {
      const { directory, name } = openParent(path);
      using parent = directory;
      add(parent, name, path, walk, 0);
    } catch (error) {
      if (!(error instanceof TickwardError && error.code === 'NOT_FOUND')) walk.notes.push(advisedMessageOf(error));
    }
  }
  if (walk.isCut) walk.notes.push(`only the first ${MOST_FILES} files are scanned: name fewer directories`);
  return { files: walk.files.filter((file, index) => walk.files.findIndex((other) => other.equals(file)) === index), notes: walk.notes };
}

function add(parent: Directory, name: Buffer, path: Buffer, walk: Walk, depth: number): void {
  const found = lookAt(parent, name);
  if (found === undefined || walk.isCut) return;
  if (found.state.kind === 'directory') addDirectory(path, found.state, parent.state, walk, depth);
  else if (found.state.kind === 'link') note(walk, depth, `${show(path)} is a symbolic link: what it leads to is not scanned`);
  else if (found.state.kind !== 'file') note(walk, depth, `${show(path)} is no regular file`);
  else if (found.state.size > MOST_BYTES) walk.notes.push(`${show(path)} is larger than ${MOST_BYTES} bytes: it is not scanned`);
  else if (walk.files.length >= MOST_FILES) walk.isCut = true;
  else walk.files.push(path);
}

/** Only of what was named itself: a directory may hold thousands of links. */
function note(walk: Walk, depth: number, text: string): void {
  if (depth === 0) walk.notes.push(text);
}

function addDirectory(path: Buffer, state: FileState, above: FileState, walk: Walk, depth: number): void {
  if (depth > MOST_DEPTH || (depth > 0 && state.dev !== above.dev)) {
    walk.notes.push(`${show(path)} is ${depth > MOST_DEPTH ? 'too deep' : 'another file system'}: it is not scanned`);
    return;
  }
  try {
    using directory = openDirectory(path);
    for (const name of namesIn(directory)) add(directory, name, pathIn(directory, name), walk, depth + 1);
  } catch (error) {
    walk.notes.push(advisedMessageOf(error));
  }
}

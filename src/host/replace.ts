/** A file that is there whole or not at all, for its owner alone, and never through a link. */
import { accessSync, constants, renameSync, writeFileSync } from 'node:fs';
import { TickwardError } from '../model/errors.ts';
import { lookAt, openParent, type Directory } from './files.ts';
import { makeFile } from './part.ts';
import { attempt, show } from './paths.ts';

/** Throws NOT_FOUND where the directory is not there, REFUSED where the name, or a part of the way, is a link or anything else than a file, and where nothing may be put into the directory. */
export function checkReplaceable(path: string): void {
  const { directory, name } = openParent(path);
  using parent = directory;
  refuseUnlessFile(parent, name, path);
  attempt(path, () => accessSync(`/proc/self/fd/${parent.fd}`, constants.W_OK | constants.X_OK));
}

/** Mode 0600. What has the name is replaced in one step; whoever reads it meanwhile has the old content whole. */
export function replaceFile(path: string, content: string): void {
  const { directory, name } = openParent(path);
  using parent = directory;
  refuseUnlessFile(parent, name, path);
  // A link that took the name meanwhile is replaced itself, not what it leads to.
  makeFile(parent, path, (fd) => writeFileSync(fd, content), (part) => renameSync(part, parent.at(name)));
}

function refuseUnlessFile(directory: Directory, name: Buffer, path: string): void {
  const found = lookAt(directory, name);
  if (found === undefined || found.state.kind === 'file') return;
  const what = found.state.kind === 'link' ? 'a symbolic link' : found.state.kind === 'directory' ? 'a directory' : 'no regular file';
  throw new TickwardError('REFUSED', `${show(path)} is not written: it is ${what}`, { hint: 'choose another name, or take it away first' });
}

/** Takes a file that is too large to be copied from its place by another name alone, and gives it its own again. Nothing of it is read. */
import { randomBytes } from 'node:crypto';
import { linkSync, renameSync, unlinkSync } from 'node:fs';
import { TickwardError } from '../model/errors.ts';
import { type Directory, type FileState, lookAt, openParent, sameInode, syncDirectory } from './files.ts';
import { attempt, attemptRemoval, show } from './paths.ts';

/** In the directory above, so that its own can go. Nobody can know the name before, and put something there. */
export function asideOf(path: Buffer): Buffer {
  const parent = path.subarray(0, path.lastIndexOf('/'));
  return Buffer.concat([parent.subarray(0, parent.lastIndexOf('/') + 1), Buffer.from(`.tickward-${randomBytes(8).toString('hex')}.aside`)]);
}

/** `announce` is called before; false means that it was gone already. Throws REFUSED where another file has its name. */
export function setAside(path: Buffer, to: Buffer, was: FileState, announce: () => void): boolean {
  return withBoth(path, to, (from, name, into, newName) => {
    const found = lookAt(from, name);
    if (found === undefined) return false;
    if (!sameInode(found.state, was)) throw new TickwardError('REFUSED', `${show(path)} was changed since the plan was made`, { hint: 'plan again and look at what it is now' });
    announce();
    attempt(path, () => renameSync(from.at(name), into.at(newName)));
    const now = lookAt(into, newName);
    if (now === undefined || !sameInode(now.state, was)) throw new TickwardError('REFUSED', `${show(path)} was exchanged for something else at the last moment`, { hint: 'look at it again, then try again' });
    return true;
  });
}

/** False means that it is there already. Never over something else. */
export function bringBack(path: Buffer, from: Buffer, inode: string): boolean {
  return withBoth(path, from, (parent, name, aside, asideName) => {
    const found = lookAt(aside, asideName);
    if (found === undefined && lookAt(parent, name)?.state.ino === inode) return false;
    if (found?.state.kind !== 'file' || found.state.ino !== inode) throw new TickwardError('REFUSED', `${show(path)} is not given back: ${show(from)}, as which it was kept, ${found === undefined ? 'is gone' : 'is another file now'}`, { hint: 'restore the file from a backup' });
    // Cut off in between, it has both names.
    if (lookAt(parent, name)?.state.ino !== inode) attempt(path, () => linkSync(aside.at(asideName), parent.at(name)));
    attemptRemoval(from, () => unlinkSync(aside.at(asideName)));
    return true;
  });
}

function withBoth(one: Buffer, other: Buffer, use: (parent: Directory, name: Buffer, above: Directory, nameThere: Buffer) => boolean): boolean {
  const here = openParent(one);
  using parent = here.directory;
  const there = openParent(other);
  using above = there.directory;
  const isDone = use(parent, here.name, above, there.name);
  if (isDone) for (const directory of [parent, above]) syncDirectory(directory);
  return isDone;
}

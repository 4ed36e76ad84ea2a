/** A new file that has its name when it is complete and on disk; until then it has one that nobody can know before, and put something else there. */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, fsyncSync, openSync, unlinkSync } from 'node:fs';
import { type Directory, lookAt, namesIn, syncDirectory } from './files.ts';
import { attempt, attemptRemoval, type HostPath } from './paths.ts';

/** The process that makes it is in the name: what one that was cut off left is known by that. */
const PART = /^\.tickward-(\d+)-[0-9a-f]{16}\.part$/;

/** For our user alone at first. `fill` writes it; `name` gives it its name, by a rename or a link. `path` is what errors name. */
export function makeFile(parent: Directory, path: HostPath, fill: (fd: number) => void, name: (part: Buffer, fd: number) => void): void {
  dropLeft(parent);
  const part = parent.at(`.tickward-${process.pid}-${randomBytes(8).toString('hex')}.part`);
  const fd = attempt(path, () => openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
  try {
    attempt(path, () => {
      fill(fd);
      fsyncSync(fd);
      name(part, fd);
    });
  } finally {
    attemptRemoval(path, () => unlinkSync(part));
    closeSync(fd);
  }
  syncDirectory(parent);
}

/** What is left of runs that were cut off. A directory that cannot be looked through keeps it: it is a file that nobody reads. */
export function dropLeft(parent: Directory): void {
  try {
    for (const name of namesIn(parent)) {
      const [, pid] = PART.exec(name.toString('latin1')) ?? [];
      if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
      if (lookAt(parent, name)?.state.kind === 'file') unlinkSync(parent.at(name));
    }
  } catch {
    // Not ours to look through or to change: what has to be written says so.
  }
}

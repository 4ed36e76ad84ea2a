/** What was just made under a name of a directory whose owner may have put something else there since: opened without following anything, looked at, and changed as what was opened. */
import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { TickwardError } from '../model/errors.ts';
import { type Directory, type FileState, stateOf } from './files.ts';
import { O_PATH } from './kernel.ts';
import { attempt, type HostPath, show } from './paths.ts';

/** `use` gets a path that leads to it, whatever has the name by then, and to the link itself where it is one. Throws REFUSED where it is not what we made. */
export function withMade(parent: Directory, name: Buffer, path: HostPath, kind: 'link' | 'directory', use: (at: string) => void): void {
  const fd = attempt(path, () => openSync(parent.at(name), O_PATH | constants.O_NOFOLLOW));
  try {
    const at = `/proc/self/fd/${fd}`;
    const state = stateOf(fstatSync(fd, { bigint: true }));
    if (state.kind !== kind || state.uid !== process.geteuid?.() || (kind === 'link' ? state.nlink > 1 : !isNewDirectory(at, state, parent))) throw new TickwardError('REFUSED', `${show(path)} was exchanged for something else as soon as it was made`, { hint: 'look at it, then try again' });
    attempt(path, () => use(at));
  } finally {
    closeSync(fd);
  }
}

/** Empty, and nothing that was mounted there. */
function isNewDirectory(at: string, { dev }: FileState, parent: Directory): boolean {
  return dev === parent.state.dev && readdirSync(at).length === 0;
}

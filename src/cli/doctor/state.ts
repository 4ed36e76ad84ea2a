/** What `doctor` says of the state directory: whether it is ours alone, can be written, has room, and holds databases that open. Looks without making it. */
import { accessSync, constants, lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { existingOf, roomAt } from '../../host/room.ts';
import { errnoOf, messageOf, TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { lookIntoStore } from '../../store/databases.ts';
import { distrustOf } from '../../store/state-directory.ts';
import type { Finding } from './finding.ts';

/** Below this a response finds no room for its copies, and the stores soon none for an event. */
const SPARE_BYTES = 1024 ** 2;

const ELSEWHERE = 'give another one with --state-dir DIR';

/** `settings.stateDir` throws where there is no home to keep it in. */
export function stateFinding(settings: { readonly stateDir: string }, uid: number): Finding {
  const check = 'state directory';
  try {
    const directory = settings.stateDir;
    const shown = printable(directory);
    const isThere = lstatSync(directory, { throwIfNoEntry: false }) !== undefined;
    const problem = (isThere ? distrustOf(directory, uid) : undefined) ?? hindranceAt(existingOf(resolve(directory)), isThere);
    if (problem !== undefined) return { check, ok: false, found: problem.problem, fix: problem.hint };
    if (isThere) lookIntoStore(directory);
    return { check, ok: true, found: isThere ? shown : `${shown} is not there yet and will be made`, fix: null };
  } catch (error) {
    return { check, ok: false, found: errnoOf(error) === 'ENOTDIR' ? `${printable(settings.stateDir)} cannot be made: there is a file in the way` : messageOf(error), fix: (error instanceof TickwardError ? error.hint : undefined) ?? ELSEWHERE };
  }
}

function hindranceAt(at: string, isThere: boolean): { problem: string; hint: string } | undefined {
  const what = isThere ? `the state directory ${printable(at)}` : `${printable(at)}, in which the state directory would be made,`;
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
  } catch (error) {
    return { problem: `${what} cannot be written: ${errnoOf(error) === 'EROFS' ? 'the file system is read-only' : 'no permission'}`, hint: ELSEWHERE };
  }
  const { bytes } = roomAt(at);
  if (bytes !== undefined && bytes < SPARE_BYTES) return { problem: `${what} is on a full disk: ${bytes} bytes are free, ${SPARE_BYTES} are needed at the least`, hint: `make room, or ${ELSEWHERE}` };
  return undefined;
}

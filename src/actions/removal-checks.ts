/** What is looked at before a removal begins, so that it is not left half-done: rights, room for the copies, sizes. */
import { accessSync, constants } from 'node:fs';
import { openParent } from '../host/files.ts';
import { readMounts } from '../host/mounts.ts';
import { show } from '../host/paths.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import { existingOf, roomAt } from '../host/room.ts';
import { isSlowToRead, MOST_UNIT_BYTES } from '../host/units.ts';
import { errnoOf, messageOf } from '../model/errors.ts';
import { printable, textOfBytes } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import { textsOf } from './removal-services.ts';
import type { UnitFile } from './unit-files.ts';

/** What the record of a removal and the directories of the quarantine need besides the copies. */
const SPARE_BYTES = 1024 ** 2;

/** Why these files could not be taken away, or not be given back, or no mask be made in these directories; undefined where all of it can. */
export function hindranceOf(files: readonly UnitFile[], context: ActionContext, maskDirectories: readonly string[] = []): string | undefined {
  return mountedOver(files) ?? maskDirectories.map((directory) => unmaskable(directory, context)).find((reason) => reason !== undefined) ?? files.reduce<string | undefined>((found, file) => found ?? (goesAside(file) ? undefined : tooLarge(file)) ?? missingRight(file, context), undefined) ?? missingRoom(files, context.quarantine);
}

export function isTooLarge({ state }: Pick<UnitFile, 'state'>): boolean {
  return state.kind === 'file' && state.size > MOST_COPY_BYTES;
}

/** Takes another name, for there can be no copy of it: left where it is, the manager would read or run it, and not every version passes over drop-ins of a unit that is masked. */
export function goesAside(file: UnitFile): boolean {
  return (file.role === 'drop-in' || file.role === 'generator') && isTooLarge(file);
}

/** Taken away before a manager reads anything anew: it would do nothing else for as long as that takes. */
export function isSlow(file: UnitFile): boolean {
  const { role, state } = file;
  return (role === 'fragment' || role === 'drop-in') && (state.kind === 'file' ? state.size > MOST_UNIT_BYTES : isSlowToRead(textsOf(file)));
}

export function tooLarge(file: UnitFile): string | undefined {
  return isTooLarge(file) ? `${show(file.path)} is too large to keep a copy of (${file.state.size} bytes): copy it elsewhere by hand, then remove it by hand` : undefined;
}

function missingRight({ path, state }: UnitFile, context: ActionContext): string | undefined {
  try {
    using directory = openParent(path).directory;
    accessSync(`/proc/self/fd/${directory.fd}`, constants.W_OK | constants.X_OK);
    return context.uid !== 0 && state.uid !== context.uid ? `${show(path)} belongs to another user: run as root` : undefined;
  } catch (error) {
    // An immutable directory refuses root as well, until its attribute is taken off.
    if (context.uid === 0 && errnoOf(error) === 'EPERM') return undefined;
    if (errnoOf(error) === 'EROFS') return `${show(path)} lies on a file system that is mounted read-only: mount it for writing (mount -o remount,rw), then try again`;
    return `${show(path)} lies in a directory that may not be written: ${context.uid === 0 ? messageOf(error) : 'run as root'}`;
  }
}

/** A name on which something is mounted cannot be removed, and what is read there is not the file that comes to light when that is gone. */
function mountedOver(files: readonly UnitFile[]): string | undefined {
  const points = new Set(readMounts().map((mount) => mount.path));
  const file = files.find(({ path }) => points.has(textOfBytes(path)));
  return file === undefined ? undefined : `something is mounted on ${show(file.path)}, which hides what is really there: look at it (findmnt), unmount it (umount), then try again`;
}

/** Without a mask, what is stopped may start again at once. */
function unmaskable(directory: string, context: ActionContext): string | undefined {
  const at = existingOf(directory);
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if (context.uid === 0 && errnoOf(error) === 'EPERM') return undefined;
    const why = errnoOf(error) === 'EROFS' ? 'its file system is mounted read-only: mount it for writing (mount -o remount,rw), or unmount what was mounted there (findmnt), then try again' : messageOf(error);
    return `no unit can be masked in ${printable(directory)}: ${why}`;
  }
}

function missingRoom(files: readonly UnitFile[], quarantine: string): string | undefined {
  const needed = files.filter((file) => !goesAside(file)).reduce((sum, { state }) => sum + (state.kind === 'file' ? state.size : 0), SPARE_BYTES);
  const { bytes, inodes } = roomAt(quarantine);
  if (bytes !== undefined && bytes < needed) return `there is no room for the copies in ${printable(quarantine)}: ${needed} bytes are needed, ${bytes} are free`;
  return inodes !== undefined && inodes < files.length + 2 ? `there is no room for the copies in ${printable(quarantine)}: no inodes are free` : undefined;
}

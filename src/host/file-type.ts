/** What kind of file a mode of stat(2) is of, in ECS's words. */
import { constants } from 'node:fs';
import type { FileEvent } from '../model/event.ts';

type FileType = NonNullable<FileEvent['file']['type']>;

const TYPES: ReadonlyMap<number, FileType> = new Map([[constants.S_IFREG, 'file'], [constants.S_IFLNK, 'symlink'], [constants.S_IFDIR, 'dir'], [constants.S_IFIFO, 'fifo'], [constants.S_IFSOCK, 'socket']]);

/** By the bits themselves: to ask a stat of big numbers what it is makes two more of them. */
export function fileTypeOf(mode: number): FileType {
  return TYPES.get(mode & constants.S_IFMT) ?? 'device';
}

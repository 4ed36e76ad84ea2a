/** Whether only we, or root, decide what a path names: what is written or run there would else be somebody else's choice. */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

const BY_OTHERS = 0o022;
/** Files in it belong to who made them: nobody else renames or removes them. */
const STICKY = 0o1000;

/** Throws REFUSED where somebody else may replace what is in the directory, at any level above it. */
export function refuseForeignDirectory(directory: string, uid: number): void {
  let at: string;
  try {
    at = realpathSync(directory);
  } catch (error) {
    throw new TickwardError('BAD_INPUT', `the directory ${printable(directory)} cannot be used: ${messageOf(error)}`, { hint: 'make it first' });
  }
  for (;;) {
    const stat = statSync(at);
    if (!isOurs(stat, uid)) throw new TickwardError('REFUSED', `${printable(at)} belongs to uid ${stat.uid}: whoever that is may replace what is in it`, { hint: 'take a directory of root or of the user that runs tickward' });
    if ((stat.mode & BY_OTHERS) !== 0 && (stat.mode & STICKY) === 0) throw new TickwardError('REFUSED', `${printable(at)} can be written by others: they may replace what is in it`, { hint: `take another directory, or: chmod go-w ${printable(at)}` });
    if (at === '/') return;
    at = dirname(at);
  }
}

/** Why a file is not ours alone to change; undefined where it is. */
export function foreignness(stat: Stats, uid: number): string | undefined {
  if (!stat.isFile()) return 'is no regular file';
  if (!isOurs(stat, uid)) return `belongs to uid ${stat.uid}`;
  return (stat.mode & BY_OTHERS) === 0 ? undefined : 'can be written by others';
}

function isOurs(stat: Stats, uid: number): boolean {
  return stat.uid === 0 || stat.uid === uid;
}

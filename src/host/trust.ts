/** Whether only we, or root, decide what a path names: what is written or run there would else be somebody else's choice. */
import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { MAXSYMLINKS, S_ISVTX } from './kernel.ts';

const BY_OTHERS = 0o022;

/** Throws BAD_INPUT where it is no directory, REFUSED where somebody else may put another in its place, or replace what is in it. */
export function refuseForeignDirectory(path: string, uid: number): void {
  let found: Stats;
  try {
    found = lookedUp(path, uid);
  } catch (error) {
    if (error instanceof TickwardError) throw error;
    throw new TickwardError('BAD_INPUT', `the directory ${printable(path)} cannot be used: ${messageOf(error)}`, { hint: 'make it first' });
  }
  if (!found.isDirectory()) throw new TickwardError('BAD_INPUT', `${printable(path)} is no directory`, { hint: 'name one that is there' });
}

/**
 * What an absolute path leads to. Each link is followed here, so that the directory it lies in counts as well as the one it leads to: whoever may replace the link decides what is found.
 * Throws what lstat(2) throws, and REFUSED where somebody else has a say on the way.
 */
export function lookedUp(path: string, uid: number): Stats {
  let at = '/';
  let stat = lstatSync(at);
  refuseForeign(at, stat, uid);
  const ahead = path.split('/');
  for (let links = 0, name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === '' || name === '.') continue;
    const next = name === '..' ? dirname(at) : join(at, name);
    stat = lstatSync(next);
    if (!stat.isSymbolicLink()) {
      if (stat.isDirectory()) refuseForeign(next, stat, uid);
      at = next;
      continue;
    }
    if (!isOurs(stat, uid)) throw new TickwardError('REFUSED', `${printable(next)} is a link of uid ${stat.uid}: whoever that is decides what it leads to`, { hint: 'name what it leads to instead' });
    links += 1;
    if (links > MAXSYMLINKS) throw new TickwardError('BAD_INPUT', `${printable(path)} leads through too many links`, { hint: 'name what it should lead to instead' });
    const target = readlinkSync(next);
    if (target.startsWith('/')) at = '/';
    ahead.unshift(...target.split('/'));
  }
  return stat;
}

/** Why a file is not ours alone to change; undefined where it is. */
export function foreignness(stat: Stats, uid: number): string | undefined {
  if (!stat.isFile()) return 'is no regular file';
  if (!isOurs(stat, uid)) return `belongs to uid ${stat.uid}`;
  return (stat.mode & BY_OTHERS) === 0 ? undefined : 'can be written by others';
}

function refuseForeign(directory: string, stat: Stats, uid: number): void {
  if (!isOurs(stat, uid)) throw new TickwardError('REFUSED', `${printable(directory)} belongs to uid ${stat.uid}: whoever that is may replace what is in it`, { hint: 'take a directory of root or of the user that runs tickward' });
  if ((stat.mode & BY_OTHERS) !== 0 && (stat.mode & S_ISVTX) === 0) throw new TickwardError('REFUSED', `${printable(directory)} can be written by others: they may replace what is in it`, { hint: `take another directory, or: chmod go-w ${printable(directory)}` });
}

function isOurs(stat: Stats, uid: number): boolean {
  return stat.uid === 0 || stat.uid === uid;
}

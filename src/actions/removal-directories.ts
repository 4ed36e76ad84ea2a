/** The directories in which the units of a target are looked for, also those that are reached through links. */
import { realpathSync } from 'node:fs';
import { openDirectory } from '../host/files.ts';
import { TickwardError } from '../model/errors.ts';
import { bytesOfText, textOfBytes } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import type { Manager } from './manager.ts';

export interface Directories {
  /** Those of the manual and those that the running managers really search; where one is behind a link, its real path as well. */
  paths: string[];
  /** A path in a directory that is behind a link, as it really is; any other as it was. */
  real(path: Buffer): Buffer;
  /** Whether what lies there is of every user, where the target is one user's: that user chose the name, and must not choose what of others is taken away by it. */
  isShared(path: Buffer): boolean;
}

export async function directoriesOf(managers: readonly Manager[], context: ActionContext): Promise<Directories> {
  const { scope, user } = context.target;
  const known = context.directories.filter((each) => each.kind === 'units' && each.scope === scope && (each.user === undefined || user === undefined || each.user === user)).map((each) => each.path);
  const named = [...new Set([...known, ...(await Promise.all(managers.map((manager) => manager.unitPath()))).flat()])];
  const behind = named.flatMap((path) => {
    const found = realPathOf(path, ownerOf(path, context));
    return found === undefined ? [] : [{ path, real: found }];
  });
  const owner = user === undefined ? undefined : context.users.find((each) => each.name === user);
  const own = owner === undefined ? [] : [owner.home, `/run/user/${owner.uid}`, ...behind.filter((each) => ownerOf(each.path, context) === owner.uid).map((each) => each.real)];
  return {
    isShared: (path) => owner !== undefined && !own.some((directory) => textOfBytes(path).startsWith(`${directory}/`)),
    paths: [...new Set([...named.filter((path) => !behind.some((each) => each.path === path)), ...behind.map((each) => each.real)])],
    real(path) {
      const text = textOfBytes(path);
      const link = behind.find((each) => text.startsWith(`${each.path}/`));
      return link === undefined ? path : bytesOfText(`${link.real}${text.slice(link.path.length)}`);
    },
  };
}

/** Whose units lie there. */
function ownerOf(path: string, { users, directories }: ActionContext): number {
  const name = directories.find((each) => each.path === path)?.user;
  const user = users.find((each) => (name === undefined ? each.home !== '/' && path.startsWith(`${each.home}/`) : each.name === name));
  return user?.uid ?? 0;
}

/**
 * Where a directory really is that a link on the way hides; undefined where none does. Only where it belongs to whose units they are: a link of a user leads to nothing of
 * anybody else. What is done there is done through its real path, and a link that is put on that meanwhile is refused.
 */
function realPathOf(path: string, owner: number): string | undefined {
  if (isPlain(path)) return undefined;
  try {
    const real = textOfBytes(realpathSync(bytesOfText(path), { encoding: 'buffer' }));
    using directory = openDirectory(real);
    return directory.state.uid === owner ? real : undefined;
  } catch {
    return undefined;
  }
}

/** It is there without a link on the way, or it is not there. */
function isPlain(path: string): boolean {
  try {
    using _directory = openDirectory(path);
    return true;
  } catch (error) {
    return !(error instanceof TickwardError && error.code === 'REFUSED');
  }
}

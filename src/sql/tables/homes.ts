/** Whose files a query of a user's table means, and the files of a folder. */
import { readdirSync, statSync } from 'node:fs';
import { readGroups, readUsers, type GroupEntry, type PasswdEntry } from '../../host/passwd.ts';
import { equals, type QueryContext } from '../../model/table.ts';
import { bytesOfText, textOfBytes } from '../../model/text.ts';
import { unreadable } from './lines.ts';

/** All entries of the passwd database of files; a warning where it cannot be read. */
export function usersOf(context: Pick<QueryContext, 'warn'>): PasswdEntry[] {
  try {
    return readUsers();
  } catch (error) {
    unreadable('/etc/passwd', error, context);
    return [];
  }
}

export function groupsOf(context: Pick<QueryContext, 'warn'>): GroupEntry[] {
  try {
    return readGroups();
  } catch (error) {
    unreadable('/etc/group', error, context);
    return [];
  }
}

/** Users whose uid is asked for; without that, as in osquery, whoever asks, with a warning that says how to have all. */
export function usersAsked(context: QueryContext): PasswdEntry[] {
  const uids = new Set(equals(context, 'uid'));
  if (uids.size === 0) {
    context.warn('only the files of the user who asks are read, as in osquery; for all users: … FROM users JOIN … USING (uid)');
    uids.add(String(process.getuid?.() ?? 0));
  }
  // Two names of one user share a home in most cases.
  const homes = new Set<string>();
  return usersOf(context).filter((user) => uids.has(String(user.uid)) && user.home.startsWith('/') && homes.size < homes.add(`${user.uid} ${user.home}`).size);
}

/** `textOfBytes` paths of what is in a folder and is no folder, hidden ones left out, as osquery lists files; links count as what they lead to. */
export function filesIn(folder: string, context: Pick<QueryContext, 'warn'>): string[] {
  try {
    const names = readdirSync(bytesOfText(folder), { encoding: 'buffer' }).sort(Buffer.compare).map(textOfBytes);
    return names.filter((name) => !name.startsWith('.')).map((name) => `${folder.replace(/\/$/, '')}/${name}`).filter((path) => !isFolder(path));
  } catch (error) {
    unreadable(folder, error, context);
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(bytesOfText(path), { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}

/** Users and groups of /etc/passwd and /etc/group, read anew on every call: an attacker may have just added one. */
import { readFileSync } from 'node:fs';

export interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  gecos: string;
  home: string;
  shell: string;
}

export interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

export const PASSWD = '/etc/passwd';
export const GROUP = '/etc/group';

/** name:password:uid:gid:gecos:home:shell of passwd(5). One expression for all lines: a directory service may have written a hundred thousand. */
const PASSWD_LINE = /^([^:\n#][^:\n]*):[^:\n]*:(\d{1,10}):(\d{1,10}):([^:\n]*):([^:\n]*)(?::([^:\n]*))?/gm;

/** passwd(5). Malformed lines are left out, as getpwent does. */
export function parsePasswd(text: string): PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const [, name = '', uid, gid, gecos = '', home = '', shell = ''] of text.matchAll(PASSWD_LINE)) entries.push({ name, uid: Number(uid), gid: Number(gid), gecos, home, shell });
  return entries;
}

/** group(5). */
export function parseGroup(text: string): GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , gid, members] = line.split(':');
    if (!name || name.startsWith('#') || !isId(gid)) return [];
    return [{ name, gid: Number(gid), members: (members ?? '').split(',').filter(Boolean) }];
  });
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text);
}

/** Throws the system error when the file cannot be read. */
export function readUsers(): PasswdEntry[] {
  return parsePasswd(readFileSync(PASSWD, 'utf8'));
}

/** Throws the system error when the file cannot be read. */
export function readGroups(): GroupEntry[] {
  return parseGroup(readFileSync(GROUP, 'utf8'));
}

export function userOf(uid: number, users: readonly PasswdEntry[] = knownUsers()): PasswdEntry | undefined {
  return users.find((user) => user.uid === uid);
}

function knownUsers(): PasswdEntry[] {
  try {
    return readUsers();
  } catch {
    return [];
  }
}

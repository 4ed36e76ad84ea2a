/** What an account can do and is doing right now: for the person who decides about it. */
import { keyFilesOf, parseAuthorizedKey } from '../host/authorized-keys.ts';
import { readRegular } from '../host/files.ts';
import { readGroups, type GroupEntry, type PasswdEntry } from '../host/passwd.ts';
import { isOver, ownerOf, processIds, statOf } from '../host/proc.ts';
import { readSessions } from '../host/sessions.ts';
import { groupsOfUser, sudoLinesOf } from '../host/sudoers.ts';
import { readUtmp, USER_PROCESS, UTMP } from '../host/utmp.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';

const SHOWN = 5;
const MOST_KEYS_BYTES = 1024 ** 2;
/** Groups whose members are root, or nearly. */
const MIGHTY = new Set(['root', 'sudo', 'wheel', 'admin', 'adm', 'docker', 'lxd', 'disk', 'shadow']);

export async function standingOf(user: PasswdEntry): Promise<string[]> {
  const groups = groupsNow();
  const mighty = groupsOfUser(user, groups).filter((name) => MIGHTY.has(name));
  const sudo = sudoLinesOf(user, groups);
  const processes = processesOf(user.uid);
  return [
    ...listed('sessions', sessionsOf(user.name)),
    `processes: ${processes.length}`,
    ...listed('keys', await keysOf(user)),
    ...(mighty.length === 0 ? [] : [`groups: ${mighty.join(', ')}`]),
    ...listed('sudoers', sudo.map(({ path, line, text }) => `${printable(path)}:${line}: ${shorten(text, 100)}`)),
  ];
}

function listed(what: string, all: readonly string[]): string[] {
  if (all.length === 0) return [`${what}: none`];
  return [`${what}: ${all.slice(0, SHOWN).join('; ')}${all.length > SHOWN ? `; and ${all.length - SHOWN} more` : ''}`];
}

function groupsNow(): GroupEntry[] {
  try {
    return readGroups();
  } catch {
    return [];
  }
}

/** By logind, where it runs; by utmp elsewhere. */
export function sessionsOf(name: string): string[] {
  try {
    const sessions = readSessions()?.map(({ user, tty, host, time }) => ({ user, line: tty, host, time })) ?? [...readUtmp(UTMP)].filter((record) => record.type === USER_PROCESS);
    return sessions.filter((session) => session.user === name).map(({ line, host, time }) => printable(`${line === '' ? 'without a terminal' : line}${host === '' ? '' : ` from ${host}`} since ${new Date(time * 1000).toISOString()}`));
  } catch {
    return [];
  }
}

async function keysOf(user: PasswdEntry): Promise<string[]> {
  const { files, notes } = await keyFilesOf([user]);
  const found = files.flatMap(({ path }) => {
    try {
      const keys = readRegular(path, MOST_KEYS_BYTES).content.toString().split('\n').flatMap((line) => parseAuthorizedKey(line) ?? []);
      return keys.map((key) => `${key.fingerprint} ${shorten(key.comment, 40)} (${printable(path)})`);
    } catch (error) {
      return error instanceof TickwardError && error.code === 'NOT_FOUND' ? [] : [messageOf(error)];
    }
  });
  return [...found, ...notes];
}

/** Those that run as this user, without the ones that have ended. */
export function processesOf(uid: number): number[] {
  return processIds().filter((pid) => {
    if (ownerOf(pid) !== uid) return false;
    const stat = statOf(pid);
    return stat !== undefined && !isOver(stat);
  });
}

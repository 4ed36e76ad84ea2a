/** What sudoers(5) lets a user do, as lines: for a person to read, not a judgement. */
import { readdirSync } from 'node:fs';
import type { GroupEntry } from './passwd.ts';
import { readStart } from './read.ts';

export interface SudoLine {
  path: string;
  line: number;
  text: string;
}

const FILE = '/etc/sudoers';
const FOLDER = '/etc/sudoers.d';
const MOST_BYTES = 1024 ** 2;
const MOST_FILES = 200;

/** Names of files that sudo passes over (`@includedir`). */
const PASSED_OVER = /~$|\./;

export function groupsOfUser(user: { name: string; gid: number }, groups: readonly GroupEntry[]): string[] {
  return groups.filter((group) => group.gid === user.gid || group.members.includes(user.name)).map((group) => group.name);
}

/** Lines that begin with the user's name, its number, one of its groups, ALL, or an alias in which it stands. */
export function linesFor(text: string, user: { name: string; uid: number }, groups: readonly string[]): { line: number; text: string }[] {
  const names = new Set([user.name, `#${user.uid}`, 'ALL', ...groups.map((group) => `%${group}`)]);
  const lines = logicalLines(text);
  for (const { text: each } of lines) {
    const [, alias, members] = /^User_Alias\s+([A-Z][A-Z0-9_]*)\s*=\s*(.*)$/.exec(each) ?? [];
    if (alias !== undefined && (members ?? '').split(',').some((member) => names.has(member.trim()))) names.add(alias);
  }
  return lines.filter(({ text: each }) => each.includes('=') && (/^[^\s=]+/.exec(each)?.[0] ?? '').split(',').some((name) => names.has(name)));
}

/** A backslash at the end of a line continues it. */
function logicalLines(text: string): { line: number; text: string }[] {
  let line = 1;
  return text.replaceAll('\\\n', '\0').split('\n').map((each) => {
    const parts = each.split('\0');
    const first = line;
    line += parts.length;
    return { line: first, text: parts.join(' ').trim() };
  });
}

/** Empty where sudo is not installed or its files may not be read. */
export function sudoLinesOf(user: { name: string; uid: number; gid: number }, groups: readonly GroupEntry[]): SudoLine[] {
  const own = groupsOfUser(user, groups);
  return [FILE, ...filesIn(FOLDER)].flatMap((path) => linesFor(readStart(path, MOST_BYTES)?.toString() ?? '', user, own).map((line) => ({ path, ...line })));
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !PASSED_OVER.test(name)).sort().slice(0, MOST_FILES).map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

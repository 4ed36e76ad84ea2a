/** osquery's `suid_bin`: programs that run as their owner or group, in the folders of programs and in /tmp. */
import { readdirSync, statSync } from 'node:fs';
import { Accounts } from '../../host/accounts.ts';
import { S_ISGID, S_ISUID } from '../../host/kernel.ts';
import type { QueryContext, Row, Table } from '../../model/table.ts';
import { bytesOfText, legible, textOfBytes } from '../../model/text.ts';
import { unreadable } from './lines.ts';

const FOLDERS = ['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/tmp'];

export const suid_bin: Table = {
  name: 'suid_bin',
  description: 'suid binaries in common locations.',
  columns: [
    { name: 'path', type: 'TEXT' },
    { name: 'username', type: 'TEXT' },
    { name: 'groupname', type: 'TEXT' },
    { name: 'permissions', type: 'TEXT' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    const accounts = new Accounts();
    accounts.refresh();
    for (const folder of FOLDERS) {
      for (const path of filesBelow(folder, context)) {
        const row = rowOf(path, accounts);
        if (row !== undefined) yield row;
      }
    }
  },
};

/** The folders of the list may be links (/bin), those below are not followed. */
function* filesBelow(folder: string, context: QueryContext): Generator<string> {
  const waiting = [folder];
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    for (const entry of entriesOf(current, context)) {
      context.checkpoint();
      const path = `${current}/${textOfBytes(entry.name)}`;
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile() || entry.isSymbolicLink()) yield path;
    }
  }
}

function entriesOf(folder: string, context: QueryContext): { name: Buffer; isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean }[] {
  try {
    return readdirSync(bytesOfText(folder), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    unreadable(folder, error, context);
    return [];
  }
}

/** Of what a link leads to, under the link's name. */
function rowOf(path: string, accounts: Accounts): Row | undefined {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(bytesOfText(path), { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
  if (stat?.isFile() !== true || (Number(stat.mode) & (S_ISUID | S_ISGID)) === 0) return undefined;
  const permissions = `${(Number(stat.mode) & S_ISUID) === 0 ? '' : 'S'}${(Number(stat.mode) & S_ISGID) === 0 ? '' : 'G'}`;
  return { path: legible(path), username: accounts.userName(Number(stat.uid)) ?? String(stat.uid), groupname: accounts.groupName(Number(stat.gid)) ?? String(stat.gid), permissions, pid_with_namespace: 0 };
}

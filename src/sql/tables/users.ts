/** osquery's `users`: the passwd database of files. */
import { equals, type Table } from '../../model/table.ts';
import { usersOf } from './homes.ts';

export const users: Table = {
  name: 'users',
  description: 'Local user accounts.',
  columns: [
    { name: 'uid', type: 'BIGINT', index: true },
    { name: 'gid', type: 'BIGINT' },
    { name: 'uid_signed', type: 'BIGINT' },
    { name: 'gid_signed', type: 'BIGINT' },
    { name: 'username', type: 'TEXT', additional: true },
    { name: 'description', type: 'TEXT' },
    { name: 'directory', type: 'TEXT' },
    { name: 'shell', type: 'TEXT' },
    { name: 'uuid', type: 'TEXT', index: true, collate: 'nocase' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
    { name: 'include_remote', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    const uids = new Set(equals(context, 'uid'));
    const names = new Set(equals(context, 'username'));
    for (const user of usersOf(context)) {
      if (uids.size > 0 && !uids.has(String(user.uid))) continue;
      if (names.size > 0 && !names.has(user.name)) continue;
      yield { uid: user.uid, gid: user.gid, uid_signed: user.uid | 0, gid_signed: user.gid | 0, username: user.name, description: user.gecos, directory: user.home, shell: user.shell, uuid: '' };
    }
  },
};

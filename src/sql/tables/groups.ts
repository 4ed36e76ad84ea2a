/** osquery's `groups`: the group database of files. */
import { equals, type Table } from '../../model/table.ts';
import { groupsOf } from './homes.ts';

export const groups: Table = {
  name: 'groups',
  description: 'Local system groups.',
  columns: [
    { name: 'gid', type: 'BIGINT', index: true },
    { name: 'gid_signed', type: 'BIGINT' },
    { name: 'groupname', type: 'TEXT' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    const gids = new Set(equals(context, 'gid'));
    for (const group of groupsOf(context)) if (gids.size === 0 || gids.has(String(group.gid))) yield { gid: group.gid, gid_signed: group.gid | 0, groupname: group.name };
  },
};

/** osquery's `user_groups`: the groups of each user, its own and those of group(5) that list it. */
import type { GroupEntry } from '../../host/passwd.ts';
import { equals, type Table } from '../../model/table.ts';
import { groupsOf, usersOf } from './homes.ts';

export const user_groups: Table = {
  name: 'user_groups',
  description: 'Local system user group relationships.',
  columns: [
    { name: 'uid', type: 'BIGINT', index: true, optimized: true },
    { name: 'gid', type: 'BIGINT', index: true },
  ],
  *generate(context) {
    const uids = new Set(equals(context, 'uid'));
    const memberships = membershipsOf(groupsOf(context));
    for (const user of usersOf(context)) {
      if (uids.size > 0 && !uids.has(String(user.uid))) continue;
      for (const gid of new Set([user.gid, ...(memberships.get(user.name) ?? [])])) yield { uid: user.uid, gid };
    }
  },
};

function membershipsOf(groups: readonly GroupEntry[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { gid, members } of groups) for (const name of members) found.set(name, [...(found.get(name) ?? []), gid]);
  return found;
}

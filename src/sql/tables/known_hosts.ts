/** osquery's `known_hosts`: the hosts that users have connected to, line by line (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
import type { Table } from '../../model/table.ts';
import { usersAsked } from './homes.ts';
import { linesOf } from './lines.ts';

export const known_hosts: Table = {
  name: 'known_hosts',
  description: "A line-delimited known_hosts table.",
  columns: [
    { name: 'uid', type: 'BIGINT', index: true, optimized: true },
    { name: 'key', type: 'TEXT' },
    { name: 'key_file', type: 'TEXT' },
  ],
  *generate(context) {
    for (const { uid, home } of usersAsked(context)) {
      const key_file = `${home}/.ssh/known_hosts`;
      for (const line of linesOf(key_file, context)) if (line !== '' && !line.startsWith('#')) yield { uid, key: line, key_file };
    }
  },
};

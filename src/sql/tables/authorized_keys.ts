/** osquery's `authorized_keys`: who may log in as whom by a key (sshd(8), AUTHORIZED_KEYS FILE FORMAT). */
import { DEFAULT_KEY_FILES, parseAuthorizedKey } from '../../host/authorized-keys.ts';
import type { Table } from '../../model/table.ts';
import { usersAsked } from './homes.ts';
import { linesOf } from './lines.ts';

export const authorized_keys: Table = {
  name: 'authorized_keys',
  description: 'A line-delimited authorized_keys table.',
  columns: [
    { name: 'uid', type: 'BIGINT', additional: true },
    { name: 'algorithm', type: 'TEXT' },
    { name: 'key', type: 'TEXT' },
    { name: 'options', type: 'TEXT' },
    { name: 'comment', type: 'TEXT' },
    { name: 'key_file', type: 'TEXT' },
    { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
  ],
  *generate(context) {
    for (const { uid, home } of usersAsked(context)) {
      for (const file of DEFAULT_KEY_FILES) {
        const key_file = `${home}/${file}`;
        for (const line of linesOf(key_file, context)) {
          const found = parseAuthorizedKey(line);
          if (found === undefined) continue;
          const { algorithm, key, options, comment } = found;
          yield { uid, algorithm, key, options, comment, key_file, pid_with_namespace: 0 };
        }
      }
    }
  },
};

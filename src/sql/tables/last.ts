/** osquery's `last`: logins and logouts of /var/log/wtmp (utmp(5)), in the order they were written. */
import { DEAD_PROCESS, readUtmp, USER_PROCESS, WTMP } from '../../host/utmp.ts';
import { errnoOf, messageOf } from '../../model/errors.ts';
import type { Table } from '../../model/table.ts';

const TYPE_NAMES = new Map([[USER_PROCESS, 'user-process'], [DEAD_PROCESS, 'dead-process']]);

export const last: Table = createLast(WTMP);

export function createLast(path: string): Table {
  return {
    name: 'last',
    description: 'System logins and logouts.',
    columns: [
      { name: 'username', type: 'TEXT' },
      { name: 'tty', type: 'TEXT' },
      { name: 'pid', type: 'INTEGER' },
      { name: 'type', type: 'INTEGER' },
      { name: 'type_name', type: 'TEXT' },
      { name: 'time', type: 'INTEGER' },
      { name: 'host', type: 'TEXT' },
    ],
    *generate(context) {
      context.checkpoint();
      try {
        for (const record of readUtmp(path)) {
          context.checkpoint();
          const type_name = TYPE_NAMES.get(record.type);
          if (type_name !== undefined) yield { username: record.user, tty: record.line, pid: record.pid, type: record.type, type_name, time: record.time, host: record.host };
        }
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        context.warn(`${path} cannot be read, so past logins are not known: ${messageOf(error)}`);
      }
    },
  };
}

/** osquery's `logged_in_users`: /run/utmp (utmp(5)), its records of boots and runlevels included. Where no utmp is kept any more, the sessions of systemd-logind. */
import { readSessions } from '../../host/sessions.ts';
import { readUtmp, UTMP } from '../../host/utmp.ts';
import { errnoOf, messageOf } from '../../model/errors.ts';
import type { QueryContext, Row, Table } from '../../model/table.ts';

/** By number, from utmp(5). */
const TYPES = ['empty', 'runlevel', 'boot_time', 'new_time', 'old_time', 'init', 'login', 'user', 'dead', 'accounting'];
const INIT = 1;

export const logged_in_users: Table = createLoggedInUsers(UTMP);

export function createLoggedInUsers(path: string, sessions?: string): Table {
  return {
    name: 'logged_in_users',
    description: 'Users with an active shell on the system.',
    columns: [
      { name: 'type', type: 'TEXT' },
      { name: 'user', type: 'TEXT' },
      { name: 'tty', type: 'TEXT' },
      { name: 'host', type: 'TEXT' },
      { name: 'time', type: 'BIGINT' },
      { name: 'pid', type: 'INTEGER' },
    ],
    *generate(context) {
      context.checkpoint();
      try {
        for (const record of readUtmp(path)) {
          context.checkpoint();
          if (record.pid !== INIT) yield { type: TYPES[record.type] ?? 'unknown', user: record.user, tty: record.line, host: record.host, time: record.time, pid: record.pid };
        }
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        if (errnoOf(error) === 'ENOENT') yield* sessionRows(context, path, sessions);
        else context.warn(`${path} cannot be read, so nobody is known to be logged in: ${messageOf(error)}`);
      }
    },
  };
}

function* sessionRows(context: QueryContext, utmp: string, folder: string | undefined): Iterable<Row> {
  const sessions = readSessions(folder);
  context.warn(sessions === undefined ? `neither ${utmp} nor sessions of systemd-logind are here, so nobody is known to be logged in` : `${utmp} is not here: these are the sessions of systemd-logind`);
  for (const session of sessions ?? []) yield { type: 'user', user: session.user, tty: session.tty, host: session.host, time: session.time, pid: session.leader };
}

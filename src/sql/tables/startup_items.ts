/** osquery's `startup_items`: what starts with the host or with a desktop: autostart files of users and of all, init scripts, and systemd's units. */
import { MOST_UNIT_BYTES, parseUnit } from '../../host/units.ts';
import type { QueryContext, Row, Table } from '../../model/table.ts';
import { legible } from '../../model/text.ts';
import { filesIn, usersOf } from './homes.ts';
import { readWhole } from './lines.ts';
import { managedUnits } from './units.ts';

const INIT_SCRIPTS = '/etc/init.d/';
const AUTOSTART = '/etc/xdg/autostart/';

export const startup_items: Table = {
  name: 'startup_items',
  description: 'Applications and binaries set as user/login startup items.',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'path', type: 'TEXT' },
    { name: 'args', type: 'TEXT' },
    { name: 'type', type: 'TEXT' },
    { name: 'source', type: 'TEXT' },
    { name: 'status', type: 'TEXT' },
    { name: 'username', type: 'TEXT' },
  ],
  *generate(context) {
    for (const { name, home } of usersWithHomes(context)) {
      context.checkpoint();
      yield* desktopFiles(`${home}/.config/autostart/`, context, name);
      yield* scripts(`${home}/.config/autostart-scripts/`, context, name);
    }
    yield* scripts(INIT_SCRIPTS, context);
    yield* desktopFiles(AUTOSTART, context);
    for (const { property } of managedUnits(context)) yield { name: property('Id'), path: property('FragmentPath'), type: 'systemd unit', source: property('SourcePath'), status: property('ActiveState'), username: property('User') };
  },
};

/** One user for each home: system accounts share theirs. */
function usersWithHomes(context: QueryContext): { name: string; home: string }[] {
  const users = usersOf(context).filter(({ home }) => home.startsWith('/') && home !== '/');
  return [...new Map(users.toReversed().map(({ name, home }) => [home.replace(/\/+$/, ''), name])).entries()].map(([home, name]) => ({ name, home }));
}

/** The Name and Exec of the Desktop Entry Specification, whole also where osquery drops a command with a `=` in it. */
function* desktopFiles(folder: string, context: QueryContext, username?: string): Generator<Row> {
  for (const path of filesIn(folder, context)) {
    const entries = parseUnit(readWhole(context, path, { mayBeAbsent: true, most: MOST_UNIT_BYTES }) ?? '').filter(({ section }) => section === 'Desktop Entry');
    const value = (wanted: string): string => entries.find(({ key }) => key === wanted)?.value ?? '';
    yield { name: value('Name'), path: value('Exec'), ...item(folder, username) };
  }
}

function* scripts(folder: string, context: QueryContext, username?: string): Generator<Row> {
  for (const path of filesIn(folder, context)) yield { name: legible(path.slice(path.lastIndexOf('/') + 1)), path: legible(path), ...item(folder, username) };
}

function item(source: string, username: string | undefined): Row {
  return { type: 'Startup Item', source, status: 'enabled', ...(username === undefined ? {} : { username }) };
}

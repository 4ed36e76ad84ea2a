/** What `tickward fleet export fleetdm` asks, asked of the tables: each question finds what it is for. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { timerTables } from '../../extension/tables/index.ts';
import { createTimersTable } from '../../extension/tables/systemd_timers.ts';
import { FLEET_QUERIES } from '../../src/fleet/export.ts';
import { gathered, type GatheredTable, type Table } from '../../src/model/table.ts';
import { openStore } from '../../src/store/index.ts';
import { listTimers } from '../../src/timers/index.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { context } from '../helpers/table.ts';

const HOUR_MS = 3_600_000;

/** A table of what one of ours gives: a value that it does not have is NULL, as in osquery. */
async function fill(database: DatabaseSync, table: Table | GatheredTable): Promise<void> {
  const names = table.columns.map(({ name }) => name);
  database.exec(`CREATE TABLE ${table.name} (${table.columns.map(({ name, type }) => `"${name}" ${type}`).join(', ')})`);
  const insert = database.prepare(`INSERT INTO ${table.name} VALUES (${names.map(() => '?').join(', ')})`);
  for (const row of (await gathered(table, context())).generate(context())) insert.run(...names.map((name) => row[name] ?? null));
}

test('an open alert, an event of the last hour, and a timer of no package', async () => {
  const directory = temporaryDirectory();
  const units = join(directory, 'units');
  mkdirSync(units);
  writeFileSync(join(units, 'x.timer'), '[Timer]\nOnCalendar=daily\n');
  const store = openStore(join(directory, 'state'));
  const now = fileEvent({ id: 'now', time: new Date().toISOString() });
  const old = fileEvent({ id: 'old', time: new Date(Date.now() - 2 * HOUR_MS).toISOString() });
  store.events.append([now, old], [], [alertOf({ event: now }), alertOf({ event: old, suppressed_by: 'x' })]);
  const [events, alerts] = timerTables(store);
  const timers = createTimersTable(store.events, () => listTimers({ uid: 0, users: [], directories: [{ path: units, scope: 'system', kind: 'units' }] }));
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE time AS SELECT unixepoch() AS unix_time');
  for (const table of [events, alerts, timers]) if (table !== undefined) await fill(database, table);
  expect(FLEET_QUERIES.map(({ query }) => database.prepare(query).all().map((row) => row['eid'] ?? row['unit']))).toEqual([['now'], ['now'], ['x.timer']]);
  store.close();
});

/** What is deployed with the extension: the pack runs as it is, and the files name what there is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { embeddedTables } from '../../extension/tables/embedded.ts';
import { createEmbedded } from '../../src/sql/index.ts';
import { openStore } from '../../src/store/index.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { tickward } from '../helpers/tickward.ts';

const DEPLOY = join(import.meta.dirname, '../../extension/deploy');

interface Pack {
  platform: string;
  queries: Record<string, { query: string; interval: number; removed: boolean; description: string }>;
}

const pack = JSON.parse(readFileSync(join(DEPLOY, 'tickward.pack.json'), 'utf8')) as Pack;

test('tickward pack prints it', () => {
  expect(tickward(['pack'])).toMatchObject({ code: 0, stdout: readFileSync(join(DEPLOY, 'tickward.pack.json'), 'utf8') });
  expect(JSON.parse(tickward(['pack', '--json']).stdout)).toEqual(pack);
});

test('every query is scheduled as often as its table needs, logs what is added only, and runs', async () => {
  expect(Object.entries(pack.queries).map(([name, { interval, removed }]) => [name, interval, removed])).toEqual([
    ['systemd_timer_alerts', 300, false],
    ['systemd_timer_events', 60, false],
    ['systemd_timers', 86_400, false],
  ]);
  const stateDir = temporaryDirectory();
  const store = openStore(stateDir);
  const now = fileEvent({ id: 'now' });
  const old = fileEvent({ id: 'old', time: '2020-01-01T00:00:00.000Z' });
  store.events.append([now, old], [], [alertOf({ event: now }), alertOf({ event: old }), alertOf({ event: now, rule: { ...alertOf().rule, id: 'other' }, suppressed_by: 'x' })]);
  store.close();
  const engine = await createEmbedded({ tables: embeddedTables({ stateDir, uid: process.getuid?.() ?? 0 }) });
  try {
    const rows = async (name: string): Promise<(string | undefined)[]> => (await engine.query(pack.queries[name]?.query ?? '', { timeoutMs: 20_000 })).rows.map((row) => row['eid'] ?? row['unit']);
    expect(await rows('systemd_timer_events')).toEqual(['now']);
    expect(await rows('systemd_timer_alerts')).toEqual(['now']);
    expect((await engine.query(pack.queries['systemd_timers']?.query ?? '', { timeoutMs: 20_000 })).columns).not.toContain('next_run');
  } finally {
    await engine.close();
  }
});

test('the flags name the load file, the load file the extension, and the name is the one that is registered', () => {
  const flags = readFileSync(join(DEPLOY, 'osquery.flags'), 'utf8');
  expect(flags).toContain('--extensions_autoload=/etc/osquery/extensions.load\n');
  expect(flags).toContain('--extensions_require=tickward\n');
  expect(readFileSync(join(DEPLOY, 'extensions.load'), 'utf8')).toMatch(/^\/usr\/lib\/osquery\/extensions\/systemd_timer_events\.ext\n$/);
  // osquery passes over no other kind of line.
  for (const line of flags.trim().split('\n')) expect(line).toMatch(/^(?:#|--[a-z_]+=\S+$)/);
});

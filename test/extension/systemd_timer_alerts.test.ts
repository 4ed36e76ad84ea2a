import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { embeddedTables } from '../../extension/tables/embedded.ts';
import { createTimerAlertsTable } from '../../extension/tables/systemd_timer_alerts.ts';
import { Operator } from '../../src/model/table.ts';
import { createEmbedded, type Embedded } from '../../src/sql/index.ts';
import { openStore } from '../../src/store/index.ts';
import { alertOf } from '../helpers/alerts.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

type Others = Parameters<typeof fileEvent>;

/** By the alerts of their store. */
const engines = new Map<string, Promise<Embedded>>();
const directories: string[] = [];
afterAll(async () => {
  for (const engine of engines.values()) await (await engine).close();
  for (const directory of directories) rmSync(directory, { recursive: true });
});

async function asked(sql: string, ...others: Others): Promise<unknown> {
  const key = JSON.stringify(others);
  const engine = engines.get(key) ?? started(others);
  engines.set(key, engine);
  return (await (await engine).query(sql, { timeoutMs: 10_000, maxRows: 100 })).rows;
}

async function started(others: Others): Promise<Embedded> {
  const directory = mkdtempSync(join(tmpdir(), 'tickward-test-'));
  directories.push(directory);
  const store = openStore(directory);
  const at = (second: number): string => new Date(1_700_000_000_000 + second * 1_000 + 999).toISOString();
  const alerts = [0, 1, 2].map((second) => alertOf({ '@timestamp': at(second), event: fileEvent({ id: `e${second}`, path: `/etc/systemd/system/${second}.timer` }), ...(second === 1 ? { suppressed_by: 'x1' } : {}) }));
  for (const other of others) alerts.push(alertOf({ event: fileEvent(other) }));
  store.events.append(alerts.map(({ event }) => event), [], alerts);
  store.alerts.setStatus(alerts[2]!.id, { time: at(3), status: 'closed', by: 'alice', reason: 'r' });
  return createEmbedded({ tables: embeddedTables({ stateDir: directory, uid: process.getuid?.() ?? 0 }) });
}

test('an alert is a row with its rule, its event, its status and the exception that covers it', async () => {
  expect(await asked("SELECT * FROM systemd_timer_alerts WHERE eid = 'e1'")).toEqual([{ eid: 'e1', time: '1700000001', rule_id: 'rule', rule_name: 'A rule', severity: 'low', risk_score: '21', path: '/etc/systemd/system/1.timer', username: 'root', executable: '/usr/bin/dash', cmdline: 'sh -c evil', mitre_technique: 'T1053.006', suppressed_by: 'x1', status: 'open' }]);
  expect(await asked("SELECT eid FROM systemd_timer_alerts WHERE status = 'closed' OR suppressed_by <> '' ORDER BY eid")).toEqual([{ eid: 'e1' }, { eid: 'e2' }]);
});

test('its eid joins it with the event', async () => {
  expect(await asked('SELECT action, status FROM systemd_timer_alerts JOIN systemd_timer_events USING (eid) ORDER BY eid')).toEqual([{ action: 'creation', status: 'open' }, { action: 'creation', status: 'open' }, { action: 'creation', status: 'closed' }]);
});

test.each([
  ['= 1700000001', ['e1']],
  ['> 1700000000', ['e1', 'e2']],
  ['>= 1700000001', ['e1', 'e2']],
  ['< 1700000001', ['e0']],
  ['<= 1700000001', ['e0', 'e1']],
  ['> 1700000000.5', ['e1', 'e2']],
  // To SQLite a text that is no number comes after all numbers.
  ["> 'soon'", []],
  ["< 'soon'", ['e0', 'e1', 'e2']],
  ["< ''", ['e0', 'e1', 'e2']],
  ["< '0x10'", ['e0', 'e1', 'e2']],
  ["> ''", []],
])('time %s finds what a look at all alerts finds', async (condition, eids) => {
  expect(await asked(`SELECT eid FROM systemd_timer_alerts WHERE time ${condition} ORDER BY eid`)).toEqual(eids.map((eid) => ({ eid })));
});

test.each([
  ['>= -1', ['e0', 'e1', 'e2']],
  ['>= -2', ['before', 'e0', 'e1', 'e2']],
  ['< 0', ['before']],
  ['= -2', ['before']],
  ['IS NOT NULL', ['before', 'e0', 'e1', 'e2']],
])('time %s finds what a host whose clock was before 1970 has', async (condition, eids) => {
  const before = { time: '1969-12-31T23:59:58.000Z', id: 'before' };
  expect(await asked(`SELECT eid FROM systemd_timer_alerts WHERE time ${condition} ORDER BY eid`, before)).toEqual(eids.map((eid) => ({ eid })));
  expect(await asked(`SELECT eid FROM systemd_timer_events WHERE time ${condition} ORDER BY eid`, before)).toEqual(eids.map((eid) => ({ eid })));
});

test.each([
  ["eid = 'e1'", ['e1']],
  ["eid IN ('e0', 'e2', 'e0', 'none')", ['e0', 'e2']],
  ["path = '/etc/systemd/system/2.timer'", ['e2']],
  ["status = 'open' AND rule_id = 'rule' AND eid <> 'e0'", ['e1']],
  ["rule_id = 'another'", []],
  ["status = 'OPEN' COLLATE NOCASE", ['e0', 'e1']],
  ["eid IN ('E1', 'E2') COLLATE NOCASE", []],
  ["eid COLLATE NOCASE IN ('E1', 'E2')", ['e1', 'e2']],
  ["status IN ('closed', 'open') AND path IN ('/etc/systemd/system/0.timer', '/etc/systemd/system/2.timer') AND time > 1700000000", ['e2']],
])('%s finds what a look at all alerts finds', async (condition, eids) => {
  expect(await asked(`SELECT eid FROM systemd_timer_alerts WHERE ${condition} ORDER BY eid`)).toEqual(eids.map((eid) => ({ eid })));
});

test('of thousands of alerts only those that are asked for are read, in the order they came', () => {
  const store = openStore(temporaryDirectory());
  const alerts = Array.from({ length: 2_000 }, (_, n) => alertOf({ event: fileEvent({ id: `e${n}`, path: `/etc/systemd/system/${n % 500}.timer` }), rule: { ...alertOf().rule, id: `r${n % 2}` } }));
  store.events.append([], [], alerts);
  const read = (constraints: Partial<Record<string, readonly string[]>>): unknown[] => [...createTimerAlertsTable(store.alerts).generate({ constraints: (column) => (constraints[column] ?? []).map((value) => ({ op: Operator.EQUALS, value })), uses: () => true, checkpoint: () => undefined, msLeft: () => 1_000, warn: () => undefined })].map(({ eid }) => eid);
  expect(read({ eid: ['e1999', 'e3'] })).toEqual(['e3', 'e1999']);
  expect(read({ path: ['/etc/systemd/system/7.timer'] })).toEqual(['e7', 'e507', 'e1007', 'e1507']);
  expect(read({ path: ['/etc/systemd/system/7.timer'], rule_id: ['r0'] })).toEqual([]);
  // More than a page, and more than SQLite gets one by one.
  expect(read({ eid: alerts.slice(100, 900).map(({ event }) => event.event.id) })).toEqual(alerts.slice(100, 900).map(({ event }) => event.event.id));
  expect(read({ status: ['closed'] })).toEqual([]);
  store.close();
});

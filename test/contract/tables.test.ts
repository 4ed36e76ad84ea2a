/** Every table of the embedded engine is what osquery publishes, and keeps to the contract of a table. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Row, Table } from '../../src/model/table.ts';
import { tables } from '../../src/sql/tables/index.ts';
import { context } from '../helpers/table.ts';

const schema = (JSON.parse(readFileSync(new URL('../fixtures/osquery-results/schema.json', import.meta.url), 'utf8')) as { tables: Record<string, object[]> }).tables;

/** What a table with a required column is asked here. */
const QUESTIONS: Record<string, Record<string, string[]>> = { file: { directory: ['/etc'] }, hash: { path: ['/etc/passwd'] } };

/** What people and programs may have left empty, or have not: nobody may be logged in, there may be no cron job, no dpkg or no rpm, in a namespace of its own no network; what may not be read is a warning. */
const MAY_BE_EMPTY = new Set(['arp_cache', 'authorized_keys', 'crontab', 'deb_package_files', 'deb_packages', 'interface_addresses', 'kernel_modules', 'known_hosts', 'last', 'listening_ports', 'logged_in_users', 'process_open_sockets', 'routes', 'rpm_package_files', 'rpm_packages', 'shadow', 'shell_history', 'startup_items', 'sudoers', 'suid_bin', 'systemd_units', 'user_ssh_keys']);

/** One file, one answer of the kernel or of a program, the clock, or files that the host may not have: nothing that has to be walked. */
const INSTANT = new Set(['arp_cache', 'authorized_keys', 'deb_package_files', 'deb_packages', 'dns_resolvers', 'etc_hosts', 'groups', 'interface_addresses', 'kernel_info', 'kernel_modules', 'known_hosts', 'load_average', 'os_version', 'routes', 'rpm_package_files', 'rpm_packages', 'shadow', 'shell_history', 'sudoers', 'system_info', 'systemd_units', 'time', 'uptime', 'user_groups', 'user_ssh_keys', 'users']);

const isNumeric = (value: unknown): boolean => value === undefined || value === null || typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value)) || /^-?\d+(?:\.\d+)?$/.test(String(value));

/** Long enough for every table; /tmp, where suid_bin looks too, may hold millions of files. */
const ENOUGH_MS = 3_000;
class Enough extends Error {}

function someRows(name: string, table: Table): Row[] {
  const end = performance.now() + ENOUGH_MS;
  const rows: Row[] = [];
  try {
    for (const row of table.generate({ ...context(QUESTIONS[name]), checkpoint: () => { if (performance.now() > end) throw new Enough(); } })) rows.push(row);
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
  }
  return rows;
}

describe.each(tables.map((table) => [table.name, table] as const))('%s', (name, table) => {
  test('has the columns, types and options of osquery', () => {
    expect(table.columns.map(({ description: _, ...column }) => column)).toEqual(schema[name]);
    expect(table.description).not.toBe('');
  });

  test('gives rows of its own columns only', () => {
    const columns = new Set(table.columns.map((column) => column.name));
    const rows = someRows(name, table);
    expect(rows.flatMap((row) => Object.keys(row)).filter((column) => !columns.has(column))).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(MAY_BE_EMPTY.has(name) ? 0 : 1);
  });

  test('gives numbers where numbers are published, and text elsewhere', () => {
    const rows = someRows(name, table);
    const wrong = table.columns.flatMap(({ name: column, type }) => rows.map((row) => row[column]).filter((value) => (type === 'TEXT' ? value !== undefined && typeof value !== 'string' : !isNumeric(value))).map((value) => `${column} ${type} ${typeof value} ${String(value)}`));
    expect(wrong).toEqual([]);
  });

  test('gives a column that is read alone as it does among all', () => {
    const has = (row: Row, column: string): boolean => row[column] !== undefined && row[column] !== null && row[column] !== '';
    const all = someRows(name, table);
    const filled = table.columns.map((column) => column.name).filter((column) => all.some((row) => has(row, column)));
    const lost = filled.filter((wanted) => {
      for (const row of table.generate({ ...context(QUESTIONS[name]), uses: (column) => column === wanted })) if (has(row, wanted)) return false;
      return true;
    });
    expect(lost).toEqual([]);
  });
});

test.each(tables.filter((table) => !INSTANT.has(table.name)).map((table) => [table.name, table] as const))('%s ends when its deadline has passed', (name, table) => {
  const late = { ...context(QUESTIONS[name]), checkpoint: () => { throw new Error('deadline'); } };
  expect(() => [...table.generate(late)]).toThrow('deadline');
});

/** Every table of the embedded engine is what osquery publishes, and keeps to the contract of a table. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Row, Table } from '../../src/model/table.ts';
import { tables } from '../../src/sql/tables/index.ts';
import { context } from '../helpers/table.ts';

const schema = (JSON.parse(readFileSync(new URL('../fixtures/osquery-results/schema.json', import.meta.url), 'utf8')) as { tables: Record<string, object[]> }).tables;

/** What a table with a required column is asked here. */
const QUESTIONS: Record<string, Record<string, string[]>> = { file: { directory: ['/etc'] }, hash: { path: ['/etc/passwd'] } };

/** A host may have no cron job at all, no dpkg, no rpm; what may not be read is a warning. */
const MAY_BE_EMPTY = new Set(['authorized_keys', 'crontab', 'deb_package_files', 'deb_packages', 'known_hosts', 'rpm_package_files', 'rpm_packages', 'shadow', 'shell_history', 'startup_items', 'sudoers', 'suid_bin', 'systemd_units', 'user_ssh_keys']);

/** One file or the clock, a program that is given the time there is, or files that the host may not have: nothing to walk. */
const INSTANT = new Set([...MAY_BE_EMPTY, 'groups', 'time', 'user_groups', 'users'].filter((name) => !['crontab', 'startup_items', 'suid_bin'].includes(name)));

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
});

test.each(tables.filter((table) => !INSTANT.has(table.name)).map((table) => [table.name, table] as const))('%s ends when its deadline has passed', (name, table) => {
  const late = { ...context(QUESTIONS[name]), checkpoint: () => { throw new Error('deadline'); } };
  expect(() => [...table.generate(late)]).toThrow('deadline');
});

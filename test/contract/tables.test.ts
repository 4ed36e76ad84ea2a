/** Every table of the embedded engine is what osquery publishes, and keeps to the contract of a table. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Row } from '../../src/model/table.ts';
import { tables } from '../../src/sql/tables/index.ts';
import { context } from '../helpers/table.ts';

const schema = (JSON.parse(readFileSync(new URL('../fixtures/osquery-results/schema.json', import.meta.url), 'utf8')) as { tables: Record<string, object[]> }).tables;

/** What a table with a required column is asked here. */
const QUESTIONS: Record<string, Record<string, string[]>> = { file: { directory: ['/etc'] }, hash: { path: ['/etc/passwd'] } };

/** A host may have no cron job, no module, no neighbour, nobody logged in, and in a namespace of its own no network. */
const MAY_BE_EMPTY = new Set(['arp_cache', 'crontab', 'interface_addresses', 'kernel_modules', 'last', 'listening_ports', 'logged_in_users', 'process_open_sockets', 'routes']);

/** One file, one answer of the kernel or the clock: nothing to walk. */
const INSTANT = new Set(['arp_cache', 'dns_resolvers', 'etc_hosts', 'groups', 'interface_addresses', 'kernel_info', 'kernel_modules', 'load_average', 'os_version', 'routes', 'system_info', 'time', 'uptime', 'users']);

const isNumeric = (value: unknown): boolean => value === undefined || value === null || typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value)) || /^-?\d+(?:\.\d+)?$/.test(String(value));

describe.each(tables.map((table) => [table.name, table] as const))('%s', (name, table) => {
  test('has the columns, types and options of osquery', () => {
    expect(table.columns.map(({ description: _, ...column }) => column)).toEqual(schema[name]);
    expect(table.description).not.toBe('');
  });

  test('gives rows of its own columns only', () => {
    const columns = new Set(table.columns.map((column) => column.name));
    const rows = [...table.generate(context(QUESTIONS[name]))];
    expect(rows.flatMap((row) => Object.keys(row)).filter((column) => !columns.has(column))).toEqual([]);
    expect(rows.length).toBeGreaterThanOrEqual(MAY_BE_EMPTY.has(name) ? 0 : 1);
  });

  test('gives numbers where numbers are published, and text elsewhere', () => {
    const rows = [...table.generate(context(QUESTIONS[name]))];
    const wrong = table.columns.flatMap(({ name: column, type }) => rows.map((row) => row[column]).filter((value) => (type === 'TEXT' ? value !== undefined && typeof value !== 'string' : !isNumeric(value))).map((value) => `${column} ${type} ${typeof value} ${String(value)}`));
    expect(wrong).toEqual([]);
  });

  test('gives a column that is read alone as it does among all', () => {
    const has = (row: Row, column: string): boolean => row[column] !== undefined && row[column] !== null && row[column] !== '';
    const all = [...table.generate(context(QUESTIONS[name]))];
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

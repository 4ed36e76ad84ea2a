/** Every table of the embedded engine is what osquery publishes, and keeps to the contract of a table. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tables } from '../../src/sql/tables/index.ts';
import { context } from '../helpers/table.ts';

const schema = (JSON.parse(readFileSync(new URL('../fixtures/osquery-results/schema.json', import.meta.url), 'utf8')) as { tables: Record<string, object[]> }).tables;

/** What a table with a required column is asked here. */
const QUESTIONS: Record<string, Record<string, string[]>> = { file: { directory: ['/etc'] }, hash: { path: ['/etc/passwd'] } };

/** A host may have no cron job at all. */
const MAY_BE_EMPTY = new Set(['crontab']);

/** One file or the clock: nothing to walk. */
const INSTANT = new Set(['time', 'users', 'groups']);

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
});

test.each(tables.filter((table) => !INSTANT.has(table.name)).map((table) => [table.name, table] as const))('%s ends when its deadline has passed', (name, table) => {
  const late = { ...context(QUESTIONS[name]), checkpoint: () => { throw new Error('deadline'); } };
  expect(() => [...table.generate(late)]).toThrow('deadline');
});

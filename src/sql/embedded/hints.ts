/** What somebody may have meant whose query names what there is not. Pure. */
import type { Table } from '../../model/table.ts';

/** Those whose names have the word in them first: `timers` for `systemd_timers`. */
export function tablesFor(name: string, tables: readonly string[]): string {
  const word = name.toLowerCase().replace(/s$/, '');
  const like = word === '' ? [] : tables.filter((table) => table.includes(word));
  const all = `the tables are ${tables.join(', ')}`;
  return like.length === 0 ? all : `is it ${like.join(' or ')}? ${all}`;
}

/** The columns of the tables that the query names. */
export function columnsFor(sql: string, tables: readonly Pick<Table, 'name' | 'columns'>[]): string {
  const words = new Set(sql.toLowerCase().match(/\w+/g));
  const named = tables.filter(({ name }) => words.has(name)).map(({ name, columns }) => `${name} has ${columns.map((column) => column.name).join(', ')}`);
  return [...(named.length > 0 ? named : ['PRAGMA table_info(TABLE) shows the columns of a table']), 'text stands in single quotes'].join('; ');
}

/** The thread in which the embedded engine runs: a query that does not end by itself is ended with it. */
import { parentPort, workerData } from 'node:worker_threads';
import type { GatheredTable, Table } from '../../model/table.ts';
import { Database, loadSqlite } from './database.ts';
import { packed, type Answer, type Question, type ThreadData } from './messages.ts';

const { tables: source, port, signal } = workerData as ThreadData;

const say = (answer: Answer): void => parentPort?.postMessage(answer);

async function tablesFrom(): Promise<readonly (Table | GatheredTable)[]> {
  if (source === undefined) return [];
  const { open } = (await import(source.module)) as { open: (data: unknown) => readonly (Table | GatheredTable)[] };
  return open(source.data);
}

async function respond(database: Database, question: Question): Promise<void> {
  if (question.kind === 'query') {
    try {
      say({ kind: 'rows', result: await database.query(question.sql, question.options) });
    } catch (error) {
      say({ kind: 'failed', error: packed(error) });
    }
    return;
  }
  port.postMessage(await database.parses(question.sql));
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

// SQLite is compiled aside while the tables are loaded.
const [sqlite3, { tables: hostTables }, ownTables] = await Promise.all([loadSqlite(), import('../tables/index.ts'), tablesFrom()]);
const database = new Database(sqlite3, [...hostTables, ...ownTables]);
parentPort?.on('message', (question: Question) => void respond(database, question));
say({ kind: 'ready', version: database.version });

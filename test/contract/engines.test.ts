/** What every engine owes, whatever answers behind it. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createManagerClient } from '../../src/osquery/client.ts';
import { createEmbedded, chooseEngine, engines, type Embedded, type Engine } from '../../src/sql/index.ts';
import { createOsqueryd } from '../../src/sql/osqueryd.ts';
import { createOsqueryi } from '../../src/sql/osqueryi.ts';
import type { ExtensionResponse } from '../../src/osquery/types.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { playManager, type PlayedManager } from '../helpers/manager.ts';

/** Real SQLite answers behind the played osqueryd and the stand-in for osqueryi, so that all engines face the same SQL. */
let behind: Embedded;
beforeAll(async () => {
  behind = await createEmbedded({});
});
afterAll(() => behind.close());

async function answer(sql: string): Promise<{ columns: ExtensionResponse; rows: ExtensionResponse }> {
  const good = { code: 0, message: 'OK', uuid: 0 };
  try {
    const { columns, rows } = await behind.query(sql, { timeoutMs: 5_000 });
    return { columns: { status: good, response: columns.map((name) => ({ [name]: 'TEXT' })) }, rows: { status: good, response: rows } };
  } catch (error) {
    const refused = { status: { code: 1, message: error instanceof Error ? error.message : '', uuid: 0 }, response: [] };
    return { columns: refused, rows: refused };
  }
}

async function playedOsqueryd(): Promise<Engine> {
  const manager: PlayedManager = await playManager(temporaryDirectory(), { answer: async (sql) => (await answer(sql)).rows, columns: async (sql) => (await answer(sql)).columns });
  onTestFinished(() => manager.close());
  return createOsqueryd(manager.socket);
}

/** A program with osqueryi's arguments, output and errors, in front of the same SQLite. */
function stoodInOsqueryi(): Engine {
  const program = join(temporaryDirectory(), 'osqueryi');
  const source = `
import { createEmbedded } from ${JSON.stringify(join(import.meta.dirname, '../../src/sql/index.ts'))};
if (process.argv.includes('--version')) console.log('osqueryi version 5.23.0');
else {
  const engine = await createEmbedded({});
  try {
    const sql = process.argv.at(-1);
    const { rows } = await engine.query(sql, { timeoutMs: 5000 });
    process.stdout.write(JSON.stringify(rows) + '\\n');
  } catch (error) {
    console.error('Error: ' + error.message);
    process.exitCode = 1;
  }
  await engine.close();
}`;
  writeFileSync(`${program}.ts`, source);
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${program}.ts' "$@"\n`, { mode: 0o755 });
  return createOsqueryi(program);
}

const START: Record<string, () => Promise<Engine>> = {
  osqueryd: playedOsqueryd,
  osqueryi: async () => stoodInOsqueryi(),
  embedded: () => createEmbedded({}),
};

test('the suite knows every engine of the list', () => {
  expect(engines.map(({ name }) => name)).toEqual(Object.keys(START));
});

describe.each(engines.map(({ name }) => name))('%s', (name) => {
  const start = async (): Promise<Engine> => {
    const engine = await (START[name] ?? (() => Promise.reject(new Error('not in the suite'))))();
    onTestFinished(() => engine.close());
    expect(engine.name).toBe(name);
    expect(await engine.available()).toMatchObject({ ok: true });
    return engine;
  };

  test('gives rows of text', async () => {
    const { rows, truncated } = await (await start()).query("SELECT path, size > 0 AS filled, NULL AS none, 1.5 AS half FROM file WHERE path = '/etc/passwd'");
    expect(rows).toEqual([{ path: '/etc/passwd', filled: '1', none: '', half: '1.5' }]);
    expect(truncated).toBe(false);
  });

  test('keeps quotes, newlines, escapes and letters of any script as they are', async () => {
    const value = `it's "x"; -- %_*\n\t\u001b[2J 时间 é`;
    const { rows } = await (await start()).query(`SELECT '${value.replaceAll("'", "''")}' AS value`);
    expect(rows).toEqual([{ value }]);
  });

  test('no rows are no error', async () => {
    expect((await (await start()).query("SELECT path FROM file WHERE path = '/nonexistent'")).rows).toEqual([]);
  });

  test('gives at most the rows that are wanted, and says so', async () => {
    const { rows, truncated } = await (await start()).query('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i FROM n', { maxRows: 10 });
    expect(rows).toHaveLength(10);
    expect(truncated).toBe(true);
  });

  test.each([['SELEC 1', /syntax error/], ['SELECT * FROM nowhere', /no such table: nowhere/], ['SELECT shoe FROM users', /no such column: shoe/]])('%s is an error in its words, and the next query is answered', async (sql, message) => {
    const engine = await start();
    await expect(engine.query(sql)).rejects.toMatchObject({ code: 'QUERY', message: expect.stringMatching(message) });
    expect((await engine.query('SELECT 1 AS a')).rows).toEqual([{ a: '1' }]);
  });
});

test('the order of auto: osqueryd, osqueryi, embedded; and why the others did not answer', async () => {
  const { engine, tried } = await chooseEngine('auto', { socket: '/nonexistent.em' });
  onTestFinished(() => engine.close());
  expect(tried[0]).toEqual({ name: 'osqueryd', reason: 'there is no socket /nonexistent.em' });
  expect(['osqueryi', 'embedded']).toContain(engine.name);
  await expect(chooseEngine('osqueryd', { socket: '/nonexistent.em' })).rejects.toThrow(/there is no socket/);
});

test('an osqueryd that does not answer in time is an error, and its connection is dropped', async () => {
  const manager = await playManager(temporaryDirectory(), { answer: () => new Promise(() => undefined), columns: async () => (await answer('SELECT 1 AS a')).columns });
  onTestFinished(() => manager.close());
  const engine = createOsqueryd(manager.socket);
  await engine.available();
  await expect(engine.query('SELECT 1 AS a', { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect((await createManagerClient(manager.socket, 1_000).ping()).code).toBe(0);
});

test('an osqueryi that floods, hangs or answers no JSON is an error', async () => {
  const directory = temporaryDirectory();
  const program = (body: string): Engine => {
    const path = join(directory, `osqueryi-${body.length}`);
    writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    expect(existsSync(path)).toBe(true);
    return createOsqueryi(path);
  };
  await expect(program('echo not json').query('SELECT 1')).rejects.toThrow(/no JSON/);
  await expect(program('exec sleep 60').query('SELECT 1', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  await expect(program('exec cat /dev/zero').query('SELECT 1')).rejects.toThrow(/more than can be kept/);
  await expect(createOsqueryi(join(directory, 'none')).available()).resolves.toMatchObject({ ok: false, reason: expect.stringContaining('not installed') });
});

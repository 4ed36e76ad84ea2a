/** What every engine owes, whatever answers behind it. */
import { chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createManagerClient } from '../../src/osquery/client.ts';
import { createEmbedded, chooseEngine, engines, type Embedded, type Engine } from '../../src/sql/index.ts';
import { createOsqueryd, defaultSockets } from '../../src/sql/osqueryd.ts';
import { createOsqueryi } from '../../src/sql/osqueryi.ts';
import type { ExtensionResponse } from '../../src/osquery/types.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { playManager, type PlayedManager } from '../helpers/manager.ts';
import { isRoot } from '../helpers/needs.ts';
import { programOf } from '../helpers/program.ts';

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
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${programOf('test/helpers/as-osqueryi')}' "$@"\n`, { mode: 0o755 });
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

  test.each(['SELECT 1 AS a; SELECT 2 AS b', "SELECT ';' AS a -- ;\n;;\nSELECT 2 AS b"])('of several statements none is answered: %s', async (sql) => {
    await expect((await start()).query(sql)).rejects.toMatchObject({ code: 'QUERY', message: expect.stringContaining('2 statements'), hint: expect.stringContaining('one') });
  });

  test('a semicolon at the end, in a text and in a comment begins no other', async () => {
    expect((await (await start()).query("SELECT ';' AS \"a;\" /* ; */; -- ; SELECT 2\n;")).rows).toEqual([{ 'a;': ';' }]);
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

test('one slow query of osqueryd is an error, its connection is dropped, and the next is answered', async () => {
  const manager = await playManager(temporaryDirectory(), { answer: async (sql) => (sql.includes('slow') ? new Promise<never>(() => undefined) : (await answer(sql)).rows), columns: async (sql) => (await answer(sql)).columns });
  onTestFinished(() => manager.close());
  const engine = createOsqueryd(manager.socket);
  await engine.available();
  await expect(engine.query("SELECT 'slow' AS a", { timeoutMs: 500 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect((await engine.query("SELECT 'fast' AS a")).rows).toEqual([{ a: 'fast' }]);
  expect((await createManagerClient(manager.socket, 10_000).ping()).code).toBe(0);
});

/** Whatever it is asked, it says these bytes, and hangs up or not. */
async function playedBytes(bytes: Buffer, hangsUp: boolean): Promise<string> {
  const path = join(temporaryDirectory(), 'em');
  const server = createServer((socket) => socket.on('error', () => undefined).once('data', () => (hangsUp ? socket.end(bytes) : socket.write(bytes))));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return path;
}

/** The start of an answer to getQueryColumns: version and type, its name, sequence id; then a status that never comes. */
const HALF_AN_ANSWER = Buffer.concat([Buffer.from([0x80, 1, 0, 2, 0, 0, 0, 15]), Buffer.from('getQueryColumns'), Buffer.from([0, 0, 0, 0, 12, 0, 0, 12])]);

test.each([
  ['garbage', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), false, { code: 'FAILED', message: expect.stringContaining('no Thrift') }],
  ['half an answer and hangs up', HALF_AN_ANSWER, true, { code: 'FAILED', message: expect.stringContaining('closed the connection') }],
  ['half an answer and hangs', HALF_AN_ANSWER, false, { code: 'TIMEOUT' }],
  ['nothing and hangs up', Buffer.alloc(0), true, { code: 'FAILED' }],
  ['nothing and hangs', Buffer.alloc(0), false, { code: 'TIMEOUT' }],
])('an osqueryd that says %s is an error', async (_what, bytes, hangsUp, error) => {
  const engine = createOsqueryd(await playedBytes(bytes, hangsUp));
  expect(await engine.available()).toMatchObject({ ok: false });
  await expect(engine.query('SELECT 1', { timeoutMs: 500 })).rejects.toMatchObject(error);
});

describe('without --socket', () => {
  test('osqueryd is asked first, then an open osqueryi', () => {
    expect(defaultSockets('/home/alice')).toEqual(['/var/osquery/osquery.em', '/home/alice/.osquery/shell.em']);
  });

  test('a socket that cannot be looked at is one that does not answer', async () => {
    const loop = join(temporaryDirectory(), 'loop');
    symlinkSync(loop, loop);
    expect(await createOsqueryd(join(loop, 'shell.em')).available()).toMatchObject({ ok: false, reason: expect.stringContaining('cannot be looked at: ELOOP') });
  });

  const openShell = async (): Promise<string> => {
    const home = temporaryDirectory();
    const manager = await playManager(home, { answer: async (sql) => (await answer(sql)).rows, columns: async (sql) => (await answer(sql)).columns });
    onTestFinished(() => manager.close());
    mkdirSync(join(home, '.osquery'));
    symlinkSync(manager.socket, join(home, '.osquery/shell.em'));
    const before = process.env['HOME'];
    process.env['HOME'] = home;
    onTestFinished(() => void (before === undefined ? delete process.env['HOME'] : (process.env['HOME'] = before)));
    return manager.socket;
  };

  test.skipIf(existsSync('/var/osquery/osquery.em'))('an osqueryi that is open answers', async () => {
    await openShell();
    const { engine } = await chooseEngine('auto');
    expect(engine.name).toBe('osqueryd');
    expect((await engine.query('SELECT 2 AS a')).rows).toEqual([{ a: '2' }]);
  });

  test.skipIf(!isRoot || existsSync('/var/osquery/osquery.em'))('a socket of somebody else is not believed', async () => {
    chownSync(await openShell(), 54_321, 54_321);
    expect(await createOsqueryd().available()).toMatchObject({ ok: false, reason: expect.stringContaining('belongs to somebody else (uid 54321)') });
  });
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
  await expect(program("echo '[1, null]'").query('SELECT 1')).rejects.toThrow(/no list of rows/);
  await expect(program("printf '[{\"a\":'; kill -9 $$").query('SELECT 1')).rejects.toThrow(/ended with a signal/);
  await expect(program('echo []').query(' .socket')).rejects.toThrow(/syntax error/);
  await expect(program('exec sleep 60').query('SELECT 1', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  const started = performance.now();
  await expect(program("trap '' TERM; while :; do sleep 0.1; done").query('SELECT 1', { timeoutMs: 200 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  // In the middle of a table it ends for nobody who asks.
  expect(performance.now() - started).toBeLessThan(1_500);
  await expect(program('exec cat /dev/zero').query('SELECT 1')).rejects.toThrow(/more than can be kept/);
  await expect(createOsqueryi(join(directory, 'none')).available()).resolves.toMatchObject({ ok: false, reason: expect.stringContaining('not installed') });
});

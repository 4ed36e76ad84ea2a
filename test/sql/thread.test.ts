/** The embedded engine in its thread: whatever a query does, it ends at its deadline, and the engine works on. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEmbedded, type Embedded } from '../../src/sql/index.ts';
import { oddTables } from '../helpers/odd-tables.ts';
import { until } from '../helpers/until.ts';

/** One for all: it works on, whatever was asked of it. */
let engine: Embedded;
beforeAll(async () => {
  engine = await createEmbedded({ tables: oddTables });
});
afterAll(() => engine.close());

const DEADLINE_MS = 200;
/** Only to fail rather than to hang: how punctual it is, the bench measures. */
const LIMIT_MS = 10_000;

const LETTERS = `${'a'.repeat(40)}!`;

describe('stops at its deadline and the engine works on', () => {
  test.each([
    ['a recursion without end', 'WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x'],
    ['a cross join', 'SELECT count(*) FROM endless a, endless b'],
    ['a join of what the host has', 'WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x LIMIT 100000) SELECT count(*) FROM x a, x b, x c'],
    ['a table that never ends', 'SELECT max(n) FROM endless'],
    ['a table that never begins', 'SELECT n FROM stuck'],
    ['a regular expression that backtracks', `SELECT regex_match('${LETTERS}', '^(a+)+$', 0)`],
    ['a LIKE over much text', "SELECT hex(zeroblob(8000000)) LIKE '%' || hex(zeroblob(2000)) || '1'"],
    ['a GLOB over much text', "SELECT hex(zeroblob(8000000)) GLOB '*' || hex(zeroblob(2000)) || '1'"],
    ['a program that gives no answer', 'SELECT n FROM slow_program'],
    ['a table that is waited for in vain', 'SELECT n FROM never'],
  ])('%s', async (_what, sql) => {
    const start = performance.now();
    await expect(engine.query(sql, { timeoutMs: DEADLINE_MS })).rejects.toMatchObject({ code: 'TIMEOUT', message: 'the query took longer than 0.2 s and was stopped' });
    expect(performance.now() - start).toBeLessThan(LIMIT_MS);
    expect((await engine.query("SELECT path FROM file WHERE path = '/etc/passwd'")).rows).toEqual([{ path: '/etc/passwd' }]);
    expect(engine.parses('SELECT 1')).toBeUndefined();
  });
});

test('the next query is answered, not stopped by the deadline of the one before it', async () => {
  const late = engine.query('SELECT n FROM stuck', { timeoutMs: DEADLINE_MS });
  const next = engine.query('SELECT greeting FROM given', { timeoutMs: 60_000 });
  await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect((await next).rows).toEqual([{ greeting: 'hello' }]);
});

test('nothing here waits while a query runs', async () => {
  let turns = 0;
  const query = engine.query('SELECT n FROM stuck', { timeoutMs: DEADLINE_MS }).catch((error: unknown) => error);
  await until(() => (turns += 1) > 10);
  await expect(query).resolves.toMatchObject({ code: 'TIMEOUT' });
  expect(turns).toBeGreaterThan(10);
});

test('more memory than there may be is an error of that query', async () => {
  await expect(engine.query('SELECT n FROM greedy', { timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'QUERY', message: 'the query needed more memory than it may have' });
  expect((await engine.query('SELECT 1 AS one')).rows).toEqual([{ one: '1' }]);
});

test('an answer that is too large is cut, and it is said', async () => {
  const { rows, truncated } = await engine.query('SELECT hex(zeroblob(4000000)) AS text, n FROM endless', { timeoutMs: 60_000 });
  expect(truncated).toBe(true);
  expect(rows.length).toBe(8);
});

test('rows that have to be waited for are gathered once for a query, with their warnings', async () => {
  expect(await engine.query('SELECT a.n + 10 * b.n AS n FROM later a, later b ORDER BY 1')).toMatchObject({ rows: [{ n: '11' }, { n: '12' }, { n: '21' }, { n: '22' }], warnings: ['later: half of it is there'] });
  await expect(engine.query('SELECT n FROM refuses')).rejects.toMatchObject({ code: 'QUERY', message: 'nobody answers' });
});

test('errors come out of the thread with their hint and place', async () => {
  await expect(engine.query('SELECT nope FROM users')).rejects.toMatchObject({ code: 'QUERY', message: 'no such column: nope', hint: expect.stringMatching(/^users has uid, gid, /), place: { line: 1, column: 8 } });
  expect(engine.parses('SELECT FROM')).toBe('near "FROM": syntax error');
});

test('tables that cannot be loaded are an error of the start', async () => {
  await expect(createEmbedded({ tables: { module: 'file:///nonexistent.ts', data: null } })).rejects.toMatchObject({ code: 'FAILED', message: expect.stringContaining('nonexistent') });
});

test('a closed engine says so, and one that was forgotten keeps no program alive', async () => {
  const closed = await createEmbedded({ tables: oddTables });
  const asked = closed.query('SELECT n FROM stuck', { timeoutMs: 60_000 });
  await closed.close();
  await expect(asked).rejects.toMatchObject({ code: 'FAILED', message: 'the embedded engine was closed' });
  const program = `import { createEmbedded } from ${JSON.stringify(join(import.meta.dirname, '../../src/sql/index.ts'))}; const engine = await createEmbedded({}); console.log((await engine.query('SELECT 1 AS one')).rows[0].one);`;
  expect(spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', program], { encoding: 'utf8', timeout: LIMIT_MS })).toMatchObject({ status: 0, stdout: '1\n' });
});

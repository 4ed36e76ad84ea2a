import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Row, Table } from '../../src/model/table.ts';
import { openDatabase, type Database } from '../../src/sql/embedded/database.ts';
import { tables as hostTables } from '../../src/sql/tables/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const asked: string[] = [];
const numbers: Table = {
  name: 'numbers',
  description: 'made up',
  columns: [{ name: 'n', type: 'BIGINT', index: true, optimized: true }, { name: 'plain', type: 'BIGINT' }, { name: 'word', type: 'TEXT', additional: true }, { name: 'real', type: 'DOUBLE' }],
  *generate(context) {
    asked.push(JSON.stringify({ n: context.constraints('n'), plain: context.constraints('plain'), word: context.constraints('word'), uses: ['n', 'plain', 'word', 'real'].filter((column) => context.uses(column)) }));
    for (let n = 0; n < 5; n += 1) yield { n, plain: n * 2, word: `w${n}`, real: n / 10 };
  },
};
const odd: Table = {
  name: 'odd',
  description: 'made up',
  columns: [{ name: 'i', type: 'INTEGER' }, { name: 'd', type: 'DOUBLE' }, { name: 't', type: 'TEXT' }],
  generate: (): Row[] => [{ i: '', d: '', t: '' }, { i: 'x', d: 'x', t: null }, { i: 1.5, d: '1e3', t: 'é\u0000b' }, {}, { i: 2n ** 64n - 1n, d: 0.1 + 0.2, t: 'long'.repeat(50_000) }, { i: '99999999999999999999999' }],
};
const endless: Table = {
  name: 'endless',
  description: 'made up',
  columns: [{ name: 'n', type: 'BIGINT' }],
  *generate(context) {
    for (let n = 0; ; n += 1) {
      context.checkpoint();
      yield { n };
    }
  },
};
const broken: Table = {
  name: 'broken',
  description: 'made up',
  columns: [{ name: 'n', type: 'BIGINT' }],
  *generate(context) {
    context.warn('half of it cannot be read');
    yield { n: 1 };
    throw new Error('it broke in the middle');
  },
};

let engine: Database;
beforeAll(async () => {
  engine = await openDatabase([...hostTables, numbers, odd, endless, broken]);
});
afterAll(() => engine.close());

const rows = async (sql: string): Promise<Record<string, string>[]> => (await engine.query(sql)).rows;

describe('constraints', () => {
  test.each([
    ['n = 3', { n: [{ op: 2, value: '3' }] }],
    ['n IN (1, 2)', { n: [{ op: 2, value: '1' }, { op: 2, value: '2' }] }],
    ['n >= 2 AND n < 4', { n: [{ op: 32, value: '2' }, { op: 16, value: '4' }] }],
    ["word LIKE 'w%'", { word: [{ op: 65, value: 'w%' }] }],
    ["word > 'a'", { word: [] }],
    ['plain = 2', { plain: [] }],
    ['n IS NULL OR n != 3', { n: [] }],
  ])('of WHERE %s reach the table as osquery hands them over', async (where, wanted) => {
    asked.length = 0;
    await engine.query(`SELECT n FROM numbers WHERE ${where}`);
    expect(JSON.parse(asked[0] ?? '{}')).toMatchObject(wanted);
  });

  test('filter again afterwards, so a table may give more', async () => {
    expect(await rows('SELECT n FROM numbers WHERE n = 3')).toEqual([{ n: '3' }]);
    expect(await rows('SELECT n FROM numbers WHERE n = NULL')).toEqual([]);
  });

  test('come with the columns that are read; those of the key always are', async () => {
    asked.length = 0;
    await engine.query('SELECT word FROM numbers WHERE plain = 2');
    expect(JSON.parse(asked[0] ?? '{}')).toMatchObject({ uses: ['n', 'plain', 'word'] });
  });

  test('of a join come once for each outer row', async () => {
    asked.length = 0;
    expect(await rows('SELECT a.n FROM numbers a LEFT JOIN numbers b ON b.n = a.n WHERE b.n IS NOT NULL')).toHaveLength(5);
    expect(asked).toHaveLength(6);
  });
});

test('values are text as osqueryi prints them: NULL is empty, numbers that are none are NULL, reals have 15 digits', async () => {
  expect(await rows('SELECT i, d, substr(t, 1, 4) AS t, length(t) AS l FROM odd')).toEqual([
    { i: '', d: '', t: '', l: '0' },
    { i: '', d: '', t: '', l: '' },
    { i: '1', d: '1000.0', t: 'é', l: '1' },
    { i: '', d: '', t: '', l: '' },
    { i: '-1', d: '0.3', t: 'long', l: '200000' },
    { i: '', d: '', t: '', l: '' },
  ]);
});

test.each([
  ['SELECT * FROM nowhere', 'no such table: nowhere', undefined, undefined],
  ['SELECT nope FROM time', 'no such column: nope', 1, 8],
  ['SELECT *\nFROM time WHERE', 'incomplete input', undefined, undefined],
  ['SELECT 1 +\n /etc FROM time', 'near "/": syntax error', 2, 2],
  ["SELECT 'a' REGEXP 'b'", 'no such function: REGEXP', 1, 12],
])('%j fails with %j and its place', async (sql, message, line, column) => {
  await expect(engine.query(sql)).rejects.toMatchObject({ code: 'QUERY', message, ...(line === undefined ? {} : { place: { line, column } }) });
});

test('text in double quotes is text, as in osquery', async () => {
  expect(await rows('SELECT "no column" AS t')).toEqual([{ t: 'no column' }]);
});

test.each(["ATTACH '/tmp/x' AS x", 'CREATE TABLE x (a)', 'CREATE TEMP TABLE x (a)', 'DROP TABLE temp.file', 'PRAGMA journal_mode = WAL', "SELECT load_extension('x')", "INSERT INTO sqlite_master VALUES (1,1,1,1,1)", 'VACUUM', "VACUUM INTO '/tmp/x'", 'DELETE FROM users'])('%s is refused: the engine only reads', async (sql) => {
  await expect(engine.query(sql)).rejects.toMatchObject({ code: 'QUERY' });
});

test('the shape of a table can be asked', async () => {
  expect((await rows('PRAGMA table_info(crontab)')).map((row) => row['name'])).toContain('command');
});

test.each(['SELECT count(*) FROM endless', 'WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x', 'SELECT count(*) FROM numbers a, endless b'])('%s stops at its deadline and the engine works on', async (sql) => {
  const start = performance.now();
  await expect(engine.query(sql, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(await rows('SELECT 1 AS one')).toEqual([{ one: '1' }]);
});

test('rows are bounded, and it is said', async () => {
  expect(await engine.query('SELECT n FROM endless', { maxRows: 10 })).toMatchObject({ truncated: true, rows: { length: 10 } });
});

test('a text that would fill the memory is an error, not a crash', async () => {
  await expect(engine.query('SELECT hex(zeroblob(500000000))')).rejects.toMatchObject({ code: 'QUERY' });
  await expect(engine.query("WITH RECURSIVE x(t) AS (SELECT 'a' UNION ALL SELECT t || t FROM x) SELECT max(length(t)) FROM x", { timeoutMs: 5_000 })).rejects.toMatchObject({ code: 'QUERY' });
  expect(await rows('SELECT 1 AS one')).toEqual([{ one: '1' }]);
});

test('SQLite may take so much memory and no more, and no query can change that', async () => {
  await expect(engine.query('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100) SELECT count(DISTINCT hex(zeroblob(4000000)) || i) FROM n')).rejects.toMatchObject({ code: 'QUERY', message: 'out of memory', hint: expect.stringContaining('256 MiB') });
  await expect(engine.query('PRAGMA hard_heap_limit = 1')).rejects.toThrow(/only reads/);
  expect(await rows('SELECT 1 AS one')).toEqual([{ one: '1' }]);
});

test('what a table could not read is a warning, and its failure is the error of the query', async () => {
  expect((await engine.query('SELECT n FROM broken LIMIT 1')).warnings).toEqual(['broken: half of it cannot be read']);
  await expect(engine.query('SELECT n FROM broken')).rejects.toThrow('it broke in the middle');
});

test.each([
  ["split('a:b,c', ':,', 1)", 'b'], ["regex_match('timer-42', '(\\w+)-(\\d+)', 2)", '42'], ["regex_split('a1b2c', '[0-9]', 2)", 'c'], ["concat('a', NULL, 1)", 'a1'], ["concat_ws('-', 'a', NULL, 'b')", 'a-b'], ["inet_aton('1.2.3.4')", '16909060'],
  ["to_base64('abc')", 'YWJj'], ["from_base64('YWJj')", 'abc'], ["md5('a')", '0cc175b9c0f1b6a831c399e269772661'], ["sha1('a')", '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'], ["version_compare('1.10', '1.9')", '1'], ["json_extract('{\"a\":[1,2]}', '$.a[1]')", '2'], ['sqrt(16)', '4.0'],
])('the function %s gives %s', async (expression, value) => {
  const [row] = await rows(`SELECT ${expression} AS v`);
  expect(row?.['v']?.startsWith(value)).toBe(true);
});

test.each([['0.1 + 0.2', '0.3'], ['1e20', '1.0e+20'], ['2.0', '2.0'], ['-1.5e-7', '-1.5e-07'], ['100000000000000.0', '100000000000000.0'], ['0.0', '0.0'], ['1e999', 'Inf']])('the real %s is printed as %s', async (expression, text) => {
  expect(await rows(`SELECT ${expression} AS r`)).toEqual([{ r: text }]);
});

test('parses tells a query that prepares from one that does not, and runs neither', async () => {
  asked.length = 0;
  expect(await engine.parses('SELECT n FROM numbers')).toBeUndefined();
  expect(await engine.parses('SELECT FROM')).toBe('near "FROM": syntax error');
  expect(asked).toEqual([]);
});

test('files with hostile names are listed and nothing hangs on a FIFO', async () => {
  const directory = temporaryDirectory();
  for (const name of [Buffer.from("it's.timer"), Buffer.from('new\nline.timer'), Buffer.from('bad\xff.timer', 'latin1')]) writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]), 'x');
  execFileSync('mkfifo', [join(directory, 'pipe.timer')]);
  const found = await rows(`SELECT f.filename, h.sha256 FROM file f LEFT JOIN hash h ON h.path = f.path WHERE f.path LIKE '${directory}/%'`);
  expect(found.map((row) => row['filename'])).toEqual(expect.arrayContaining(["it's.timer", 'new\nline.timer', 'pipe.timer']));
  expect(found.find((row) => row['filename'] === 'pipe.timer')?.['sha256']).toBe('');
});

test('a file that cannot be read in time has no digests, and keeps no other from its own', async () => {
  const directory = temporaryDirectory();
  for (const name of ['a.timer', 'z.timer']) writeFileSync(join(directory, name), 'x');
  for (const name of ['huge.timer', 'more.timer']) {
    writeFileSync(join(directory, name), '');
    truncateSync(join(directory, name), 2 ** 40);
  }
  const result = await engine.query(`SELECT filename, h.md5 FROM file f JOIN hash h USING (path) WHERE f.path LIKE '${directory}/%' ORDER BY 1`, { timeoutMs: 2_000, maxRows: 10 });
  const md5 = '9dd4e461268c8034f5c8564e155c67a6';
  expect(result.rows).toEqual([{ filename: 'a.timer', md5 }, { filename: 'huge.timer', md5: '' }, { filename: 'more.timer', md5: '' }, { filename: 'z.timer', md5 }]);
  expect(result.warnings.filter((warning) => warning.includes('has 1099511627776 bytes'))).toHaveLength(2);
});

test('our own process is in processes, found by its pid, with the columns of proc', async () => {
  const [row] = await rows(`SELECT pid, parent, path, uid, on_disk, start_time, total_size, cgroup_path FROM processes WHERE pid = ${process.pid}`);
  expect(row).toMatchObject({ pid: String(process.pid), parent: String(process.ppid), path: process.execPath, uid: String(process.getuid?.()), on_disk: '1' });
  expect(Math.abs(Number(row?.['start_time']) - (Date.now() / 1000 - process.uptime()))).toBeLessThan(3);
});

describe('a name that is no UTF-8', () => {
  /** With one such file of known content. */
  const hidden = (): { root: string; shown: string } => {
    const root = temporaryDirectory();
    writeFileSync(Buffer.concat([Buffer.from(`${root}/hid`), Buffer.of(0xff), Buffer.from('.timer')]), 'x');
    return { root, shown: `${root}/hid\\xff.timer` };
  };

  test.each([
    ['a pattern', (root: string) => `path LIKE '${root}/%.timer'`],
    ['a pattern over all levels', (root: string) => `path LIKE '${root}/%%'`],
    ['a pattern with the byte', (root: string) => `path LIKE '${root}/hid\\xff%'`],
    ['its directory', (root: string) => `directory = '${root}'`],
    ['its path as it is shown', (root: string) => `path = '${root}/hid\\xff.timer'`],
  ])('is found by %s', async (_what, where) => {
    const { root, shown } = hidden();
    const found = await rows(`SELECT path, directory, filename, size FROM file WHERE ${where(root)} AND type = 'regular'`);
    expect(found).toEqual([{ path: shown, directory: root, filename: 'hid\\xff.timer', size: '1' }]);
  });

  test('is hashed, also joined with the file', async () => {
    const { root, shown } = hidden();
    const md5 = '9dd4e461268c8034f5c8564e155c67a6';
    expect(await rows(`SELECT path, md5 FROM hash WHERE directory = '${root}'`)).toEqual([{ path: shown, md5 }]);
    expect(await rows(`SELECT f.path, h.md5 FROM file f JOIN hash h ON h.path = f.path WHERE f.path LIKE '${root}/%.timer'`)).toEqual([{ path: shown, md5 }]);
  });

  test('does not hide behind a file whose name has those letters', async () => {
    const { root, shown } = hidden();
    writeFileSync(shown, 'decoy');
    expect(await rows(`SELECT path, size FROM file WHERE path = '${shown}' ORDER BY size`)).toEqual([{ path: shown, size: '1' }, { path: shown, size: '5' }]);
    expect(await rows(`SELECT count(*) AS n FROM file WHERE path LIKE '${root}/%.timer'`)).toEqual([{ n: '2' }]);
  });

  test('in a folder and in the target of a link is shown as its bytes', async () => {
    const { root } = hidden();
    const folder = Buffer.concat([Buffer.from(`${root}/d`), Buffer.of(0xfe)]);
    mkdirSync(folder);
    symlinkSync(Buffer.of(0xfd), Buffer.concat([folder, Buffer.from('/link')]));
    expect(await rows(`SELECT path, symlink_target_path FROM file WHERE path LIKE '${root}/d%/link'`)).toEqual([{ path: `${root}/d\\xfe/link`, symlink_target_path: '\\xfd' }]);
    expect(await rows(`SELECT filename FROM file WHERE directory = '${root}/d\\xfe'`)).toEqual([{ filename: 'link' }]);
  });
});

describe('an error says what to do', () => {
  test.each([
    ['SELECT * FROM nosuch', /^no such table: nosuch$/, /^the tables are .*\bbroken, crontab, .*\busers\b/],
    ['SELECT * FROM user', /^no such table: user$/, /^is it logged_in_users or user_groups or user_ssh_keys or users\? the tables are /],
    ['SELECT nocol FROM numbers', /^no such column: nocol$/, /^numbers has n, .*; text stands in single quotes$/],
    ['SELECT uid, nocol FROM Users JOIN time', /^no such column: nocol$/, /^.*\busers has uid, gid, .*; text stands in single quotes$/],
    ['SELECT nocol', /^no such column: nocol$/, /^PRAGMA table_info\(TABLE\) shows/],
    ['SELECT nofn(1)', /^no such function: nofn$/, /PRAGMA function_list/],
    ["ATTACH '/tmp/x' AS x", /^not authorized: this engine only reads/, /use SELECT/],
    ['CREATE TABLE x (a)', /this engine only reads/, /use SELECT/],
    ['DELETE FROM file', /may not be modified: this engine only reads/, /use SELECT/],
    ['VACUUM', /this engine only reads/, /use SELECT/],
  ])('%s', async (sql, message, hint) => {
    await expect(engine.query(sql)).rejects.toMatchObject({ code: 'QUERY', message: expect.stringMatching(message), hint: expect.stringMatching(hint) });
  });
});

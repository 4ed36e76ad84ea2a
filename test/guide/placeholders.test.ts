import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderQuery, type Rendered } from '../../src/guide/placeholders.ts';
import { tokenize } from '../../src/model/sql.ts';
import { structureBreakers } from '../helpers/hostile-values.ts';
import { osqueryLike } from '../helpers/sqlite.ts';

const { parses } = osqueryLike();
const render = (sql: string, document: object, home?: string): Rendered[] => renderQuery(sql, document, { parses, ...(home === undefined ? {} : { home }) });
const path = (value: unknown): object => ({ file: { path: value } });

describe('a placeholder', () => {
  test.each([
    ['SELECT * FROM file WHERE path = {{file.path}}', "SELECT * FROM file WHERE path = '/a'", 'literal'],
    ['SELECT * FROM file WHERE path={{{ file.path }}}', "SELECT * FROM file WHERE path='/a'", 'literal'],
    ["SELECT * FROM file WHERE path = '{{file.path}}'", "SELECT * FROM file WHERE path = '/a'", 'string'],
    ["SELECT * FROM file WHERE path LIKE '{{file.path}}%'", "SELECT * FROM file WHERE path LIKE '/a%'", 'pattern'],
    ['SELECT * FROM file WHERE path LIKE {{file.path}}', "SELECT * FROM file WHERE path LIKE '/a'", 'pattern'],
    ["SELECT * FROM file WHERE path LIKE '/x' || {{file.path}}", "SELECT * FROM file WHERE path LIKE '/x' || '/a'", 'pattern'],
    ['SELECT * FROM file WHERE path IN ({{file.path}}, 1) -- {', "SELECT * FROM file WHERE path IN ('/a', 1) -- {", 'literal'],
  ])('in %s becomes %s', (sql, wanted, context) => {
    expect(render(sql, path('/a'))).toEqual([{ sql: wanted, placeholders: [{ name: 'file.path', value: '/a', context }], repairs: [] }]);
  });

  test.each([
    ['SELECT "{{file.path}}" FROM file', 'inside a quoted name'],
    ['SELECT 1 -- {{file.path}}', 'inside a comment'],
    ['SELECT 1 /* {{file.path}} */', 'inside a comment'],
    ['SELECT * FROM {{file.path}}', 'where a name belongs'],
    ['SELECT x{{file.path}}', 'right behind another word'],
    ['SELECT {{#if file.path}}1{{/if}}', 'plain placeholders only'],
    ['SELECT {{helper file.path}}', 'plain placeholders only'],
    ['SELECT {{../file.path}}', 'plain placeholders only'],
    ['SELECT {{file.path', 'do not parse'],
  ])('in %s is refused', (sql, reason) => {
    const [rendered] = render(sql, path('/a'));
    expect(rendered?.skipped).toContain(reason);
    expect(rendered?.sql).toBeUndefined();
  });

  test.each<[unknown, string]>([
    [undefined, 'the event has no file.path'], [null, 'the event has no file.path'], ['', 'file.path is empty'], ['a\0b', 'NUL'], [[], 'the event has no file.path'], [{}, 'the event has no file.path'],
  ])('with the value %j makes the query skipped, with the reason', (value, reason) => {
    const [rendered] = render('SELECT * FROM file WHERE path = {{file.path}}', path(value));
    expect(rendered).toMatchObject({ skipped: expect.stringContaining(reason) });
    expect(rendered?.sql).toBeUndefined();
  });

  test.each(['100%', 'a_b', 'a*', 'a?', '[a]', '{a}', '~a', 'a\\b'])('with %s is skipped in a pattern, and a literal elsewhere', (value) => {
    expect(render("SELECT * FROM file WHERE path LIKE '/home/{{file.path}}/%'", path(value))[0]?.skipped).toContain('unsafe in a pattern');
    expect(render('SELECT * FROM file WHERE path = {{file.path}}', path(value))[0]?.sql).toContain(`'${value}'`);
  });

  test('with several values gives one query for each, bounded', () => {
    expect(render('SELECT * FROM file WHERE path = {{file.path}}', path(['/a', '/b', '/a'])).map((each) => each.sql)).toEqual(["SELECT * FROM file WHERE path = '/a'", "SELECT * FROM file WHERE path = '/b'"]);
    const many = render('SELECT * FROM file WHERE path = {{file.path}}', path(Array.from({ length: 50 }, (_, n) => `/${n}`)));
    expect([many.length, many.at(-1)?.skipped]).toEqual([21, '30 more combinations of values are not run']);
  });

  test('is found in dotted documents and never in what an object inherits', () => {
    expect(render('SELECT {{file.path}}', { 'file.path': '/a' })[0]?.sql).toBe("SELECT '/a'");
    expect(render('SELECT {{constructor.name}}', {})[0]?.skipped).toContain('no constructor.name');
  });
});

test('a query that is longer than any is skipped, not read for minutes', () => {
  expect(render(`SELECT ${'{{file.path}}, '.repeat(1_000)}1`, path('/a'))).toEqual([{ placeholders: [], repairs: [], skipped: 'the query has more than 10000 characters' }]);
});

test('a hostile file name stays one literal', () => {
  const hostile = "/etc/systemd/system/x' UNION SELECT * FROM curl WHERE url='http://a' --.timer";
  expect(render('SELECT * FROM file WHERE path = {{file.path}}', path(hostile))[0]?.sql).toBe(`SELECT * FROM file WHERE path = '${hostile.replaceAll("'", "''")}'`);
});

/** `npm run bench -- investigate` does a million. */
test('whatever the values, the tokens of the query are those of the template', { timeout: 120_000 }, () => {
  const { broken, rendered } = structureBreakers(200_000);
  expect(broken).toEqual([]);
  expect(rendered).toBeGreaterThan(100_000);
});

describe('a repair', () => {
  test.each([
    ['SELECT * FROM file WHERE path LIKE /etc/% OR path = /a/b', "SELECT * FROM file WHERE path LIKE '/etc/%' OR path = '/a/b'", ['2 paths put in quotes']],
    ['SELECT * FROM file WHERE path IN (/a, /b/c)', "SELECT * FROM file WHERE path IN ('/a', '/b/c')", ['2 paths put in quotes']],
    ['SELECT datetime(mtime, unixepoch, localtime) FROM file', "SELECT datetime(mtime, 'unixepoch', 'localtime') FROM file", ['2 date modifiers put in quotes']],
    ['SELECT * FROM file WHERE path LIKE /home/{{user.name}}/x', "SELECT * FROM file WHERE path LIKE '/home/bob/x'", ['1 path put in quotes']],
    ['SELECT * FROM file WHERE path = /home/{{user.name}}', "SELECT * FROM file WHERE path = '/home/bob'", ['1 path put in quotes']],
  ])('of %s gives %s', (sql, wanted, repairs) => {
    expect(render(sql, { user: { name: 'bob' } })).toMatchObject([{ sql: wanted, repairs }]);
  });

  test('never touches a query that parses', () => {
    for (const sql of ['SELECT size / 2, 4/2 FROM file', "SELECT '/x', datetime(mtime, 'utc') FROM file WHERE path = '/a'"]) expect(render(sql, {})).toEqual([{ sql, placeholders: [], repairs: [] }]);
  });

  test('is none for a table or a function that is not known here: the engine says whether it has it', () => {
    expect(render('SELECT yara_of(path) FROM nowhere WHERE path = {{file.path}}', path('/a'))).toMatchObject([{ sql: "SELECT yara_of(path) FROM nowhere WHERE path = '/a'", repairs: [] }]);
    expect(render('SELECT * FROM nowhere WHERE path = /a', {})).toMatchObject([{ sql: "SELECT * FROM nowhere WHERE path = '/a'", repairs: ['1 path put in quotes'] }]);
  });

  test('that does not help leaves the first error', () => {
    expect(render('SELEC * FROM file', {})[0]?.skipped).toBe('the query does not parse: near "SELEC": syntax error');
    expect(render('SELECT * FROM file WHERE path = /a AND', {})[0]?.skipped).toMatch(/does not parse: near "\/"/);
  });
});

describe('a home elsewhere', () => {
  const sql = "SELECT * FROM file WHERE path LIKE '/home/{{user.name}}/.config/systemd/user/%'";

  test('gives the query once more with the real home', () => {
    const rendered = render(sql, { user: { name: 'root' } }, '/root');
    expect(rendered.map((each) => each.sql)).toEqual(["SELECT * FROM file WHERE path LIKE '/home/root/.config/systemd/user/%'", "SELECT * FROM file WHERE path LIKE '/root/.config/systemd/user/%'"]);
    expect(rendered[1]?.note).toBe('with the home /root');
  });

  test('of a query that lost its quotes is mended as the query is', () => {
    const bare = 'SELECT * FROM file WHERE path LIKE /home/{{user.name}}/.config/systemd/user/% OR path = /etc/x';
    expect(render(bare, { user: { name: 'root' } }, '/root')[1]).toMatchObject({ sql: "SELECT * FROM file WHERE path LIKE '/root/.config/systemd/user/%' OR path = '/etc/x'", repairs: ['2 paths put in quotes'], note: 'with the home /root' });
  });

  test('that the query names already gives nothing more', () => {
    expect(render("SELECT * FROM file WHERE path LIKE '/home/{{user.name}}/x/%' OR path LIKE '/root/x/%'", { user: { name: 'root' } }, '/root')).toHaveLength(1);
    expect(render("SELECT * FROM file WHERE path LIKE '/home/{{user.name}}/x/%' OR path LIKE '/root/y/%'", { user: { name: 'root' } }, '/root')).toHaveLength(2);
  });

  test('that is /home/NAME gives nothing more', () => {
    expect(render(sql, { user: { name: 'bob' } }, '/home/bob')).toHaveLength(1);
  });
});

test('tokens put together are the text', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    expect(tokenize(text).map((token) => token.text).join('')).toBe(text);
  }), { numRuns: 2_000 });
});

/** Each of these is a fact of how Elasticsearch runs EQL, from its reference and the tests of its query translation. */
import { describe, expect, test } from 'vitest';
import type { TickwardError } from '../../src/model/errors.ts';
import { compileEql } from '../../src/rule/evaluate.ts';
import { parseEql } from '../../src/rule/parse.ts';

const judge = (query: string, event: object): boolean => compileEql(parseEql(query), query)(event);

/** The conditions over one event that do not give what they should. */
function wrongOf(event: object, cases: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(cases).filter(([condition, result]) => judge(`any where ${condition}`, event) !== result).map(([condition]) => condition);
}

function errorOf(query: string): TickwardError {
  try {
    judge(query, {});
  } catch (error) {
    return error as TickwardError;
  }
  throw new Error(`${query} is no error`);
}

describe('what the single-event rules for Linux need is there:', () => {
  test('the operators, null, and, or, not, optional fields and comments of file rules', () => {
    expect(wrongOf({ a: 'x' }, { 'a == "x"': true, 'a != "x"': false, 'a in ("x")': true, 'a in~ ("X")': true, 'a like "?"': true, 'a like~ "X*"': true, 'a : "X"': true, 'b == null and ?b == null': true, '(a == "y" or a == "x") and not a == "z"': true, 'a == "x" // y\n': true, '/* not\n */ a == "x"': true, '"\\"" != a': true })).toEqual([]);
  });

  test('numbers, order, raw strings, booleans, regex, cidrMatch, length, startsWith, back-ticks and any', () => {
    expect(wrongOf({ a: 5, b: 'xy', c: true, ip: '10.0.0.1', 'd-e': 'z' }, { 'a == 5': true, 'a < 6 and a <= 5 and a > 4 and a >= 5': true, 'b == """xy"""': true, 'c == true': true, 'c': true, 'b regex "x."': true, 'b regex~ "X."': true, 'cidrMatch(ip, "10.0.0.0/8")': true, 'length(b) == 2': true, 'startsWith(b, "x")': true, '`d-e` == "z"': true })).toEqual([]);
  });

  test('sequences, samples and pipes are refused with an error that says so', () => {
    for (const [query, word] of [['sequence by host.id [file where true] [file where true]', 'sequences'], ['sequence with maxspan=1m [file where true] [file where true]', 'sequences'], ['sample by host.id [file where true] [process where true]', 'samples'], ['file where true | head 5', 'pipes']] as const) expect(errorOf(query)).toMatchObject({ code: 'BAD_INPUT', message: `${word} are not evaluated here: only EQL over single events` });
  });
});

describe('logic has two values:', () => {
  test('a missing field makes every positive predicate false', () => {
    expect(wrongOf({}, { 'a == "x"': false, 'a : "*"': false, 'a in ("x")': false, 'a in~ ("x")': false, 'a like "*"': false, 'a like~ "*"': false, 'a regex ".*"': false, 'a regex~ ".*"': false, 'a < 5': false, 'a <= 5': false, 'a > 5': false, 'a >= 5': false, 'a': false, 'length(a) == 0': false, 'cidrMatch(a, "::/0")': false, 'startsWith(a, "")': false })).toEqual([]);
  });

  test('not, != and not in are plain negations: true for a missing field', () => {
    expect(wrongOf({}, { 'not a == "x"': true, 'a != "x"': true, 'a not in ("x")': true, 'a not in~ ("x")': true, 'not a in ("x")': true, 'not a : "*"': true, 'not a regex ".*"': true, 'not a > 5': true, 'not startsWith(a, "x")': true, 'not (length(a) == 1)': true, 'length(a) != 1': true })).toEqual([]);
  });

  test('== null is missing, != null is present', () => {
    for (const event of [{}, { a: null }, { a: [] }, { a: [null] }]) expect(wrongOf(event, { 'a == null': true, 'a != null': false, 'null == a': true })).toEqual([]);
    for (const event of [{ a: '' }, { a: 0 }, { a: false }, { a: [null, 'x'] }]) expect(wrongOf(event, { 'a == null': false, 'a != null': true })).toEqual([]);
  });
});

test('an optional field counts as null where the document has none', () => {
  expect(wrongOf({ x: 'x' }, { '?f == null': true, '?f != null': false, '?f == 123': false, '?f and x == "x"': false, '?f or x == "x"': true, 'not ?f': false, 'null and x == "x"': false, 'null or x == "x"': true, 'not null': false, 'null == null': true, 'null != null': false })).toEqual([]);
  expect(wrongOf({ f: 123 }, { '?f == null': false, '?f != null': true, '?f == 123': true })).toEqual([]);
});

describe('case:', () => {
  test('==, !=, in, like and regex tell it apart', () => expect(wrongOf({ a: 'x' }, { 'a == "X"': false, 'a != "X"': true, 'a in ("X")': false, 'a like "X*"': false, 'a regex "X"': false, 'startsWith(a, "X")': false, 'wildcard(a, "X*")': false })).toEqual([]));

  test(':, like~, in~, regex~ and functions with ~ do not', () => expect(wrongOf({ a: 'xY' }, { 'a : "Xy"': true, 'a like~ "X*"': true, 'a in~ ("XY")': true, 'a not in~ ("XY")': false, 'a regex~ "X[Y-Z]"': true, 'startsWith~(a, "X")': true, 'endsWith~(a, "y")': true, 'stringContains~(a, "Xy")': true, 'indexOf~(a, "y") == 1': true, 'wildcard~(a, "X?")': true, 'match~(a, "XY")': true, 'between~(a, "", "y") == "x"': true })).toEqual([]));

  test('of ASCII letters only: neither É and é nor the Kelvin sign and k are the same', () => expect(wrongOf({ a: 'É', k: '\u212a', s: 'ſ' }, { 'a : "é"': false, 'a : "É"': true, 'a : "é*"': false, 'a in~ ("é")': false, 'a regex~ "é"': false, 'startsWith~(a, "é")': false, 'k : "k"': false, 'k : "k*"': false, 'k regex~ "k"': false, 's : "s*"': false })).toEqual([]));
});

describe('wildcards:', () => {
  test('* is any run, / and newline included, ? exactly one, anchored at both ends', () => expect(wrongOf({ a: '/x/y\nz', b: 'abc' }, { 'a : "/x*"': true, 'a : "*"': true, 'a : "/x*z"': true, 'a like "/?/?\\nz"': true, 'b : "b*"': false, 'b : "*b"': false, 'b : "a?c"': true, 'b : "abc?"': false, 'b : "abc*"': true })).toEqual([]));

  test('have no escape, and % and _ are ordinary', () => expect(wrongOf({ a: 'x*y', b: 'x%_' }, { 'a : "x\\\\*y"': false, 'a : "x*y"': true, 'b : "x%_"': true, 'b : "x%"': false, 'b : "x__"': false, 'b like "x%?"': true })).toEqual([]));

  test('are no wildcards in in, in~ and ==', () => {
    expect(wrongOf({ a: 'xyz' }, { 'a in ("x*")': false, 'a in~ ("X*")': false, 'a == "x*"': false, 'a == "x?z"': false, 'a != "x*"': true })).toEqual([]);
    expect(wrongOf({ a: 'x*' }, { 'a in ("x*")': true, 'a in~ ("X*")': true, 'a == "x*"': true })).toEqual([]);
  });
});

test(':, like and regex take one value or a list', () => {
  expect(wrongOf({ a: 'xyz' }, { 'a : "x*"': true, 'a : ("n", "x*")': true, 'a : ("x*")': true, 'a like ("n", "x?z")': true, 'a like~ ("n", "X?Z")': true, 'a regex ("n", "x.*")': true, 'a regex~ ("n", "X.*")': true, 'a : ("n", "m")': false })).toEqual([]);
});

test('of an array any element satisfies a predicate, none its negation, and two predicates may be satisfied by different ones', () => {
  expect(wrongOf({ a: ['x', 'y'], n: [1, 9] }, { 'a == "x"': true, 'a == "y"': true, 'a : "Y"': true, 'a != "x"': false, 'a != "z"': true, 'not a == "y"': false, 'a not in ("y", "q")': false, 'a == "x" and a == "y"': true, 'n > 5 and n < 5': true, 'length(a) == 1': true })).toEqual([]);
});

test('a category is contained in event.category exactly, any takes all, and it may be quoted', () => {
  for (const [query, category, result] of [['file where true', ['file'], true], ['file where true', 'file', true], ['file where true', ['process', 'file'], true], ['file where true', ['files'], false], ['file where true', ['File'], false], ['file where true', undefined, false], ['any where true', undefined, true], ['any where true', ['x'], true], ['"file" where true', ['file'], true], ['"my-category 1" where true', ['my-category 1'], true], ['"""my.category""" where true', 'my.category', true]] as const) {
    expect([query, category, judge(query, { event: { category } })]).toEqual([query, category, result]);
  }
});

describe('strings:', () => {
  test('with the escapes of the reference', () => expect(wrongOf({ a: '\n\r\t\b\f"\\\u200f🕰' }, { 'a == "\\n\\r\\t\\b\\f\\"\\\\\\u{200f}\\u{0001F570}"': true, 'a == "\\n\\r\\t\\b\\f\\"\\\\\\u{200F}\\u{1f570}"': true })).toEqual([]));

  test('raw ones are as they stand, newlines and quotes included', () => expect(wrongOf({ a: 'x\\n"\ny""' }, { 'a == """x\\n"\ny"""""': true })).toEqual([]));

  test.each([["any where a == 'x'", 16], ['any where a == "\\\'"', 17], ['any where a == b', 13], ['any where a[0] == "x"', 12], ['any where a = "x"', 13]])('%s is an error', (query, column) => {
    expect(errorOf(query).place).toMatchObject({ line: 1, column });
  });

  test('integers, decimals, true, false and null are values, back-ticks quote names', () => expect(wrongOf({ a: 1, b: 1.5, c: true, d: false, 'my-field': { '6th': 'x' }, 'tick`ed': 'y' }, { 'a == 1': true, 'b == 1.5': true, 'b == .15e1': true, 'a > -1': true, 'c == true': true, 'd == false': true, 'e == null': true, '`my-field`.`6th` == "x"': true, '`my-field.6th` == "x"': true, '`tick``ed` == "y"': true })).toEqual([]));
});

test('regex is anchored, in the syntax of Lucene', () => {
  expect(wrongOf({ a: 'abc', b: '^a$' }, { 'a regex "b"': false, 'a regex "ab"': false, 'a regex "abc"': true, 'a regex "[a-c]+"': true, 'a regex "^abc$"': false, 'b regex "^a$"': true, 'a regex "@"': true, 'a regex "a\\"b\\"c"': true, 'a regex "\\\\w{3}"': true, 'a regex "a|abc|#"': true })).toEqual([]);
});

test('order is between numbers and between strings; a value of another type does not match', () => {
  expect(wrongOf({ n: 7, s: 'b', t: true }, { 'n > 6': true, '8 > n': true, 's > "a"': true, 's < "B"': false, 'n > "6"': false, 's > 1': false, 't > 0': false, 'n == "7"': false, 's == 1': false, 't == "true"': false })).toEqual([]);
});

test.each([
  ['any where nope(a)', 1, 11, 'there is no function nope'],
  ['any where (a == "x"', 1, 20, 'found the end'],
  ['any where a == "x")', 1, 19, 'found ")"'],
  ['any where\n  a == "\\q"', 2, 9, 'expected an escape'],
])('an error has its line and column, what was expected, and a caret: %j', (query, line, column, text) => {
  const error = errorOf(query);
  expect(error).toMatchObject({ code: 'BAD_INPUT', place: { line, column } });
  expect(error.message).toContain(text);
  expect(error.place?.excerpt).toBe(`${query.split('\n')[line - 1] ?? ''}\n${' '.repeat(column - 1)}^`);
});

test('a rename of Elastic Defend carries what the file was', () => {
  const event = { event: { category: ['file'], type: ['change'], action: 'rename' }, file: { path: '/etc/systemd/system/x.timer', extension: 'timer', Ext: { original: { path: '/etc/systemd/system/x.timer.dpkg-new', name: 'x.timer.dpkg-new', extension: 'dpkg-new' } } } };
  expect(judge('file where event.type == "change" and event.action == "rename" and file.Ext.original.extension == "dpkg-new" and file.Ext.original.path : "*/X.timer.*"', event)).toBe(true);
});

test('a path that is longer than the stack indexes (1,024 bytes) is judged all the same', () => {
  expect(judge('any where file.path : "/etc/systemd/*.timer"', { file: { path: `/etc/systemd/${'d/'.repeat(2_000)}x.timer` } })).toBe(true);
});

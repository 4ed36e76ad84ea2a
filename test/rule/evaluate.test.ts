import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TickwardError } from '../../src/model/errors.ts';
import { compileEql } from '../../src/rule/evaluate.ts';
import { parseEql } from '../../src/rule/parse.ts';

function thrownBy(work: () => unknown): TickwardError {
  try {
    work();
  } catch (error) {
    if (error instanceof TickwardError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function outcomeOf(source: string): string {
  try {
    compileEql(parseEql(source));
    return 'compiled';
  } catch (error) {
    return error instanceof Error ? error.name : 'no error';
  }
}

const matches = (condition: string, fields: object): boolean => compileEql(parseEql(`any where ${condition}`))(fields);

describe('a missing field', () => {
  test.each([
    ['a == "x"', false], ['a != "x"', true], ['not a == "x"', true], ['a in ("x")', false], ['not a in ("x")', true], ['a not in ("x")', true],
    ['a : "*"', false], ['not a : "*"', true], ['a like "x*"', false], ['a == null', true], ['a != null', false], ['a < 3', false], ['not a < 3', true],
    ['?a == null', true], ['?a == 123', false], ['?a != null', false], ['a == null and b == "x"', false], ['a == null or b == "x"', true], ['length(a) == 0', false], ['startsWith(a, "x")', false],
  ])('in %s gives %s', (condition, result) => {
    expect(matches(condition, {})).toBe(result);
    expect(matches(condition, { a: null })).toBe(result);
    expect(matches(condition, { a: [] })).toBe(result);
  });
});

describe('one value', () => {
  test.each<[string, object, boolean]>([
    ['a == "X"', { a: 'x' }, false], ['a : "X"', { a: 'x' }, true], ['a in ("X")', { a: 'x' }, false], ['a in~ ("X")', { a: 'x' }, true],
    ['a like "X*"', { a: 'xy' }, false], ['a like~ "X*"', { a: 'xy' }, true], ['a : "É"', { a: 'é' }, false], ['a : "é"', { a: 'é' }, true], ['a : "K"', { a: '\u212a' }, false],
    ['a == "x*"', { a: 'xy' }, false], ['a == "x*"', { a: 'x*' }, true], ['a in ("x*")', { a: 'xy' }, false], ['a in~ ("x*")', { a: 'xy' }, false],
    ['a : "x?z"', { a: 'xyz' }, true], ['a : "x?z"', { a: 'xz' }, false], ['a : "?"', { a: '🕰' }, true], ['a : "/a/*"', { a: '/a/b/c\nd' }, true], ['a : "a"', { a: 'ba' }, false], ['a : "b%_"', { a: 'bxx' }, false], ['a : "b%_"', { a: 'b%_' }, true],
    ['a : ("x", "y*")', { a: 'yes' }, true], ['a : 5', { a: 5 }, true], ['a == 5', { a: '5' }, false], ['a == "5"', { a: 5 }, false], ['a == true', { a: true }, true], ['a', { a: true }, true], ['a', { a: 'true' }, false],
    ['a >= 5', { a: 5 }, true], ['a > 5', { a: 5 }, false], ['5 < a', { a: 6 }, true], ['a > "b"', { a: 'c' }, true], ['a > "b"', { a: 7 }, false], ['a >= true', { a: true }, false], ['a < "b"', { a: true }, false], ['a < 1.5e1', { a: 14 }, true], ['a == -3', { a: -3 }, true],
    ['a == 3 or a > 5', { a: 6 }, true], ['a == 3 or a > 5', { a: 5 }, false], ['a == 3 or a != 5', { a: 5 }, false], ['a == "x" or a == null', { a: 'y' }, false], ['a == "x" or a in~ ("Y")', { a: 'y' }, true], ['a in~ ("Y") or a == "x"', { a: 'X' }, false], ['a == "x" or length(a) == 2 or a == "y"', { a: 'y' }, true],
    ['not not a == "x"', { a: 'x' }, true], ['a == "x" and not b == "y" or c == "z"', { a: 'x', b: 'y', c: 'z' }, true], ['NOT a == "x"', { a: 'y' }, true],
    ['`a b`.`c` == "x"', { 'a b': { c: 'x' } }, true], ['a.b.c == "x"', { 'a.b': { c: 'x' } }, true], ['a.b.c == "x"', { a: { 'b.c': 'x' } }, true], ['a.b.c == "x"', { 'a.b.c': 'x' }, true],
    ['a == """raw\\n"quoted" """', { a: 'raw\\n"quoted" ' }, true], ['a == "t\\tq\\"b\\\\u\\u{1f570}"', { a: 't\tq"b\\u🕰' }, true],
    ['a == "x" // comment\n and /* b == "n" */ b == "y"', { a: 'x', b: 'y' }, true], ['a == "not // a comment"', { a: 'not // a comment' }, true],
    ['length(a) == 3', { a: 'abc' }, true], ['startsWith(a, "A")', { a: 'abc' }, false], ['startsWith~(a, "A")', { a: 'abc' }, true], ['endsWith(a, "bc")', { a: 'abc' }, true], ['stringContains~(a, "B")', { a: 'abc' }, true],
    ['indexOf(a, "c") == 2', { a: 'abc' }, true], ['substring(a, -2) == "bc"', { a: 'abc' }, true], ['concat(a, "-", 1) == "abc-1"', { a: 'abc' }, true], ['string(a) == "7"', { a: 7 }, true], ['wildcard(a, "x*", "a*")', { a: 'abc' }, true],
    ['cidrMatch(a, "10.0.0.0/8")', { a: '10.9.8.7' }, true], ['cidrMatch(a, "10.0.0.0/8")', { a: '11.0.0.1' }, false], ['cidrMatch(a, "fe80::/10")', { a: 'fe80::1' }, true], ['cidrMatch(a, "::ffff:0:0/96")', { a: '::ffff:1.2.3.4' }, true], ['cidrMatch(a, "10.0.0.0/8")', { a: 'no address' }, false],
  ])('%s over %j gives %s', (condition, fields, result) => {
    expect(matches(condition, fields)).toBe(result);
  });
});

describe('an array', () => {
  test.each([
    ['a == "x"', true], ['a != "x"', false], ['a != "n"', true], ['a == "x" and a == "y"', true], ['not a in ("x", "q")', false], ['a : "Y"', true], ['startsWith(a, "y")', true], ['a == null', false],
  ])('["x","y"] in %s gives %s', (condition, result) => {
    expect(matches(condition, { a: ['x', 'y'] })).toBe(result);
  });

  test('of objects stands for the fields of all of them', () => {
    expect(matches('a.b == "y"', { a: [{ b: 'x' }, { b: 'y' }] })).toBe(true);
  });
});

describe('a bare null matches neither itself nor its negation', () => {
  test.each<[string, boolean]>([
    ['null', false], ['not null', false], ['not not null', false], ['null and a == "x"', false], ['null or a == "x"', true], ['not (null and a == "x")', false], ['not (null or a == "y")', false], ['not (null and a == "y")', true],
    ['?b', false], ['not ?b', false], ['?b and a == "x"', false], ['?b or a == "x"', true], ['b', false], ['not b', true], ['not ?c', true], ['?d', true], ['not ?d', false], ['not ?b == 123', true],
  ])('%s gives %s', (condition, result) => {
    expect(matches(condition, { a: 'x', c: false, d: true })).toBe(result);
  });
});

test('a path longer than the stack would index is judged as any other', () => {
  expect(matches('file.path : "/etc/systemd/*.timer"', { file: { path: `/etc/systemd/${'d/'.repeat(2_000)}x.timer` } })).toBe(true);
});

test('the category has to be contained in event.category, quoted or not; any takes all', () => {
  const event = { event: { category: ['process', 'file'] } };
  expect(compileEql(parseEql('file where true'))(event)).toBe(true);
  expect(compileEql(parseEql('"file" where true'))(event)).toBe(true);
  expect(compileEql(parseEql('network where true'))(event)).toBe(false);
  expect(compileEql(parseEql('file where true'))({})).toBe(false);
  expect(compileEql(parseEql('any where true'))({})).toBe(true);
});

test('inherited properties are no fields', () => {
  expect(matches('constructor.name != null or __proto__ != null', {})).toBe(false);
});

describe('an error', () => {
  test.each([
    ['sequence by host.id [file where true] [file where true]', 1, 1, 'sequences'],
    ['sample by a [file where true]', 1, 1, 'samples'],
    ['file where true | head 3', 1, 17, 'pipes'],
    ['file where a = "x"', 1, 14, 'a lone ='],
    ["file where a == 'x'", 1, 17, 'double quotes'],
    ['file where a == "x" and', 1, 24, 'found the end'],
    ['file where (a == "x"', 1, 21, 'found the end'],
    ['file where a == "\\q"', 1, 18, 'expected'],
    ['file where\n  a == "x"\n  b', 3, 3, 'found "b"'],
    ['file where a == "open', 1, 17, 'the string is not closed'],
    ['file where a in ()', 1, 18, 'a value'],
    ['', 1, 1, 'found the end'],
    ['any where a[0] == "x"', 1, 12, 'no index'],
    ['any where a is "x"', 1, 13, 'an operator'],
    ['any where a == "x" or ()', 1, 24, 'a field or a function'],
    ['any where a == "\\u{110000}"', 1, 17, 'no Unicode character'],
    ['any where a == "\\\'"', 1, 17, 'an escape'],
    ['sequence[file where true]', 1, 1, 'sequences'],
    ['join by a [file where true] [file where true]', 1, 1, 'joins'],
    ['file where true and\n  descendant of [process where true]', 2, 3, 'process relationships'],
    ['any where a !: "x"', 1, 13, 'write not before'],
    ['any where a + 1 == 2', 1, 13, 'arithmetic is not evaluated'],
    ['any where a : *', 1, 15, 'values stand in double quotes'],
    ['42 where true', 1, 1, 'an event category'],
    ['any where a not like "x"', 1, 17, '"in"'],
  ])('in %j is at line %i, column %i and says %j', (source, line, column, text) => {
    const error = thrownBy(() => parseEql(source));
    expect(error).toMatchObject({ code: 'BAD_INPUT', place: { line, column } });
    expect(error.message).toContain(text);
    expect(error.place?.excerpt.split('\n')[1]).toMatch(/^ *\^$/);
  });

  test.each(['a == b', 'length(a) == length(b)', '1 == a or a == concat("x", b)', 'nope(a) == 1', 'length(a, "b") == 1', 'length~(a) == 1', 'cidrMatch(a, "10.0.0.0/33")', 'cidrMatch(a, "10.0.0.0/")', 'cidrMatch(a, b)', 'a regex 5', 'a < null', 'a like 5', 'hasOwnProperty(a)'])('of meaning in %s is refused when it is compiled', (condition) => {
    expect(() => matches(condition, {})).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  test('of meaning has its place too', () => {
    const source = 'file where a == "x" and\n  nope(a) == 1';
    const error = thrownBy(() => compileEql(parseEql(source), source));
    expect(error).toMatchObject({ code: 'BAD_INPUT', place: { line: 2, column: 3 } });
    expect(error.message).toContain('there is no function nope');
  });

  test('is not given for parentheses inside strings and comments, however many', () => {
    expect(matches(`a == "${'('.repeat(300)}" // ${'('.repeat(300)}\n /* ${'('.repeat(300)} */`, { a: '('.repeat(300) })).toBe(true);
    expect(() => parseEql(`any where a == "${')'.repeat(300)}" and ${'('.repeat(300)}`)).toThrow('nested more than');
  });
});

test('whatever the text, the parser gives a tree or a TickwardError', () => {
  const words = fc.constantFrom('file', 'where', 'and', 'or', 'not', 'in', '(', ')', ',', '"a"', '"', '==', ':', '*', '5', 'a.b', '?a', '`', '\\', '\n', '//', '/*', 'like~', '[', '|');
  fc.assert(fc.property(fc.oneof(fc.string(), fc.array(words).map((parts) => `any where ${parts.join(' ')}`)), (source) => {
    expect(['compiled', 'TickwardError']).toContain(outcomeOf(source));
  }), { numRuns: 3_000 });
});

test('any string written as a literal reads back as itself', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
    const escaped = [...text].map((character) => (/[\\"]/.test(character) ? `\\${character}` : /[\n\r]/.test(character) ? { '\n': '\\n', '\r': '\\r' }[character] : character)).join('');
    expect(matches(`a == "${escaped}"`, { a: text })).toBe(true);
  }));
});

test('any string without quotes reads back from its raw form', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('"')), (text) => {
    expect(matches(`a == """${text}"""`, { a: text })).toBe(true);
  }));
});

test('any finite number reads back as itself', () => {
  fc.assert(fc.property(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })), (number) => {
    expect(matches(`a == ${number}`, { a: number })).toBe(true);
  }));
});

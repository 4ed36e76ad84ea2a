import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileEql } from '../../src/rule/evaluate.ts';
import { parseEql } from '../../src/rule/parse.ts';
import { compileRegex, RegexError } from '../../src/rule/regex.ts';
import { foldAscii } from '../../src/rule/wildcard.ts';

describe('a regular expression', () => {
  test.each<[string, string, boolean]>([
    ['abc', 'abc', true], ['b', 'abc', false], ['.*b.*', 'abc', true], ['a.c', 'a\nc', true], ['.', '🕰', true], ['', '', true], ['', 'a', false],
    ['a|b', 'b', true], ['(ab|c)+', 'abcab', true], ['(ab|c)+', 'aba', false], ['a?b*', 'bb', true], ['a+', '', false], ['a{2}', 'aa', true], ['a{2}', 'aaa', false], ['a{2,}', 'aaaa', true], ['a{1,2}', 'aaa', false], ['a{2,3}', 'aa', true], ['a{0}', '', true], ['a{0}', 'a', false], ['(){3}a', 'a', true],
    ['[a-c]+', 'abc', true], ['[^a-c]', 'd', true], ['[^a-c]', 'b', false], ['[a-]+', 'a-', true], ['[\\.\\-_]', '-', true], ['[]a]', ']', true],
    ['\\d+', '123', true], ['\\w+', 'a_1', true], ['\\S', ' ', false], ['[\\d.]+', '1.2', true], ['\\D', '5', false], ['\\.\\*', '.*', true], ['a\\|b', 'a|b', true],
    ['"a.b"', 'a.b', true], ['"a.b"', 'axb', false], ['@', 'anything', true], ['a#', 'a', false], ['a|#', 'a', true], ['^a$', 'a', false], ['^a$', '^a$', true], ['*a', '*a', true],
    ['/(tmp|var/tmp|dev/shm)/.*', '/dev/shm/x', true],
  ])('%j over %j gives %s', (pattern, text, result) => {
    expect(compileRegex(pattern, false)(text)).toBe(result);
  });

  test.each<[string, string, boolean]>([['abc', 'ABC', true], ['[a-c]+', 'ABC', true], ['[^a]', 'A', false], ['é', 'É', false], ['k', '\u212a', false], ['\\x', 'X', true]])('%j folded over %j gives %s', (pattern, text, result) => {
    expect(compileRegex(pattern, true)(text)).toBe(result);
  });

  const characters = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code));

  test.each([['\\d', /^[0-9]$/], ['\\D', /^[^0-9]$/], ['\\w', /^[A-Za-z0-9_]$/], ['\\W', /^[^A-Za-z0-9_]$/], ['\\s', /^[ \t\n\r]$/], ['\\S', /^[^ \t\n\r]$/]])('%s takes what Lucene takes, and what is folded stays that', (pattern, expected) => {
    for (const fold of [false, true]) expect(characters.filter(compileRegex(pattern, fold))).toEqual(characters.filter((character) => expected.test(character)));
  });

  test('that is folded takes letters of ASCII in both cases, and of all else itself', () => {
    for (const own of characters.filter((character) => !/[dsw]/i.test(character))) expect(characters.filter(compileRegex(`\\${own}`, true))).toEqual(characters.filter((character) => foldAscii(character) === foldAscii(own)));
  });

  test.each(['(a', 'a)', '[a', 'a\\', '"a', 'a{', 'a{x}', 'a{3,2}', 'a{2x}', '[b-a]', '~a', 'a&b', '<1-9>', 'a{99999}', '((a{200}){200}){200}', '(){999999999}', '('.repeat(10_000)])('that is %j is refused', (pattern) => {
    expect(() => compileRegex(pattern, false)).toThrow(RegexError);
  });

  test('that would take others for ever is as quick as any', () => {
    expect(compileRegex('(a|aa|a*)*b', false)('a'.repeat(20_000))).toBe(false);
    expect(compileRegex('((a?){50}){50}a{50}', false)('a'.repeat(200))).toBe(true);
  });

  test('without counts and classes matches what the regular expressions of JavaScript match', () => {
    const leaf = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]');
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b), fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`), fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}')).map(([a, sign]) => `(${a})${sign}`)),
    }));
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(fc.property(pattern, text, (source, value) => {
      expect(compileRegex(source, false)(value)).toBe(new RegExp(`^(?:${source})$`, 's').test(value));
    }), { numRuns: 2_000 });
  });

  test('of any text compiles or is refused as one', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', '(', ')', '[', ']', '{', '}', '2', ',', '*', '+', '?', '|', '\\', '"', '-', '^', '.', '#', '@')).map((parts) => parts.join('')), (pattern) => {
      expect(outcomeOf(pattern)).toBe('as expected');
    }), { numRuns: 3_000 });
  });
});

function outcomeOf(pattern: string): string {
  try {
    compileRegex(pattern, true)('aab');
  } catch (error) {
    if (!(error instanceof RegexError)) return String(error);
  }
  return 'as expected';
}

describe('regex in EQL', () => {
  const matches = (condition: string, fields: object): boolean => compileEql(parseEql(`any where ${condition}`), `any where ${condition}`)(fields);

  test.each<[string, boolean]>([['a regex "x.z"', true], ['a regex "X.Z"', false], ['a regex~ "X.Z"', true], ['a regex ("n", "x.*")', true], ['a regex """[x-y]+z"""', true], ['not a regex "y"', true], ['b regex ".*"', false], ['not b regex ".*"', true]])('%s gives %s', (condition, result) => {
    expect(matches(condition, { a: 'xyz' })).toBe(result);
  });

  test('that is none is refused with its place in the query', () => {
    expect(() => matches('a == "x" and b regex "("', {})).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining('unfinished group'), place: expect.objectContaining({ line: 1, column: 26 }) }));
  });
});

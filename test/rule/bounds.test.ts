/** What someone may write into a rule or an event to keep us busy. Steps are counted where time matters: no test here looks at a clock. */
import { describe, expect, test } from 'vitest';
import { compileEql } from '../../src/rule/evaluate.ts';
import { MOST_COMBINATIONS } from '../../src/rule/operand.ts';
import { parseEql } from '../../src/rule/parse.ts';
import { compileRegex, compileTree } from '../../src/rule/regex.ts';
import { parseRegex, type RegexNode } from '../../src/rule/regex-parse.ts';
import { compileAny, compileWildcard, matchWildcard, type Characters } from '../../src/rule/wildcard.ts';

const compile = (condition: string): ((event: object) => boolean) => compileEql(parseEql(`any where ${condition}`), condition);

const TEN_THOUSAND = Array.from({ length: 10_000 }, (_, index) => index);
const TEN_MEGABYTES = 10_000_000;

/** A text that counts how often it is looked at. */
function counted(text: string): Characters & { steps: number } {
  return {
    steps: 0,
    length: text.length,
    charCodeAt(index) {
      this.steps += 1;
      return text.charCodeAt(index);
    },
    codePointAt: (index) => text.codePointAt(index),
  };
}

describe('a pattern of ten thousand stars', () => {
  test.each([
    ['that never fits', '*a'.repeat(10_000), 'a'.repeat(9_999), false],
    ['that fits at the very end', `${'*a'.repeat(10_000)}*b`, `${'a'.repeat(20_000)}b`, true],
    ['with question marks', `${'*?'.repeat(10_000)}b`, 'a'.repeat(20_000), false],
    ['with pieces that nearly fit', '*ab?'.repeat(10_000), 'aab'.repeat(10_000), false],
  ])('%s takes no more steps than the text is long, times the longest piece', (_, pattern, text, result) => {
    const watched = counted(text);
    expect(matchWildcard(pattern, watched)).toBe(result);
    expect(watched.steps).toBeLessThanOrEqual(text.length * 6);
    expect(compileWildcard(pattern)(text)).toBe(result);
  });

  test('in a list is judged as each alone', () => {
    expect(compileAny(['*a'.repeat(10_000), '*'.repeat(10_000)], true)('anything')).toBe(true);
    expect(compileAny(['*a'.repeat(10_000)], true)('A'.repeat(9_999))).toBe(false);
  });
});

test.each([true, false])('long patterns with a star at their end are too much for one regular expression, and judged all the same, whatever case counts: %s', (caseInsensitive) => {
  const starts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(30_000));
  const matches = compileAny(starts.map((start) => `${start}*`), caseInsensitive);
  for (const start of starts) expect([start, `${start}/`, start.slice(1), `x${start}`].map(matches)).toEqual([true, true, false, false]);
  const longest = 'a'.repeat(TEN_MEGABYTES);
  expect([longest, longest.toUpperCase(), longest.slice(1)].map(compileAny([`${longest}*`, 'b*'], caseInsensitive))).toEqual([true, caseInsensitive, false]);
});

/** The same tree, counting how often a character is compared. */
function counting(node: RegexNode, count: () => void): RegexNode {
  switch (node.kind) {
    case 'take':
      return { kind: 'take', test: (code) => (count(), node.test(code)) };
    case 'repeat':
      return { ...node, part: counting(node.part, count) };
    default:
      return { ...node, parts: node.parts.map((part) => counting(part, count)) };
  }
}

describe('a regular expression', () => {
  test.each([
    ['(a|aa|a*)*b', 'a'.repeat(20_000), false],
    ['(a+)+', `${'a'.repeat(20_000)}!`, false],
    ['(.*)*(.*)*x', 'a'.repeat(20_000), false],
    ['(a|a?)+c', `${'a'.repeat(20_000)}c`, true],
  ])('that others try for ever, %s, compares each kind of character a few times', (pattern, text, result) => {
    let steps = 0;
    expect(compileTree(counting(parseRegex(pattern, false), () => (steps += 1)))(text)).toBe(result);
    expect(steps).toBeLessThan(200);
  });

  test('over a text of ever new characters takes its length times the text, at most', () => {
    let steps = 0;
    const text = Array.from({ length: 30_000 }, (_, index) => String.fromCharCode(0x100 + index)).join('');
    expect(compileTree(counting(parseRegex('(.?){20}.*x', false), () => (steps += 1)))(text)).toBe(false);
    expect(steps).toBeLessThanOrEqual(text.length * 22);
  });

  test('is as good after its memory was emptied', () => {
    const matches = compileRegex('[^x]*', false);
    const text = Array.from({ length: 60_000 }, (_, index) => String.fromCodePoint(0x1_0000 + index)).join('');
    expect([matches(text), matches(`${text}x`), matches(text)]).toEqual([true, false, true]);
  });

  test('of ten thousand repetitions is refused', () => {
    expect(() => compile(`a regex "a${'*'.repeat(10_000)}"`)).toThrow('more than 100 repetitions');
  });
});

describe('a rule of ten thousand', () => {
  test.each<[string, string]>([
    ['alternatives of equality', TEN_THOUSAND.map((index) => `a == "${index}"`).join(' or ')],
    ['alternatives of patterns', TEN_THOUSAND.map((index) => `a : "${index}*"`).join(' or ')],
    ['values in a list', `a in (${TEN_THOUSAND.map((index) => `"${index}"`).join(', ')})`],
    ['patterns in a list', `a : (${TEN_THOUSAND.map((index) => `"${index}/*", "*/${index}"`).join(', ')}, "9999")`],
    ['negations', `${'not '.repeat(10_000)}a == "9999"`],
    ['tests that all have to hold', TEN_THOUSAND.map((index) => `a != "x${index}"`).join(' and ')],
  ])('%s is judged', (_, condition) => {
    const matches = compile(condition);
    expect(matches({ a: '9999' })).toBe(true);
    expect(matches({ a: condition.includes('!=') ? 'x9999' : 'none' })).toBe(false);
  });

  test.each([
    ['parentheses', '('.repeat(10_000) + 'a == "x"' + ')'.repeat(10_000)],
    ['parentheses that are never closed', '('.repeat(10_000)],
    ['functions in each other', `${'string('.repeat(10_000)}a${')'.repeat(10_000)} == "x"`],
  ])('%s is refused with its place', (_, condition) => {
    expect(() => compile(condition)).toThrow(expect.objectContaining({ code: 'BAD_INPUT', message: 'parentheses nested more than 200 deep', place: expect.objectContaining({ line: 1 }) }));
  });

  test('two hundred parentheses are judged, of conditions and of values', () => {
    expect(compile(`${'('.repeat(200)}a == "x"${')'.repeat(200)}`)({ a: 'x' })).toBe(true);
    expect(compile(`${'('.repeat(200)}a${')'.repeat(200)} == "x"`)({ a: 'x' })).toBe(true);
  });
});

describe('an event', () => {
  test('with a text of ten megabytes is judged', () => {
    const event = { a: `${'A'.repeat(TEN_MEGABYTES)}b` };
    for (const condition of ['a : "*b"', 'a : "a*b?" or a like "*A?"', 'a regex "A*b"', 'a regex~ ".*B"', `length(a) == ${TEN_MEGABYTES + 1}`, 'endsWith~(a, "AB")', 'indexOf(a, "b") > 5', 'not a in~ ("b")', 'not cidrMatch(a, "10.0.0.0/8")']) expect([condition, compile(condition)(event)]).toEqual([condition, true]);
  });

  test('that nests a hundred thousand deep is judged', () => {
    const arrays = JSON.parse(`{"a":${'['.repeat(100_000)}"x"${']'.repeat(100_000)}}`) as object;
    const objects = JSON.parse(`${'{"a":'.repeat(100_000)}"x"${'}'.repeat(100_000)}`) as object;
    const mixed = JSON.parse(`${'{"a":['.repeat(50_000)}"x"${']}'.repeat(50_000)}`) as object;
    expect([compile('a == "x"')(arrays), compile('a == "x"')(objects), compile(`${Array(300).fill('a').join('.')} != null`)(mixed)]).toEqual([true, false, true]);
  });

  test('with an array of a million elements is judged', () => {
    const event = { a: [...Array<string>(1_000_000).fill('x'), 'y', ['z']] };
    expect([compile('a == "z"')(event), compile('a : "Y"')(event), compile('a in ("q", "r")')(event)]).toEqual([true, true, false]);
  });

  test('with arrays in two fields of one function is looked at so far and no further', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `${index}`);
    const matches = (text: string): boolean => compile(`concat(a, "-", b) == "${text}"`)({ a: many, b: many });
    const rows = MOST_COMBINATIONS / many.length;
    expect([matches('999-0'), matches(`999-${rows - 1}`), matches(`0-${rows}`)]).toEqual([true, true, false]);
  });

  test('with NUL bytes is judged as any other', () => {
    const event = { a: 'x\0y', b: ['\0'] };
    expect(['a == "x\\u{00}y"', 'a : "X*Y"', 'a like "x?y"', 'a regex "x.y"', 'stringContains(a, "\\u{00}")', 'length(b) == 1', 'a != "x"'].map((condition) => compile(condition)(event))).toEqual(Array(7).fill(true));
  });

  test.each<[string, unknown]>([['a number', 5], ['a truth', true], ['an object', { x: 'x' }], ['an empty object', {}], ['an array of objects', [{}, { y: 1 }]]])('with %s where a text is expected matches no text, and throws nothing', (_, wrong) => {
    for (const condition of ['a == "x"', 'a : "*"', 'a like "*"', 'a regex ".*"', 'a in ("x")', 'a in~ ("x")', 'a > "x"', 'length(a) > 0', 'startsWith(a, "")', 'cidrMatch(a, "::/0")', 'a.b.c == "x"']) expect([condition, compile(condition)({ a: wrong })]).toEqual([condition, false]);
    for (const event of [{ event: wrong, file: wrong }, { event: { category: wrong } }]) expect(compileEql(parseEql('file where file.path : "*"'))(event)).toBe(false);
  });
});

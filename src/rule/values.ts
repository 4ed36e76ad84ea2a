/** What a test takes a field to be: a set of values and patterns, or a range of numbers. For lint, which compares such sets. */
import type { ComparisonOperator, Literal } from './ast.ts';
import type { Test } from './normal.ts';
import { foldAscii, hasWildcard } from './wildcard.ts';

export interface Value {
  value: Exclude<Literal, null>;
  /** With wildcards that count. */
  pattern: boolean;
  /** The case of ASCII letters does not count. */
  fold: boolean;
  /** In the query. */
  offset: number;
}

export type Taken =
  | { field: string; kind: 'values'; values: Value[] }
  | { field: string; kind: 'range'; operator: ComparisonOperator; bound: number }
  | { field: string; kind: 'missing' };

/** Undefined for tests that are no plain set of values of one field: functions, regular expressions, null in a list. */
export function takenBy(test: Test, query: string): Taken | undefined {
  if (test.kind === 'constant' || test.kind === 'truth' || test.left.kind !== 'field') return undefined;
  const field = test.left.field.name;
  const values = (literals: readonly Literal[], offsets: readonly number[], patterns: boolean, fold: boolean): Taken | undefined => {
    const list = literals.flatMap((value, index): Value[] => (value === null ? [] : [{ value, pattern: patterns && typeof value === 'string' && hasWildcard(value), fold, offset: offsets[index] ?? test.offset }]));
    return list.length === literals.length ? { field, kind: 'values', values: list } : undefined;
  };
  switch (test.kind) {
    case 'comparison': {
      const { operator, right } = test;
      if (right.kind !== 'literal') return undefined;
      if (right.value === null) return { field, kind: 'missing' };
      if (operator === '==') return values([right.value], [right.offset], false, false);
      return typeof right.value === 'number' ? { field, kind: 'range', operator, bound: right.value } : undefined;
    }
    case 'membership':
      return values(test.values, literalOffsets(query, test.offset), false, test.caseInsensitive);
    case 'pattern':
      return test.operator.startsWith('regex') ? undefined : values(test.patterns, literalOffsets(query, test.offset), true, test.operator !== 'like');
  }
}

const TOKENS = /"""[^]*?"""|"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[^]*?\*\/|[\w.+-]+|[(),]/g;

/** Where the values after an operator stand: the tree has only the operator's place. */
export function literalOffsets(query: string, operator: number): number[] {
  const offsets: number[] = [];
  let inList = false;
  TOKENS.lastIndex = operator;
  for (let match = TOKENS.exec(query); match !== null; match = TOKENS.exec(query)) {
    const [token] = match;
    if (token === '(') inList = true;
    else if (token === ')') break;
    else if (inList && !/^(\/[/*]|,)/.test(token)) offsets.push(match.index);
    else if (!inList && (token.startsWith('"') || /^-?\.?\d|^(true|false)$/.test(token))) return [match.index];
  }
  return offsets;
}

/** Whether all that `b` takes is taken by `a` too. False may also mean that it is not known. */
export function covers(a: Value, b: Value): boolean {
  if (typeof a.value !== 'string' || typeof b.value !== 'string') return a.value === b.value;
  if (!a.fold && b.fold && /[a-z]/i.test(b.value)) return false;
  const [wide, narrow] = a.fold ? [foldAscii(a.value), foldAscii(b.value)] : [a.value, b.value];
  return a.pattern ? globCovers(wide, narrow, b.pattern) : !b.pattern && wide === narrow;
}

/** By code points where that makes a difference: a `?` takes one. */
function charactersOf(text: string): ArrayLike<string> {
  return /[\ud800-\udbff]/.test(text) ? [...text] : text;
}

/** Glob matching of a glob: a star of `narrow` can only be taken by a star of `wide`. Never worse than wide × narrow. */
function globCovers(wideText: string, narrowText: string, isPattern: boolean): boolean {
  const [wide, narrow] = [charactersOf(wideText), charactersOf(narrowText)];
  let [i, j, star, resume] = [0, 0, -1, 0];
  while (j < narrow.length) {
    const open = isPattern && narrow[j] === '*';
    if (wide[i] === '*') [star, resume, i] = [i, j, i + 1];
    else if (!open && i < wide.length && (wide[i] === '?' || (wide[i] === narrow[j] && !(isPattern && narrow[j] === '?')))) [i, j] = [i + 1, j + 1];
    else if (star >= 0) [i, j, resume] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  while (wide[i] === '*') i += 1;
  return i === wide.length;
}

/** Whether one value can be of both sets. True may also mean that it is not known. */
export function meet(a: Taken, b: Taken): boolean {
  if (a.kind === 'missing' || b.kind === 'missing') return a.kind === b.kind;
  if (a.kind === 'values' && b.kind === 'values') return a.values.some((x) => b.values.some((y) => valuesMeet(x, y)));
  if (a.kind === 'range' && b.kind === 'range') return witnesses(a.bound, b.bound).some((number) => inRange(number, a) && inRange(number, b));
  const [values, range] = a.kind === 'values' ? [a, b] : [b, a];
  return values.kind === 'values' && range.kind === 'range' && values.values.some(({ value }) => typeof value === 'number' && inRange(value, range));
}

/** Two ranges meet in one of these or not at all. */
function witnesses(a: number, b: number): number[] {
  return [a, b, (a + b) / 2, Math.min(a, b) - 1, Math.max(a, b) + 1];
}

function inRange(number: number, { operator, bound }: { operator: ComparisonOperator; bound: number }): boolean {
  switch (operator) {
    case '<':
      return number < bound;
    case '<=':
      return number <= bound;
    case '>':
      return number > bound;
    case '>=':
      return number >= bound;
    default:
      return (number === bound) === (operator === '==');
  }
}

function valuesMeet(a: Value, b: Value): boolean {
  if (typeof a.value !== 'string' || typeof b.value !== 'string') return a.value === b.value;
  const fold = a.fold || b.fold;
  const [x, y] = fold ? [foldAscii(a.value), foldAscii(b.value)] : [a.value, b.value];
  if (!a.pattern && !b.pattern) return x === y;
  if (!a.pattern) return globCovers(y, x, false);
  if (!b.pattern) return globCovers(x, y, false);
  const [start, otherStart, end, otherEnd] = [literalStart(x), literalStart(y), literalEnd(x), literalEnd(y)];
  return (start.startsWith(otherStart) || otherStart.startsWith(start)) && (end.endsWith(otherEnd) || otherEnd.endsWith(end));
}

/** Up to the first wildcard. */
export const literalStart = (pattern: string): string => /^[^*?]*/.exec(pattern)?.[0] ?? '';
const literalEnd = (pattern: string): string => /[^*?]*$/.exec(pattern)?.[0] ?? '';

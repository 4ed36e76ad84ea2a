/** EQL text to a tree, with errors that point at the place. */
import { placeAt, TickwardError } from '../model/errors.ts';
import type { Query } from './ast.ts';
import { parse, SyntaxError, type ParserLocation } from './eql.generated.js';

/** Deeper nesting than any rule has; more would exhaust the stack of the parser. */
const DEEPEST = 200;

/** Throws BAD_INPUT with line, column, caret and what was expected. */
export function parseEql(source: string, file?: string): Query {
  refuseDeepNesting(source, file);
  const result = attempt(source, file);
  if (!('refused' in result)) return result;
  throw new TickwardError('BAD_INPUT', `${result.refused} are not evaluated here: only EQL over single events`, { hint: 'the guide of such a rule can still be used', place: placeAt(source, result.offset, file) });
}

function attempt(source: string, file: string | undefined): ReturnType<typeof parse> {
  try {
    return parse(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const offset = Math.min(error.location.start.offset, source.length);
    const open = unclosedString(source, offset);
    if (open !== undefined) throw new TickwardError('BAD_INPUT', 'this is no EQL: the string is not closed', { hint: 'a string ends with " on its own line; """ encloses one over several lines', place: placeAt(source, open, file), cause: error });
    throw new TickwardError('BAD_INPUT', `this is no EQL: ${explain(error, source, error.location)}`, { hint: 'see https://www.elastic.co/docs/reference/query-languages/eql/eql-syntax', place: placeAt(source, offset, file), cause: error });
  }
}

/** Where the string begins that is the reason for an error at `offset`: the parser only knows that it met the end of the line. */
function unclosedString(source: string, offset: number): number | undefined {
  for (const { 0: token, index } of source.matchAll(TOKENS)) {
    if (index > offset) return undefined;
    if (token.startsWith('"') && !CLOSED.test(token)) return index;
  }
  return undefined;
}

const ARITHMETIC = 'values stand in double quotes, and arithmetic is not evaluated here';

const HINTS: Record<string, string> = {
  '=': 'a lone = is no operator: write ==',
  "'": 'strings stand in double quotes: "…"',
  '[': 'an array has no index: a test of a field holds when any element satisfies it',
  '!': 'there is no such operator: write not before the test',
  '+': ARITHMETIC,
  '-': ARITHMETIC,
  '*': ARITHMETIC,
  '/': ARITHMETIC,
  '%': ARITHMETIC,
};

function explain(error: SyntaxError, source: string, { start }: ParserLocation): string {
  const found = source[start.offset];
  const hint = found === undefined ? undefined : HINTS[found];
  if (hint !== undefined) return hint;
  const named = (error.expected ?? []).filter((item) => item.description !== undefined && item.description !== 'white space');
  const expected = [...new Set((named.length > 0 ? named : (error.expected ?? [])).flatMap(describe))];
  if (expected.length === 0) return error.message;
  return `expected ${expected.slice(0, 6).join(' or ')}, found ${found === undefined ? 'the end' : JSON.stringify(found)}`;
}

/** Bare character classes and white space say nothing to a person. */
function describe(item: { type: string; description?: string; text?: string }): string[] {
  if (item.type === 'end') return ['the end'];
  if (item.description !== undefined) return item.description === 'white space' ? [] : [item.description];
  return item.text === undefined ? [] : [JSON.stringify(item.text)];
}

/** Strings, comments and quoted names, closed or not, so that a parenthesis inside them is not counted. */
const TOKENS = /"""[^]*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?|\/\/[^\n]*|\/\*[^]*?(?:\*\/|$)|`[^`\n]*`?|[()]/g;

/** A whole string, as the tokens have it. */
const CLOSED = /^(?:"""[^]*"""|"(?:\\.|[^"\\\n])*")$/;

function refuseDeepNesting(source: string, file: string | undefined): void {
  let depth = 0;
  for (const { 0: token, index } of source.matchAll(TOKENS)) {
    if (token === '(') depth += 1;
    else if (token === ')') depth -= 1;
    if (depth > DEEPEST) throw new TickwardError('BAD_INPUT', `parentheses nested more than ${DEEPEST} deep`, { place: placeAt(source, index, file) });
  }
}

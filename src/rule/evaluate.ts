/**
 * An EQL tree to a predicate over one event. Two-valued: a missing field makes every positive predicate false,
 * and `not`, `!=`, `not in` are plain negations (facts of Elasticsearch's query translation, see test/rule/facts.test.ts).
 * The one exception is a bare null (the literal, or `?field` that is missing): it matches neither itself nor negated.
 * Time: the sum over the tests of what they read and match; each is linear in the event (see field.ts, wildcard.ts, regex.ts).
 */
import type { ComparisonOperator, Condition, Operand, Query } from './ast.ts';
import { compileField, oneOf, someOf, type Predicate, type Reader, type ValueTest } from './field.ts';
import { mergeAlternatives } from './merge.ts';
import { compileOperand, isConstant, refused } from './operand.ts';
import { compileRegexes, RegexError } from './regex.ts';
import { compileAny, foldAscii } from './wildcard.ts';

export type { Predicate };

type Test = Extract<Condition, { kind: 'comparison' | 'pattern' | 'membership' }>;
type Comparison = Extract<Test, { kind: 'comparison' }>;

/** Compiles once; the predicate keeps no event. `source` only serves error messages. Throws BAD_INPUT with the place in it. */
export function compileEql(query: Query, source = ''): Predicate {
  const condition = compileCondition(query.condition, source, false);
  if (query.category === 'any') return condition;
  const category = oneOf(compileField('event.category'), [query.category]);
  // Nearly all events fail at the first test of the condition; of their category they mostly are.
  return (event) => condition(event) && category(event);
}

/** Negations are pushed down to the tests, so that each test says itself what its negation is. */
function compileCondition(condition: Condition, source: string, negated: boolean): Predicate {
  switch (condition.kind) {
    case 'constant':
      return () => condition.value !== negated;
    case 'not':
      return compileCondition(condition.operand, source, !negated);
    case 'and':
      return compileJunction(negated, condition.operands.map((operand) => compileCondition(operand, source, negated)));
    case 'or':
      return compileJunction(!negated, mergeAlternatives(condition.operands).map((operand) => compileCondition(operand, source, negated)));
    case 'truth':
      return compileTruth(condition.operand, source, negated);
    default: {
      const test = compileTest(condition, source);
      return negated ? (event) => !test(event) : test;
    }
  }
}

/** `decisive` is the value that one operand alone gives the whole: true for `or`. */
function compileJunction(decisive: boolean, operands: readonly Predicate[]): Predicate {
  return (event) => {
    for (const operand of operands) if (operand(event) === decisive) return decisive;
    return !decisive;
  };
}

function compileTruth(operand: Operand, source: string, negated: boolean): Predicate {
  const read = compileOperand(operand, source);
  const isTrue = someOf(read, (each) => each === true);
  const nullable = (operand.kind === 'literal' && operand.value === null) || (operand.kind === 'field' && operand.field.optional);
  if (!negated) return isTrue;
  return nullable ? (event) => read(event) !== undefined && !isTrue(event) : (event) => !isTrue(event);
}

function compileTest(condition: Test, source: string): Predicate {
  if (condition.kind === 'comparison') return compileComparison(condition, source);
  const read = compileOperand(condition.left, source);
  return condition.kind === 'pattern' ? someOf(read, patternTest(condition, source)) : compileMembership(read, condition);
}

function compileComparison(comparison: Comparison, source: string): Predicate {
  const { operator, left, right, offset } = comparison;
  // A value on the left is turned round: 5 < x is x > 5.
  if (isConstant(left) && !isConstant(right)) return compileComparison({ ...comparison, operator: TURNED[operator], left: right, right: left }, source);
  if (!isConstant(right)) throw refused('two fields cannot be compared with each other', source, offset);
  const read = compileOperand(left, source);
  const wanted = compileOperand(right, source)({});
  if (operator === '==' || operator === '!=') {
    const isEqual = wanted === undefined ? isMissing(read) : oneOf(read, [wanted]);
    return operator === '==' ? isEqual : (event) => !isEqual(event);
  }
  if (wanted === undefined) throw refused(`null has no order: ${operator} null`, source, offset);
  return someOf(read, orderTest(operator, wanted));
}

const TURNED: Record<ComparisonOperator, ComparisonOperator> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

function isMissing(read: Reader): Predicate {
  return (event) => read(event) === undefined;
}

/** Values of different types never match; only numbers and strings have an order. */
function orderTest(operator: Exclude<ComparisonOperator, '==' | '!='>, wanted: unknown): ValueTest {
  if (typeof wanted === 'number') return (value) => typeof value === 'number' && inOrder(operator, value, wanted);
  if (typeof wanted === 'string') return (value) => typeof value === 'string' && inOrder(operator, value, wanted);
  return () => false;
}

function inOrder<Value extends number | string>(operator: Exclude<ComparisonOperator, '==' | '!='>, value: Value, wanted: Value): boolean {
  switch (operator) {
    case '<':
      return value < wanted;
    case '<=':
      return value <= wanted;
    case '>':
      return value > wanted;
    case '>=':
      return value >= wanted;
  }
}

/** `:` alone takes numbers and booleans too. */
function patternTest({ operator, patterns, offset }: Extract<Test, { kind: 'pattern' }>, source: string): ValueTest {
  if (patterns.includes(null)) throw refused(`${operator} takes no null`, source, offset);
  const texts = patterns.filter((pattern) => typeof pattern === 'string');
  const others = new Set<unknown>(patterns.filter((pattern) => typeof pattern !== 'string'));
  if (operator !== ':' && others.size > 0) throw refused(`${operator} takes strings only`, source, offset);
  const matches = operator === 'regex' || operator === 'regex~' ? regexTest(texts, operator === 'regex~', source, offset) : compileAny(texts, operator !== 'like');
  return (value) => (typeof value === 'string' ? matches(value) : others.has(value));
}

function regexTest(texts: readonly string[], caseInsensitive: boolean, source: string, offset: number): (text: string) => boolean {
  try {
    return compileRegexes(texts, caseInsensitive);
  } catch (error) {
    if (error instanceof RegexError) throw refused(error.message, source, offset);
    throw error;
  }
}

/** A null in the list stands for nothing. */
function compileMembership(read: Reader, { values, caseInsensitive }: Extract<Test, { kind: 'membership' }>): Predicate {
  const present = values.filter((value) => value !== null);
  if (!caseInsensitive) return oneOf(read, present);
  const folded = new Set<unknown>(present.map(foldIfText));
  return someOf(read, (value) => folded.has(foldIfText(value)));
}

function foldIfText(value: unknown): unknown {
  return typeof value === 'string' ? foldAscii(value) : value;
}

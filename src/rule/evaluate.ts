/**
 * An EQL tree to a predicate over one event. Two-valued: a missing field makes every positive predicate false,
 * and `not`, `!=`, `not in` are plain negations (facts of Elasticsearch's query translation, see test/rule/evaluate.test.ts).
 * The one exception is a bare null (the literal, or `?field` that is missing): it matches neither itself nor negated.
 */
import { placeAt, TickwardError } from '../model/errors.ts';
import type { ComparisonOperator, Condition, Literal, Operand, PatternOperator, Query } from './ast.ts';
import { compileField, some, type Reader } from './field.ts';
import { functions } from './functions.ts';
import { compileRegex, RegexError } from './regex.ts';
import { compileAny, foldAscii } from './wildcard.ts';

export type Predicate = (event: object) => boolean;

/** Compiles once; the predicate keeps no state. `source` only serves error messages. */
export function compileEql(query: Query, source = ''): Predicate {
  const condition = compileCondition(query.condition, source);
  if (query.category === 'any') return condition;
  const category = compileField('event.category');
  return (event) => some(category(event), (each) => each === query.category) && condition(event);
}

/** Negations are pushed down to the tests, so that each test says itself what its negation is. */
function compileCondition(condition: Condition, source: string, negated = false): Predicate {
  switch (condition.kind) {
    case 'constant':
      return () => condition.value !== negated;
    case 'not':
      return compileCondition(condition.operand, source, !negated);
    case 'and':
    case 'or':
      return compileJunction((condition.kind === 'or') !== negated, condition.operands.map((operand) => compileCondition(operand, source, negated)));
    case 'truth':
      return compileTruth(condition.operand, source, negated);
    default: {
      const test = compileTest(condition, source);
      return negated ? (event) => !test(event) : test;
    }
  }
}

function compileTest(condition: Extract<Condition, { kind: 'comparison' | 'pattern' | 'membership' }>, source: string): Predicate {
  switch (condition.kind) {
    case 'comparison':
      return compileComparison(condition, source);
    case 'pattern':
      return compilePattern(compileOperand(condition.left, source), condition, source);
    case 'membership':
      return compileMembership(compileOperand(condition.left, source), condition.values, condition.caseInsensitive);
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
  const nullable = (operand.kind === 'literal' && operand.value === null) || (operand.kind === 'field' && operand.field.optional);
  return (event) => {
    const value = read(event);
    if (nullable && value === undefined) return false;
    return some(value, (each) => each === true) !== negated;
  };
}

function compileComparison({ operator, left, right, offset }: Extract<Condition, { kind: 'comparison' }>, source: string): Predicate {
  if (left.kind === 'field' && right.kind === 'field') throw refused('two fields cannot be compared with each other', source, offset);
  // A value on the left is turned round: 5 < x is x > 5.
  if (left.kind === 'literal' && right.kind !== 'literal') return compileComparison({ kind: 'comparison', operator: TURNED[operator], left: right, right: left, offset }, source);
  if (right.kind !== 'literal') {
    const [first, second] = [compileOperand(left, source), compileOperand(right, source)];
    return (event) => some(first(event), (a) => some(second(event), (b) => holds(operator === '!=' ? '==' : operator, a, b))) !== (operator === '!=');
  }
  const read = compileOperand(left, source);
  const wanted = right.value;
  if (wanted === null) {
    if (operator !== '==' && operator !== '!=') throw refused(`null has no order: ${operator} null`, source, offset);
    return operator === '==' ? (event) => read(event) === undefined : (event) => read(event) !== undefined;
  }
  if (operator === '!=') return (event) => !some(read(event), (value) => value === wanted);
  return (event) => some(read(event), (value) => holds(operator, value, wanted));
}

const TURNED: Record<ComparisonOperator, ComparisonOperator> = { '==': '==', '!=': '!=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** Values of different types never match; only numbers and strings have an order. */
function holds(operator: ComparisonOperator, value: unknown, wanted: unknown): boolean {
  if (operator === '==') return value === wanted;
  const ordered = (typeof value === 'number' && typeof wanted === 'number') || (typeof value === 'string' && typeof wanted === 'string');
  if (!ordered) return false;
  switch (operator) {
    case '<':
      return value < wanted;
    case '<=':
      return value <= wanted;
    case '>':
      return value > wanted;
    case '>=':
      return value >= wanted;
    default:
      return value !== wanted;
  }
}

function compilePattern(read: Reader, { operator, patterns, offset }: { operator: PatternOperator; patterns: readonly Literal[]; offset: number }, source: string): Predicate {
  if (patterns.includes(null)) throw refused(`${operator} takes no null`, source, offset);
  const texts = patterns.filter((pattern) => typeof pattern === 'string');
  const others = new Set<unknown>(patterns.filter((pattern) => typeof pattern !== 'string'));
  if (operator !== ':' && others.size > 0) throw refused(`${operator} takes strings only`, source, offset);
  const matches = operator === 'regex' || operator === 'regex~' ? compileRegexes(texts, operator === 'regex~', source, offset) : compileAny(texts, operator !== 'like');
  return (event) => some(read(event), (value) => (typeof value === 'string' ? matches(value) : others.has(value)));
}

function compileRegexes(texts: readonly string[], caseInsensitive: boolean, source: string, offset: number): (text: string) => boolean {
  try {
    const regexes = texts.map((text) => compileRegex(text, caseInsensitive));
    return (text) => regexes.some((matches) => matches(text));
  } catch (error) {
    if (error instanceof RegexError) throw refused(error.message, source, offset);
    throw error;
  }
}

function compileMembership(read: Reader, values: readonly Literal[], caseInsensitive: boolean): Predicate {
  const fold = (value: unknown): unknown => (caseInsensitive && typeof value === 'string' ? foldAscii(value) : value);
  const wanted = new Set<unknown>(values.filter((value) => value !== null).map(fold));
  const missing = values.includes(null);
  return (event) => {
    const value = read(event);
    return value === undefined ? missing : some(value, (element) => wanted.has(fold(element)));
  };
}

function compileOperand(operand: Operand, source: string): Reader {
  switch (operand.kind) {
    case 'field':
      return compileField(operand.field.name);
    case 'literal':
      return () => operand.value ?? undefined;
    case 'call': {
      const known = functions[operand.name];
      if (known === undefined || !Object.hasOwn(functions, operand.name)) throw refused(`there is no function ${operand.name} (known: ${Object.keys(functions).join(', ')})`, source, operand.offset);
      if (operand.caseInsensitive && !known.folds) throw refused(`${operand.name} has no form with ~`, source, operand.offset);
      const count = operand.arguments.length;
      if (count < known.least || count > known.most) throw refused(`${operand.name} takes ${known.least === known.most ? known.least : `${known.least} to ${known.most}`} arguments, not ${count}`, source, operand.offset);
      const wrong = known.check?.(operand.arguments.map((argument) => (argument.kind === 'literal' ? argument.value : undefined)));
      if (wrong !== undefined) throw refused(wrong, source, operand.offset);
      const given = operand.arguments.map((argument) => compileOperand(argument, source));
      return (event) => overFirst(given.map((read) => read(event)), (values) => known.apply(values, operand.caseInsensitive));
    }
  }
}

/** A function of an array is an array of its results; only the first argument may be one. */
function overFirst(values: readonly unknown[], apply: (values: readonly unknown[]) => unknown): unknown {
  const [first, ...rest] = values;
  if (!Array.isArray(first)) return apply(values);
  const results = first.map((each) => apply([each, ...rest])).filter((result) => result !== undefined);
  return results.length === 0 ? undefined : results;
}

function refused(message: string, source: string, offset: number): TickwardError {
  return new TickwardError('BAD_INPUT', message, source === '' ? {} : { place: placeAt(source, offset) });
}

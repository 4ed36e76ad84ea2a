/** EQL judged slowly and obviously: every value of the document is listed with its name, every definition is written down as it is said. */
import type { Condition, Literal, Operand, Query } from '../../src/rule/ast.ts';

/** True, false, or null: a bare null, which is neither. */
type Truth = boolean | null;

export function slowly({ category, condition }: Query, event: object): boolean {
  const inCategory = category === 'any' || valuesOf(event, 'event.category').includes(category);
  return inCategory && truthOf(condition, event) === true;
}

function truthOf(condition: Condition, event: object): Truth {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'not':
      return negate(truthOf(condition.operand, event));
    case 'and': {
      const truths = condition.operands.map((operand) => truthOf(operand, event));
      return truths.includes(false) ? false : truths.includes(null) ? null : true;
    }
    case 'or': {
      const truths = condition.operands.map((operand) => truthOf(operand, event));
      return truths.includes(true) ? true : truths.includes(null) ? null : false;
    }
    case 'truth': {
      const { operand } = condition;
      const values = operandValues(operand, event);
      const isBareNull = (operand.kind === 'literal' && operand.value === null) || (operand.kind === 'field' && operand.field.optional && values.length === 0);
      return isBareNull ? null : values.includes(true);
    }
    case 'comparison':
      return compares(condition, event);
    case 'membership':
      return operandValues(condition.left, event).some((value) => condition.values.some((wanted) => wanted !== null && (condition.caseInsensitive ? lower(value) === lower(wanted) : value === wanted)));
    case 'pattern':
      return operandValues(condition.left, event).some((value) => condition.patterns.some((pattern) => fits(condition.operator, value, pattern)));
  }
}

function negate(truth: Truth): Truth {
  return truth === null ? null : !truth;
}

function compares({ operator, left, right }: Extract<Condition, { kind: 'comparison' }>, event: object): boolean {
  const lefts = operandValues(left, event);
  const rights = operandValues(right, event);
  if (operator === '!=') return !compares({ kind: 'comparison', operator: '==', left, right, offset: 0 }, event);
  if (operator === '==' && (lefts.length === 0 || rights.length === 0)) {
    // Of a null that is written down: is the other one missing?
    return isNull(left) || isNull(right) ? lefts.length === 0 && rights.length === 0 : false;
  }
  return lefts.some((a) => rights.some((b) => inOrder(operator, a, b)));
}

function isNull(operand: Operand): boolean {
  return operand.kind === 'literal' ? operand.value === null : operand.kind === 'call' && operand.arguments.every((argument) => argument.kind !== 'field') && operandValues(operand, {}).length === 0;
}

function inOrder(operator: string, a: unknown, b: unknown): boolean {
  if (operator === '==') return a === b;
  if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string') || (typeof b !== 'number' && typeof b !== 'string')) return false;
  return operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b;
}

function fits(operator: string, value: unknown, pattern: Literal): boolean {
  if (typeof value !== 'string' || typeof pattern !== 'string') return value === pattern;
  switch (operator) {
    case ':':
    case 'like~':
      return glob([...String(lower(pattern))], [...String(lower(value))]);
    case 'like':
      return glob([...pattern], [...value]);
    default:
      return new RegExp(`^(?:${pattern})$`, operator === 'regex~' ? 'isu' : 'su').test(value);
  }
}

/** The definition by recursion. */
export function glob(pattern: readonly string[], text: readonly string[]): boolean {
  const [wanted, ...rest] = pattern;
  if (wanted === undefined) return text.length === 0;
  if (wanted === '*') return glob(rest, text) || (text.length > 0 && glob(pattern, text.slice(1)));
  return text.length > 0 && (wanted === '?' || wanted === text[0]) && glob(rest, text.slice(1));
}

/** A to Z as a to z, character by character; what is no text is itself. */
function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.split('').map((character) => (character >= 'A' && character <= 'Z' ? String.fromCharCode(character.charCodeAt(0) + 32) : character)).join('') : value;
}

function operandValues(operand: Operand, event: object): unknown[] {
  switch (operand.kind) {
    case 'literal':
      return operand.value === null ? [] : [operand.value];
    case 'field':
      return valuesOf(event, operand.field.name);
    case 'call': {
      // Missing arguments are null, and every combination of the others counts.
      const lists = operand.arguments.map((argument) => operandValues(argument, event)).map((values) => (values.length === 0 ? [null] : values));
      const combinations = lists.reduce<unknown[][]>((found, list) => found.flatMap((chosen) => list.map((value) => [...chosen, value])), [[]]);
      return combinations.map((values) => call(operand.name, operand.caseInsensitive ? values.map(lower) : values)).filter((result) => result !== null);
    }
  }
}

function call(name: string, [first, second, third]: readonly unknown[]): unknown {
  if (name === 'string') return first === null ? null : `${first as string}`;
  if (name === 'length') return typeof first === 'string' ? first.split('').length : null;
  if (name === 'substring') return typeof first === 'string' && typeof second === 'number' ? first.split('').filter((_, index) => index >= Math.trunc(second < 0 ? first.length + Math.trunc(second) : second)).join('') : null;
  if (name === 'concat') return first === null || second === null || third === null ? null : `${first as string}${second as string}${third as string}`;
  if (typeof first !== 'string' || typeof second !== 'string') return null;
  const places = Array.from({ length: first.length - second.length + 1 }, (_, index) => index).filter((index) => first.substring(index, index + second.length) === second);
  switch (name) {
    case 'startsWith':
      return places.includes(0);
    case 'endsWith':
      return places.includes(first.length - second.length);
    case 'stringContains':
      return second !== '' && places.length > 0;
    case 'indexOf':
      return places.find((place) => place >= (typeof third === 'number' ? third : 0)) ?? null;
    case 'wildcard':
      return glob([...second], [...first]);
    default:
      throw new RangeError(`the slow evaluator has no ${name}`);
  }
}

/** All values that the document has under a dotted name, however it writes the name. */
function valuesOf(event: object, name: string): unknown[] {
  return everything('', event).filter(([path]) => path === name).map(([, value]) => value);
}

function everything(path: string, value: unknown): [string, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((element) => everything(path, element));
  const inside = typeof value === 'object' ? Object.entries(value).flatMap(([key, inner]) => everything(path === '' ? key : `${path}.${key}`, inner)) : [];
  return [[path, value], ...inside];
}

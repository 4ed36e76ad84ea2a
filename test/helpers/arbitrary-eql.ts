/** Queries of every construct, with their text, and documents that they may match: missing, wrong, arrays, nested and dotted. */
import fc from 'fast-check';
import type { Condition, Literal, Operand, Query } from '../../src/rule/ast.ts';

const FIELDS = ['a', 'b.c', 'b.d.e', 'f.g.h.i'] as const;

const text = fc.oneof(fc.constantFrom('', 'x', 'X', 'xy', 'Xy', 'aXb', '/a/b', 'é', 'É', '*', '?', '\u212a', '🕰', 'x\ny', '"', '\\'), fc.array(fc.constantFrom('a', 'A', 'b', 'x', '/'), { maxLength: 4 }).map((parts) => parts.join('')));
const number = fc.constantFrom(-1, 0, 1, 2, 2.5, 3);
const scalar = fc.oneof({ weight: 4, arbitrary: text }, number, fc.boolean());
const literal: fc.Arbitrary<Literal> = fc.oneof({ weight: 9, arbitrary: scalar }, fc.constant(null));
const glob = fc.array(fc.constantFrom('a', 'A', 'x', 'y', '/', '*', '?', 'é'), { maxLength: 5 }).map((parts) => parts.join(''));
const regex = fc.constantFrom('x.*', '[a-c]+', '.', '', 'a?x*', '(a|x)+y?', 'x|y', '[^a]*', 'X{1,2}.?', '/a/.*');

const field = fc.record({ name: fc.constantFrom(...FIELDS), optional: fc.boolean() }).map((value): Operand => ({ kind: 'field', field: value, offset: 0 }));
const value = (of: fc.Arbitrary<Literal>): fc.Arbitrary<Operand> => of.map((each): Operand => ({ kind: 'literal', value: each, offset: 0 }));

function call(name: string, folds: boolean, ...given: readonly fc.Arbitrary<Operand>[]): fc.Arbitrary<Operand> {
  return fc.tuple(fc.boolean(), fc.tuple(...given)).map(([caseInsensitive, list]): Operand => ({ kind: 'call', name, caseInsensitive: folds && caseInsensitive, arguments: list, offset: 0 }));
}

const textual = fc.oneof({ weight: 3, arbitrary: field }, call('string', false, field), call('substring', false, field, value(number)));

const called = fc.oneof(
  call('length', false, textual),
  call('indexOf', true, textual, value(text)),
  call('indexOf', true, textual, value(text), value(fc.constantFrom(0, 1))),
  call('concat', false, field, value(text), value(scalar)),
  ...['startsWith', 'endsWith', 'stringContains'].map((name) => call(name, true, fc.oneof(textual, value(text)), fc.oneof(field, value(text)))),
  call('wildcard', true, textual, value(glob)),
);

const operand = fc.oneof({ weight: 3, arbitrary: field }, called);
const constant = fc.oneof({ weight: 5, arbitrary: value(literal) }, call('concat', false, value(text), value(text), value(text)), call('length', false, value(text)));

const comparison = fc
  .tuple(operand, constant, fc.constantFrom('==' as const, '!=' as const, '<' as const, '<=' as const, '>' as const, '>=' as const), fc.boolean())
  .filter(([, right, operator]) => operator === '==' || operator === '!=' || !(right.kind === 'literal' && right.value === null))
  .map(([left, right, operator, turned]): Condition => (turned ? { kind: 'comparison', operator, left: right, right: left, offset: 0 } : { kind: 'comparison', operator, left, right, offset: 0 }));

const some = <Value>(of: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> => fc.array(of, { minLength: 1, maxLength: 3 });

const test: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 3, arbitrary: comparison },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('membership' as const), caseInsensitive: fc.boolean(), left: operand, values: some(literal), offset: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pattern' as const), operator: fc.constant(':' as const), left: operand, patterns: some(fc.oneof(glob, scalar)), offset: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pattern' as const), operator: fc.constantFrom('like' as const, 'like~' as const), left: operand, patterns: some(glob), offset: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pattern' as const), operator: fc.constantFrom('regex' as const, 'regex~' as const), left: operand, patterns: some(regex), offset: fc.constant(0) }) },
  fc.record({ kind: fc.constant('truth' as const), operand: fc.oneof(operand, value(fc.constant(null))) }),
  fc.record({ kind: fc.constant('constant' as const), value: fc.boolean() }),
);

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    test,
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), operands: fc.array(tie('condition'), { minLength: 2, maxLength: 4 }) }),
    tie('condition').map((inner): Condition => ({ kind: 'not', operand: inner })),
  ),
}));

export const arbitraryQuery: fc.Arbitrary<Query> = fc.record({ category: fc.constantFrom('any', 'any', 'file', 'my category'), condition });

/** The query as a person would write it. */
export function textOf({ category, condition: root }: Query): string {
  return `${category === 'my category' ? '"my category"' : category} where ${conditionText(root)}`;
}

function conditionText(each: Condition): string {
  switch (each.kind) {
    case 'constant':
      return String(each.value);
    case 'not':
      return each.operand.kind === 'membership' ? `${operandText(each.operand.left)} not in${each.operand.caseInsensitive ? '~' : ''} ${listText(each.operand.values)}` : `not (${conditionText(each.operand)})`;
    case 'and':
    case 'or':
      return each.operands.map((inner) => (inner.kind === 'and' || inner.kind === 'or' ? `(${conditionText(inner)})` : conditionText(inner))).join(` ${each.kind} `);
    case 'truth':
      return operandText(each.operand);
    case 'comparison':
      return `${operandText(each.left)} ${each.operator} ${operandText(each.right)}`;
    case 'membership':
      return `${operandText(each.left)} in${each.caseInsensitive ? '~' : ''} ${listText(each.values)}`;
    case 'pattern':
      return `${operandText(each.left)} ${each.operator} ${each.patterns.length === 1 ? literalText(each.patterns[0] ?? null) : listText(each.patterns)}`;
  }
}

function operandText(each: Operand): string {
  switch (each.kind) {
    case 'literal':
      return literalText(each.value);
    case 'field':
      return `${each.field.optional ? '?' : ''}${each.field.name}`;
    case 'call':
      return `${each.name}${each.caseInsensitive ? '~' : ''}(${each.arguments.map(operandText).join(', ')})`;
  }
}

function listText(values: readonly Literal[]): string {
  return `(${values.map(literalText).join(', ')})`;
}

function literalText(each: Literal): string {
  return typeof each === 'string' ? `"${each.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"` : String(each);
}

const found: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 3, arbitrary: fc.array(fc.oneof({ weight: 5, arbitrary: scalar }, fc.constant(null), fc.array(scalar, { maxLength: 2 })), { maxLength: 3 }) },
  fc.constantFrom(null, {}, { deeper: 'x' }),
);

/** How many parts of the name each key of the document takes: `b.d.e` by [1, 2] is {"b": {"d.e": …}}. */
function written(name: string, cuts: readonly boolean[], of: unknown): Record<string, unknown> {
  const keys = name.split('.').reduce<string[]>((list, part, index) => (index > 0 && cuts[index] === true ? [...list.slice(0, -1), `${list.at(-1) ?? ''}.${part}`] : [...list, part]), []);
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), of) as Record<string, unknown>;
}

function merged(first: Record<string, unknown>, second: Record<string, unknown>): Record<string, unknown> {
  const result = { ...first };
  for (const [key, inner] of Object.entries(second)) result[key] = isRecord(result[key]) && isRecord(inner) ? merged(result[key], inner) : inner;
  return result;
}

function isRecord(of: unknown): of is Record<string, unknown> {
  return typeof of === 'object' && of !== null && !Array.isArray(of);
}

const cuts = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });

const plainDocument = fc
  .tuple(...['event.category', ...FIELDS].map((name) => fc.option(fc.tuple(cuts, name === 'event.category' ? fc.constantFrom<unknown>('file', ['file'], ['process', 'file'], 'process', ['my category'], []) : found).map(([how, of]) => written(name, how, of)))))
  .map((parts) => parts.reduce<Record<string, unknown>>((whole, part) => (part === null ? whole : merged(whole, part)), {}));

/** Some with an array of objects, or with a text where an object should be. */
export const arbitraryDocument: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 5, arbitrary: plainDocument },
  fc.tuple(plainDocument, plainDocument).map(([one, other]) => ({ ...one, b: [one['b'], other['b'], 'neither'].filter((each) => each !== undefined) })),
  fc.tuple(plainDocument, scalar).map(([one, wrong]) => ({ ...one, b: wrong, f: { g: wrong } })),
);

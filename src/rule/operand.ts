/** What stands on a side of an operator, compiled to a reader: a field, a literal, a call. */
import { placeAt, TickwardError } from '../model/errors.ts';
import type { Literal, Operand } from './ast.ts';
import { compileField, type Reader } from './field.ts';
import { ArgumentError, FUNCTIONS, functionNamed, type Apply, type EqlFunction, type Type } from './functions.ts';
import { RegexError } from './regex.ts';

/**
 * A call of several fields that are arrays is made for every combination of their elements, as in Elasticsearch, but for no
 * more than this: an event can have hundreds of thousands of arguments. Beyond it the rest is not looked at.
 */
export const MOST_COMBINATIONS = 100_000;

type Call = Extract<Operand, { kind: 'call' }>;

/** Throws BAD_INPUT with the place in `source`. */
export function compileOperand(operand: Operand, source: string): Reader {
  switch (operand.kind) {
    case 'field':
      return compileField(operand.field.name);
    case 'literal': {
      const value = operand.value ?? undefined;
      return () => value;
    }
    case 'call':
      return compileCall(operand, source);
  }
}

/** Whether the operand is the same for every event. */
export function isConstant(operand: Operand): boolean {
  return operand.kind === 'literal' || (operand.kind === 'call' && operand.arguments.every(isConstant));
}

export function refused(message: string, source: string, offset: number): TickwardError {
  return new TickwardError('BAD_INPUT', message, source === '' ? {} : { place: placeAt(source, offset) });
}

function compileCall(call: Call, source: string): Reader {
  const known = functionNamed(call.name);
  if (known === undefined) throw refused(`there is no function ${call.name} (known: ${FUNCTIONS.map(({ name }) => name).join(', ')})`, source, call.offset);
  checkArguments(call, known, source);
  const apply = compileFunction(call, known, source);
  const readers = call.arguments.map((argument) => compileOperand(argument, source));
  return (event) => {
    const given = readers.map((read) => read(event));
    return given.some(Array.isArray) ? overCombinations(given, apply) : apply(given);
  };
}

function compileFunction(call: Call, known: EqlFunction, source: string): Apply {
  try {
    return known.compile(call.caseInsensitive, call.arguments.slice(known.literalsFrom ?? call.arguments.length).map(literalOf));
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof RegexError) throw refused(error.message, source, call.offset);
    throw error;
  }
}

function literalOf(operand: Operand): Literal {
  return operand.kind === 'literal' ? operand.value : null;
}

function checkArguments({ name, caseInsensitive, arguments: given, offset }: Call, { takes, least, repeats, folds, literalsFrom = Infinity }: EqlFunction, source: string): void {
  if (caseInsensitive && folds === undefined) throw refused(`${name} has no form with ~`, source, offset);
  const most = repeats === undefined ? takes.length : Infinity;
  if (given.length < least || given.length > most) throw refused(`${name} takes ${countOf(least, most)}, not ${given.length}`, source, offset);
  for (const [index, argument] of given.entries()) {
    if (index >= literalsFrom && argument.kind !== 'literal') throw refused(`${name} takes only values that are written out after the first argument`, source, argument.offset);
    const type = takes[Math.min(index, takes.length - 1)] ?? 'value';
    if (argument.kind === 'literal' && !fits(argument.value, type)) throw refused(`${name} takes a ${type} as argument ${index + 1}, not ${JSON.stringify(argument.value)}`, source, argument.offset);
  }
}

function countOf(least: number, most: number): string {
  const upper = most === Infinity ? `${least} arguments or more` : `${least} to ${most} arguments`;
  return least === most ? `${least} ${least === 1 ? 'argument' : 'arguments'}` : upper;
}

function fits(literal: Literal, type: Type): boolean {
  return literal === null || type === 'value' || typeof literal === type;
}

/** What the call gives for every combination of the elements, without nulls. */
function overCombinations(given: readonly unknown[], apply: Apply): unknown {
  const lists = given.map((each) => (Array.isArray(each) ? (each as readonly unknown[]) : [each]));
  const count = Math.min(MOST_COMBINATIONS, lists.reduce((product, list) => product * list.length, 1));
  const results: unknown[] = [];
  for (let number = 0; number < count; number += 1) {
    let rest = number;
    const chosen = lists.map((list) => {
      const element = list[rest % list.length];
      rest = Math.floor(rest / list.length);
      return element;
    });
    const result = apply(chosen);
    if (result !== undefined) results.push(result);
  }
  return results.length < 2 ? results[0] : results;
}

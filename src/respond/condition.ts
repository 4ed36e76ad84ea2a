/** `when:` of a step: an EQL condition over what is known of the case. Pure. */
import { TickwardError } from '../model/errors.ts';
import type { Condition, Operand } from '../rule/ast.ts';
import { compileEql } from '../rule/evaluate.ts';
import { parseEql } from '../rule/parse.ts';

export interface When {
  /** As it is written. */
  text: string;
  /** The fields that it asks for. */
  fields: readonly string[];
  holds(document: object): boolean;
}

/** What EQL needs before a condition. */
const PREFIX = 'any where ';

/** What is wrong with a condition, and where in it. */
export interface ConditionProblem {
  message: string;
  /** UTF-16 units from 0. */
  offset: number;
}

/** Throws BAD_INPUT for what `problemOfWhen` finds. */
export function compileWhen(text: string): When {
  const source = `${PREFIX}${text}`;
  const query = parseEql(source);
  return { text, fields: [...new Set(fieldsOf(query.condition))], holds: compileEql(query, source) };
}

export function problemOfWhen(text: string): ConditionProblem | undefined {
  try {
    compileWhen(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TickwardError) || error.code !== 'BAD_INPUT') throw error;
    const { line, column } = error.place ?? { line: 1, column: 1 };
    const before = line === 1 ? column - 1 - PREFIX.length : text.split('\n').slice(0, line - 1).join('\n').length + column;
    return { message: error.message.replace('this is no EQL', 'this is no condition in EQL'), offset: Math.max(0, before) };
  }
}

function fieldsOf(condition: Condition): string[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.operands.flatMap(fieldsOf);
    case 'not':
      return fieldsOf(condition.operand);
    case 'constant':
      return [];
    case 'truth':
      return fieldsIn(condition.operand);
    case 'comparison':
      return [...fieldsIn(condition.left), ...fieldsIn(condition.right)];
    case 'pattern':
    case 'membership':
      return fieldsIn(condition.left);
  }
}

function fieldsIn(operand: Operand): string[] {
  if (operand.kind === 'field') return [operand.field.name];
  return operand.kind === 'call' ? operand.arguments.flatMap(fieldsIn) : [];
}

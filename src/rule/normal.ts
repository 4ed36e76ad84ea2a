/** A condition with its negations pushed down to the tests (De Morgan), for lint: `and`, `or`, and tests that are negated or not. */
import type { Condition, Operand } from './ast.ts';

export type Test = Exclude<Condition, { kind: 'and' | 'or' | 'not' }>;

export type Normal = { kind: 'and' | 'or'; operands: Normal[] } | { kind: 'test'; test: Test; negated: boolean };

export function normalize(condition: Condition, negated = false): Normal {
  switch (condition.kind) {
    case 'not':
      return normalize(condition.operand, !negated);
    case 'and':
    case 'or': {
      const kind = (condition.kind === 'or') !== negated ? 'or' : 'and';
      return { kind, operands: condition.operands.map((operand) => normalize(operand, negated)).flatMap((each) => (each.kind === kind ? each.operands : [each])) };
    }
    case 'comparison':
      return condition.operator === '!=' ? { kind: 'test', test: { ...condition, operator: '==' }, negated: !negated } : { kind: 'test', test: condition, negated };
    default:
      return { kind: 'test', test: condition, negated };
  }
}

/** Tests below, in the order of the text. */
export function testsOf(normal: Normal): Extract<Normal, { kind: 'test' }>[] {
  return normal.kind === 'test' ? [normal] : normal.operands.flatMap(testsOf);
}

function operandsOf(test: Test): Operand[] {
  switch (test.kind) {
    case 'constant':
      return [];
    case 'truth':
      return [test.operand];
    case 'comparison':
      return [test.left, test.right];
    default:
      return [test.left];
  }
}

/** The fields that a test reads, also inside functions. */
export function fieldsOf(test: Test): { name: string; offset: number }[] {
  const below = (operand: Operand): { name: string; offset: number }[] => {
    if (operand.kind === 'field') return [{ name: operand.field.name, offset: operand.offset }];
    return operand.kind === 'call' ? operand.arguments.flatMap(below) : [];
  };
  return operandsOf(test).flatMap(below);
}

/** Where a test begins in the query. */
export function offsetOf(test: Test): number {
  return operandsOf(test)[0]?.offset ?? 0;
}

/** Exceptions judged: their tests are EQL's own (`==`, `in`, `like` and the forms that fold case), so that a field, an array or a star means here what it means in a rule. */
import { TickwardError } from '../model/errors.ts';
import { isActive, type AlertException, type FieldTest } from '../model/exception.ts';
import type { Alert, FileEvent } from '../model/event.ts';
import type { Condition } from './ast.ts';
import { compileEql, type Predicate } from './evaluate.ts';

/** The id of the exception that covers an event for a rule at a time (ms since the epoch), the oldest where there are several. */
export type ExceptionOf = (rule: Alert['rule'], event: FileEvent, now: number) => string | undefined;

/** Whether all of the tests hold. Throws BAD_INPUT for a test that can never be judged. */
export function compileTests(tests: readonly FieldTest[]): Predicate {
  if (tests.length === 0) throw new TickwardError('BAD_INPUT', 'an exception without a test would cover everything', { hint: 'name a field: --field process.command_line' });
  return compileEql({ category: 'any', condition: { kind: 'and', operands: tests.map(conditionOf) } });
}

function conditionOf({ field, operator, values, ignore_case }: FieldTest): Condition {
  const left = { kind: 'field' as const, field: { name: field, optional: false }, offset: 0 };
  if (operator === 'wildcard') return { kind: 'pattern', operator: ignore_case === true ? 'like~' : 'like', left, patterns: values.map(String), offset: 0 };
  return { kind: 'membership', caseInsensitive: ignore_case === true, left, values, offset: 0 };
}

/** `read` is asked at every match; it gives the same array as long as nothing changed. */
export function createExceptionOf(read: () => readonly AlertException[]): ExceptionOf {
  let compiled: { of: readonly AlertException[]; all: { exception: AlertException; covers: Predicate }[] } | undefined;
  return (rule, event, now) => {
    const exceptions = read();
    if (compiled?.of !== exceptions) compiled = { of: exceptions, all: exceptions.filter(({ removed }) => removed === undefined).map((exception) => ({ exception, covers: compileTests(exception.tests) })) };
    return compiled.all.find(({ exception, covers }) => isActive(exception, now) && (exception.rule === null || exception.rule.id === rule.id) && covers(event))?.exception.id;
  };
}

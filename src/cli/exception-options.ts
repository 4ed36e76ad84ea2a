/** The tests of an exception as they stand on the command line: a field, then what it is compared with. */
import type { Command } from 'commander';
import { TickwardError } from '../model/errors.ts';
import type { Alert } from '../model/event.ts';
import type { FieldTest, Scalar } from '../model/exception.ts';
import { printable } from '../model/text.ts';
import { exactTest } from '../rule/exception-review.ts';

/** Without an operator: the value that the alert has. */
interface GivenTest {
  field: string;
  operator?: FieldTest['operator'];
  values: string[];
}

/** Adds the options, and gives what was collected: an operator belongs to the field before it, so they are read in their order. */
export function addTestOptions(command: Command): readonly GivenTest[] {
  const given: GivenTest[] = [];
  const compare = (operator: FieldTest['operator'], valuesOf: (text: string) => string[]) => (text: string): string => {
    const test = given.at(-1);
    if (test === undefined) throw new TickwardError('USAGE', `--${operator} stands before any field`, { hint: `write --field process.command_line --${operator} …` });
    if (test.operator !== undefined && test.operator !== operator) throw new TickwardError('USAGE', `${printable(test.field)} is compared in two ways: --${test.operator} and --${operator}`, { hint: 'give the field twice: both have to hold' });
    test.operator = operator;
    test.values.push(...valuesOf(text));
    return text;
  };
  command
    .option('--field <name>', "an event's field; without one of the three below: the value that it has in the alert", (field: string) => {
      if (!FIELD.test(field)) throw new TickwardError('USAGE', `${printable(field)} is no name of a field`, { hint: 'names are dotted: process.command_line' });
      given.push({ field, values: [] });
      return field;
    })
    .option('--exact <value>', 'the field before is exactly this', compare('exact', (text) => [text]))
    .option('--list <values>', 'the field before is one of these, separated by commas', compare('list', (text) => text.split(',')))
    .option('--wildcard <pattern>', 'the field before fits this: * is any text, ? one character', compare('wildcard', (text) => [text]));
  return given;
}

const FIELD = /^[A-Za-z_@][\w@-]*(?:\.[\w@-]+)*$/;

export function testsOf(alert: Alert, given: readonly GivenTest[]): FieldTest[] {
  return given.map(({ field, operator, values }): FieldTest => {
    const own = exactTest(alert, field);
    if (operator === undefined) {
      if (own === undefined) throw new TickwardError('USAGE', `the alert has no ${printable(field)}`, { hint: 'give a value with --exact, --list or --wildcard, or look at the fields: tickward alerts show ID --json' });
      return own;
    }
    return { field, operator: operator === 'exact' && values.length > 1 ? 'list' : operator, values: operator === 'wildcard' ? values : values.map((value) => typedAs(own?.values[0], value)) };
  });
}

/** ASCII letters of both cases are the same in all of them: those that were given, proposed (--by) or chosen when asked. */
export function inAnyCase(tests: readonly FieldTest[]): FieldTest[] {
  return tests.map((test) => ({ ...test, ignore_case: true }));
}

/** A field that holds numbers is compared with a number. */
function typedAs(example: Scalar | undefined, text: string): Scalar {
  if (typeof example === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
  if (typeof example === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** `user.name is "root" and process.command_line like "cp *"`. */
export function testsText(tests: readonly FieldTest[]): string {
  return tests.map(({ field, operator, values, ignore_case }) => `${printable(field)} ${WORDS[operator]}${ignore_case ? ' (any case)' : ''} ${values.map((value) => printable(JSON.stringify(value))).join(', ')}`).join(' and ');
}

const WORDS: Record<FieldTest['operator'], string> = { exact: 'is', list: 'is one of', wildcard: 'like' };

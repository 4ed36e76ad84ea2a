/** What to propose for an exception from an alert, and what to warn of before it is made. */
import type { Alert } from '../model/event.ts';
import type { FieldTest, Scalar } from '../model/exception.ts';
import { compileField } from './field.ts';

export interface Proposal {
  name: 'command' | 'user' | 'host';
  /** In words. */
  what: string;
  tests: FieldTest[];
}

const PROPOSED: readonly { name: Proposal['name']; what: string; fields: readonly string[] }[] = [
  { name: 'command', what: 'this command line of this program by this user', fields: ['user.name', 'process.executable', 'process.command_line'] },
  { name: 'user', what: 'whatever this user does (an administrator)', fields: ['user.name'] },
  { name: 'host', what: 'whatever happens on this host', fields: ['host.name'] },
];

/** Narrowest first; one of whose fields the alert has none is left out. */
export function proposalsFor(alert: Alert): Proposal[] {
  return PROPOSED.flatMap(({ name, what, fields }) => {
    const tests = fields.map((field) => exactTest(alert, field));
    return tests.every((test) => test !== undefined) ? [{ name, what, tests }] : [];
  });
}

/** That a field has the value that it has in the alert; undefined where it has none. */
export function exactTest({ event }: Alert, field: string): FieldTest | undefined {
  const values = scalars(compileField(field)(event));
  return values.length === 0 ? undefined : { field, operator: values.length === 1 ? 'exact' : 'list', values };
}

function scalars(value: unknown): Scalar[] {
  return [value].flat().filter((each) => typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean');
}

/** The same on every event that a host has. */
const CONSTANT = /^(?:host\..*|ecs\..*|agent\..*|event\.(?:kind|category|dataset|type|action)|file\.(?:extension|type)|tickward\.(?:unit_type|scope|source|attribution))$/;

/** What whoever makes a file or starts a program writes as they like. The path of the program is not among them: to be it, a program has to lie there. */
const CHOSEN = /^(?:file\.(?!uid$|gid$|owner$|group$).*|process\.(?:parent\.)?(?:name|title|args|args_count|command_line|working_directory|pid)|tickward\.(?:unit|ancestry.*|path_bytes))$/;

const ANYTHING = /^[*?]*\*[*?]*$/;

/** What is dangerous about an exception, in words; empty where nothing is. */
export function warningsFor(tests: readonly FieldTest[]): string[] {
  const narrowing = tests.filter((test) => !CONSTANT.test(test.field) && !(test.operator === 'wildcard' && test.values.some((value) => ANYTHING.test(String(value)))));
  if (narrowing.length === 0) return ['it covers everything on this host: no field in it tells one event from another'];
  if (narrowing.every(({ field }) => CHOSEN.test(field))) return [`it tests only what an attacker chooses (${narrowing.map(({ field }) => field).join(', ')}): add who or which program, user.name or process.executable`];
  return [];
}

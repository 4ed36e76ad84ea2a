/** Exclusions that look at nothing but names: whoever may start a program may give it the name that is left out. */
import type { QueryFinding } from './finding.ts';
import { fieldsOf, testsOf, type Normal, type Test } from './normal.ts';

const PROCESS_NAME = /^process\.([a-z_]+\.)*name$/;

/** What an attacker does not choose freely together with the name: where the program lies, what is in it, who signed it, who runs it. */
const BOUND = /(^|[._])(executable|hash|code_signature|pe|elf|user|group|uid|gid|owner|container|entity_id|pid|ppid)($|[._])/;

export function lintNames(normal: Normal): QueryFinding[] {
  return exclusionsOf(normal).flatMap((tests): QueryFinding[] => {
    const named = tests.find(isNamed);
    if (named === undefined || tests.some((test) => fieldsOf(test).some((field) => BOUND.test(field.name)))) return [];
    const { name, offset } = fieldsOf(named).find((field) => PROCESS_NAME.test(field.name)) ?? { name: 'a name', offset: 0 };
    return [{ check: 'name-only-exclusion', message: `${name} alone is left out: an attacker can give a program that name`, hint: 'test process.executable as well, or watch that name at other paths by another rule', offset }];
  });
}

/** What is left out: a negated test, or negated tests of which one is enough to be let in. */
function exclusionsOf(normal: Normal): Test[][] {
  if (normal.kind === 'test') return normal.negated ? [[normal.test]] : [];
  const tests = testsOf(normal);
  if (normal.kind === 'or' && tests.every(({ negated }) => negated)) return [tests.map(({ test }) => test)];
  return normal.operands.flatMap(exclusionsOf);
}

/** A test for a missing name takes no name. */
function isNamed(test: Test): boolean {
  if (test.kind === 'comparison' && test.right.kind === 'literal' && test.right.value === null) return false;
  return fieldsOf(test).some((field) => PROCESS_NAME.test(field.name));
}

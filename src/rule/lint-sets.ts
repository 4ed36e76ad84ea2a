/** Tests of one field side by side: alternatives of which one takes what another does, tests that exclude each other, tests that always hold. */
import { fieldForm } from './fields.ts';
import type { QueryFinding } from './finding.ts';
import { lintAlternatives } from './lint-alternatives.ts';
import { offsetOf, type Normal, type Test } from './normal.ts';
import { covers, meet, takenBy, type Taken, type Value } from './values.ts';

/** More comparisons of two values than this would be felt. */
const MOST_PAIRS = 1_000_000;

type Leaf = Extract<Normal, { kind: 'test' }>;
type Junction = Exclude<Normal, Leaf>;

export function lintSets(normal: Normal, query: string): QueryFinding[] {
  if (normal.kind === 'test') {
    const taken = takenBy(normal.test, query);
    return taken?.kind === 'values' ? lintAlternatives(taken.field, taken.values) : [];
  }
  const leaves = normal.operands.filter((operand) => operand.kind === 'test');
  return [...lintDuplicates(normal), ...lintLeaves(normal.kind, leaves, query), ...normal.operands.filter((operand) => operand.kind !== 'test').flatMap((operand) => lintSets(operand, query))];
}

function isAlternative({ negated }: Leaf, kind: Junction['kind']): boolean {
  return negated === (kind === 'and');
}

/** In an `or` the tests are alternatives, in an `and` the negated ones are: exclusions. The others are what has to hold together. */
function lintLeaves(kind: Junction['kind'], leaves: readonly Leaf[], query: string): QueryFinding[] {
  const alternatives = new Map<string, Value[][]>();
  const found: QueryFinding[][] = [];
  const sets: { taken: Taken; leaf: Leaf }[] = [];
  for (const leaf of leaves) {
    const taken = takenBy(leaf.test, query);
    if (taken === undefined) continue;
    sets.push({ taken, leaf });
    if (taken.kind !== 'values') continue;
    if (isAlternative(leaf, kind)) {
      const lists = alternatives.get(taken.field);
      if (lists === undefined) alternatives.set(taken.field, [taken.values]);
      else lists.push(taken.values);
    } else found.push(lintAlternatives(taken.field, taken.values));
  }
  for (const [field, lists] of alternatives) found.push(lintAlternatives(field, lists.flat()));
  return [...found.flat(), ...lintTogether(kind, sets)];
}

/** Of `and`: can all hold? Of `or`, by the same reasoning over the negations: can all fail? */
function lintTogether(kind: Junction['kind'], sets: readonly { taken: Taken; leaf: Leaf }[]): QueryFinding[] {
  const found: QueryFinding[] = [];
  const byField = Map.groupBy(sets, ({ taken }) => taken.field);
  for (const [field, tests] of byField) {
    const size = tests.reduce((sum, { taken }) => sum + (taken.kind === 'values' ? taken.values.length : 1), 0);
    if (size * size > MOST_PAIRS) continue;
    const inForce = tests.filter(({ leaf }) => !isAlternative(leaf, kind));
    const against = tests.filter(({ leaf }) => isAlternative(leaf, kind));
    for (const [index, a] of inForce.entries()) {
      const other = inForce.slice(index + 1).find((b) => excludes(field, a.taken, b.taken)) ?? against.find((b) => leavesNothing(a.taken, b.taken));
      if (other !== undefined) found.push(together(kind, field, a.leaf.test, other.leaf.test));
    }
  }
  return found;
}

/** A field that may hold several values can satisfy each test by another of them; a missing one satisfies neither. */
function excludes(field: string, a: Taken, b: Taken): boolean {
  if (a.kind === 'missing' || b.kind === 'missing') return a.kind !== b.kind;
  return fieldForm(field) === 'one' && !meet(a, b);
}

/** Whether a negated test takes away all that another takes. */
function leavesNothing(taken: Taken, away: Taken): boolean {
  if (taken.kind === 'missing' || away.kind === 'missing') return taken.kind === away.kind;
  return taken.kind === 'values' && away.kind === 'values' && taken.values.every((value) => away.values.some((by) => covers(by, value)));
}

function together(kind: Junction['kind'], field: string, a: Test, b: Test): QueryFinding {
  const [first, second] = [offsetOf(a), offsetOf(b)].sort((x, y) => x - y);
  const what = kind === 'and' ? 'cannot hold together: this is never true' : 'cannot fail together: this is always true';
  return { check: 'contradiction', message: `two tests of ${field} ${what}`, hint: kind === 'and' ? 'join alternatives by or, or write in (…)' : 'join exclusions by and, or write not … in (…)', offset: second ?? first ?? 0 };
}

/** The same test twice. Alternatives are compared value by value instead. */
function lintDuplicates({ kind, operands }: Junction): QueryFinding[] {
  const seen = new Set<string>();
  return operands.flatMap((operand): QueryFinding[] => {
    const key = JSON.stringify(operand, (name, value: unknown) => (name === 'offset' ? undefined : value));
    const isNew = !seen.has(key);
    seen.add(key);
    const first = firstTest(operand);
    if (isNew || first === undefined || (operand.kind === 'test' && isAlternative(operand, kind) && takenBy(operand.test, '')?.kind === 'values')) return [];
    return [{ check: 'dead-alternative', message: 'the same condition stands there twice', hint: 'leave one out', offset: offsetOf(first) }];
  });
}

function firstTest(normal: Normal): Test | undefined {
  return normal.kind === 'test' ? normal.test : normal.operands.map(firstTest).find((test) => test !== undefined);
}

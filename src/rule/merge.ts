/** Alternatives that ask the same field for equality are one look-up: `a == "x" or a in ("y", "z")` is `a in ("x", "y", "z")`, also where a is an array. */
import type { Condition } from './ast.ts';

type Membership = Extract<Condition, { kind: 'membership' }>;

/** The operands of an `or`, in their order; what is merged stands where the first of it stood. */
export function mergeAlternatives(operands: readonly Condition[]): Condition[] {
  const firsts = new Map<string, Membership>();
  const merged: Condition[] = [];
  for (const operand of operands) {
    const membership = asMembership(operand);
    const name = membership?.left.kind === 'field' ? `${membership.caseInsensitive} ${membership.left.field.name}` : undefined;
    const first = name === undefined ? undefined : firsts.get(name);
    if (membership === undefined || name === undefined) merged.push(operand);
    else if (first === undefined) {
      const own = { ...membership, values: [...membership.values] };
      firsts.set(name, own);
      merged.push(own);
    } else for (const value of membership.values) first.values.push(value);
  }
  return merged;
}

function asMembership(condition: Condition): Membership | undefined {
  if (condition.kind === 'membership') return condition;
  if (condition.kind !== 'comparison' || condition.operator !== '==' || condition.right.kind !== 'literal' || condition.right.value === null) return undefined;
  return { kind: 'membership', caseInsensitive: false, left: condition.left, values: [condition.right.value], offset: condition.offset };
}

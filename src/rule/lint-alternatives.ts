/** Alternatives that never count, because another one takes all that they take. */
import { quoted, type QueryFinding } from './finding.ts';
import { covers, literalStart, type Value } from './values.ts';
import { foldAscii } from './wildcard.ts';

/** Steps of matching, about a second. What is beyond is said, not compared. */
const MOST_STEPS = 100_000_000;

/** `values` are those of one field, of one list or of several that are joined by `or`. */
export function lintAlternatives(field: string, values: readonly Value[]): QueryFinding[] {
  const { distinct, found } = withoutRepeated(values);
  const wide = distinct.filter(({ pattern, fold }) => pattern || fold);
  const byStart = Map.groupBy(wide, startOf);
  const lengths = [...new Set(wide.map((value) => startOf(value).length))];
  let steps = 0;
  for (const value of distinct) {
    const text = textOf(value);
    for (const other of lengths.flatMap((length) => (length <= text.length ? (byStart.get(text.slice(0, length)) ?? []) : []))) {
      if (other === value) continue;
      steps += text.length * (other.pattern ? textOf(other).length : 1);
      if (steps > MOST_STEPS) return [...found, { check: 'too-large', message: `the ${distinct.length} alternatives of ${field} are too many or too long to compare them all`, hint: 'split the rule', offset: distinct[0]?.offset ?? 0 }];
      if (!covers(other, value) || (other.offset > value.offset && covers(value, other))) continue;
      found.push(dead(value, other));
      break;
    }
  }
  return found;
}

function withoutRepeated(values: readonly Value[]): { distinct: Value[]; found: QueryFinding[] } {
  const first = new Map<string, Value>();
  const found: QueryFinding[] = [];
  for (const value of values) {
    const key = JSON.stringify([value.fold ? textOf(value) : value.value, typeof value.value, value.pattern, value.fold]);
    const before = first.get(key);
    if (before === undefined) first.set(key, value);
    else found.push(dead(value, before));
  }
  return { distinct: [...first.values()], found };
}

function textOf({ value }: Value): string {
  return foldAscii(String(value));
}

/** What a text has to begin with, in either case, to be taken. */
function startOf(value: Value): string {
  return value.pattern ? literalStart(textOf(value)) : textOf(value);
}

function dead(value: Value, by: Value): QueryFinding {
  const why = value.value === by.value ? 'it stands there twice' : `${quoted(by.value)} takes all that it takes`;
  return { check: 'dead-alternative', message: `${quoted(value.value)} never counts: ${why}`, hint: 'leave it out', offset: value.offset };
}

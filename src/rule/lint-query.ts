/** What is suspicious in a query that parses. Pure; offsets are those of the query. */
import type { Query } from './ast.ts';
import { eventCategories } from './ecs.generated.js';
import { fieldForm, nearestField } from './fields.ts';
import { quoted, type QueryFinding } from './finding.ts';
import { lintNames } from './lint-names.ts';
import { lintSets } from './lint-sets.ts';
import { fieldsOf, normalize, testsOf, type Test } from './normal.ts';
import { takenBy } from './values.ts';

/** In order of the text. */
export function lintQuery({ category, condition }: Query, query: string): QueryFinding[] {
  const normal = normalize(condition);
  const tests = testsOf(normal).map(({ test }) => test);
  const suggest = suggester();
  const found = [...lintCategory(category), ...tests.flatMap((test) => lintFields(test, suggest)), ...tests.flatMap((test) => lintWildcards(test, query)), ...lintSets(normal, query), ...lintNames(normal)];
  return found.sort((a, b) => a.offset - b.offset);
}

function lintCategory(category: string): QueryFinding[] {
  if (category === 'any' || eventCategories.includes(category)) return [];
  return [{ check: 'unknown-category', message: `${quoted(category)} is no event category of ECS: no event has it`, hint: `one of any, ${eventCategories.join(', ')}`, offset: 0 }];
}

/** Multi-fields of Elastic's indices. */
const INDEX_ONLY = /\.(text|caseless|keyword)$/;

/** Spellings are looked for so often; each takes some milliseconds. */
const MOST_SUGGESTIONS = 100;

function suggester(): typeof nearestField {
  const known = new Map<string, string | undefined>();
  return (name) => {
    if (!known.has(name) && known.size < MOST_SUGGESTIONS) known.set(name, nearestField(name));
    return known.get(name);
  };
}

function lintFields(test: Test, suggest: typeof nearestField): QueryFinding[] {
  return fieldsOf(test).flatMap(({ name, offset }): QueryFinding[] => {
    if (fieldForm(name) !== undefined) return [];
    const bare = name.replace(INDEX_ONLY, '');
    if (bare !== name && fieldForm(bare) !== undefined) return [{ check: 'unknown-field', message: `${name} exists in an index only, events do not carry it`, hint: `write ${bare}; the operators with ~ fold case`, offset }];
    const nearest = suggest(name);
    return [{ check: 'unknown-field', message: `${name} is no field of ECS, Elastic Defend or Tickward: events do not have it`, hint: nearest === undefined ? 'a missing field makes a test false and its negation true' : `did you mean ${nearest}?`, offset }];
  });
}

/** Arguments of programs may well hold a star or a question mark of their own. */
const ANY_TEXT = /(^|\.)(args|command_line)$/;

function lintWildcards(test: Test, query: string): QueryFinding[] {
  if (test.kind !== 'membership' && test.kind !== 'comparison') return [];
  const taken = takenBy(test, query);
  if (taken?.kind !== 'values' || ANY_TEXT.test(taken.field)) return [];
  const operator = test.kind === 'comparison' ? test.operator : test.caseInsensitive ? 'in~' : 'in';
  return taken.values.flatMap(({ value, offset }): QueryFinding[] => {
    if (typeof value !== 'string' || !/[*?]/.test(value)) return [];
    return [{ check: 'wildcard-in-list', message: `${operator} does not expand wildcards: ${quoted(value)} is only that very text`, hint: 'write : or like for patterns', offset }];
  });
}

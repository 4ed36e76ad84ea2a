/** Exception items of a Kibana export (Elastic's exceptions API) as a condition over an event. */
import { z } from 'zod';
import type { Condition, Literal, Operand } from './ast.ts';
import { compileEql, type Predicate } from './evaluate.ts';

const ENTRY = z.looseObject({ field: z.string().min(1), operator: z.enum(['included', 'excluded']).default('included'), type: z.string(), value: z.unknown().optional() });

export const EXCEPTION_ITEM = z.looseObject({ item_id: z.string(), list_id: z.string(), name: z.string().default(''), expire_time: z.string().nullish(), os_types: z.array(z.string()).nullish(), entries: z.array(ENTRY).min(1) });

export type ExceptionItem = z.infer<typeof EXCEPTION_ITEM>;
type Entry = z.infer<typeof ENTRY>;

/** Whether the item applies to an event; a text says why it cannot be judged here. All entries have to hold, and the system has to be one of its own where it names some. */
export function compileItem({ entries, os_types, expire_time }: ExceptionItem): Predicate | string {
  if (expire_time && Number.isNaN(Date.parse(expire_time))) return `its expire_time ${JSON.stringify(expire_time)} is no date`;
  const operands: Condition[] = os_types?.length ? [{ kind: 'membership', caseInsensitive: false, left: fieldOf('host.os.type'), values: os_types, offset: 0 }] : [];
  for (const entry of entries) {
    const condition = conditionOf(entry);
    if (typeof condition === 'string') return condition;
    operands.push(entry.operator === 'excluded' ? { kind: 'not', operand: condition } : condition);
  }
  return compileEql({ category: 'any', condition: { kind: 'and', operands } });
}

/** `now` in ms; an item without a date does not expire. */
export function isExpired({ expire_time }: ExceptionItem, now: number): boolean {
  return typeof expire_time === 'string' && Date.parse(expire_time) <= now;
}

/** The queries that Kibana makes of entries: `match` and `match_any` are exact, `wildcard` minds the case. */
function conditionOf({ field, type, value }: Entry): Condition | string {
  const left = fieldOf(field);
  const texts = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
  switch (type) {
    case 'exists':
      return { kind: 'comparison', operator: '!=', left, right: { kind: 'literal', value: null, offset: 0 }, offset: 0 };
    case 'match':
    case 'match_any':
      return texts.length === 0 ? `${field}: an entry of type ${type} without a text` : { kind: 'membership', caseInsensitive: false, left, values: texts.flatMap(valuesOf), offset: 0 };
    case 'wildcard':
      if (texts.some((text) => text.includes('\\'))) return `${field}: escapes in a wildcard are not read here`;
      return texts.length === 0 ? `${field}: an entry of type wildcard without a text` : { kind: 'pattern', operator: 'like', left, patterns: texts, offset: 0 };
    default:
      return `${field}: entries of type ${type} are not judged here`;
  }
}

function fieldOf(name: string): Operand {
  return { kind: 'field', field: { name, optional: false }, offset: 0 };
}

/** Entries are texts; Elasticsearch reads one as a number or a truth value where the field is one. */
function valuesOf(text: string): Literal[] {
  if (text === 'true' || text === 'false') return [text, text === 'true'];
  return /^-?\d+(\.\d+)?$/.test(text) ? [text, Number(text)] : [text];
}

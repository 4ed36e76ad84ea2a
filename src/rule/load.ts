/** Rules as Elastic writes them (TOML of detection-rules): loaded whole, run where they are EQL over single events. */
import type { z } from 'zod';
import { TickwardError } from '../model/errors.ts';
import { compileEql } from './evaluate.ts';
import { parseEql } from './parse.ts';
import { located, placeOfKey, startOf, type Source } from './place.ts';
import type { Rule, Threat } from './rule.ts';
import { FILE, isKnownRuleKey, RULE, strangers, type RuleTable, type ThreatTable } from './schema.ts';
import { readToml } from './toml.ts';

export type { Rule } from './rule.ts';

/** Throws BAD_INPUT with line, column and caret for broken TOML and EQL, and names the key for a wrong value. */
export function loadRule(text: string, file?: string): Rule {
  const source: Source = file === undefined ? { text } : { text, file };
  const { metadata, rule, transform, ...others } = checked(FILE, readToml(source), source);
  return {
    ...ruleOf(rule, source),
    osquery: (transform?.osquery ?? []).map(({ label, query }) => ({ label, query })),
    investigate: transform?.investigate ?? [],
    metadata: metadata ?? {},
    unknown: [...unknownKeys(rule), ...Object.keys(others), ...strangers(transform ?? {}, FILE.shape.transform.unwrap().shape).map((key) => `transform.${key}`)],
  };
}

/** A rule without what stands beside it in a file. Throws BAD_INPUT. */
export function ruleOf(table: RuleTable, source: Source): Rule {
  const optional = <Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } => (value === undefined ? {} : ({ [key]: value } as { [K in Key]?: string }));
  const interval = table.interval ?? '5m';
  return {
    id: table.rule_id,
    name: table.name,
    description: table.description,
    version: table.version ?? 1,
    type: table.type,
    ...optional('language', table.language),
    ...optional('query', table.query),
    severity: table.severity,
    risk_score: table.risk_score,
    interval_ms: spanMs(interval, 'interval', source),
    look_back_ms: spanMs((table.from ?? `now-${interval}`).replace(/^now-/, ''), 'from', source),
    max_signals: table.max_signals ?? 100,
    threat: (table.threat ?? []).map(threatOf),
    references: table.references ?? [],
    false_positives: table.false_positives ?? [],
    tags: table.tags ?? [],
    index: table.index ?? [],
    author: table.author ?? [],
    license: table.license ?? '',
    ...optional('note', table.note),
    ...optional('setup', table.setup),
    osquery: [],
    investigate: [],
    exceptions: table.exceptions_list ?? [],
    metadata: {},
    rest: Object.fromEntries(strangers(table, RULE.shape).map((key) => [key, table[key]])),
    unknown: unknownKeys(table),
    run: runnable(table, source),
  };
}

function unknownKeys(table: RuleTable): string[] {
  return strangers(table, RULE.shape).filter((key) => !isKnownRuleKey(key));
}

/** Throws BAD_INPUT that names the key and shows where it stands. */
export function checked<Value>(schema: z.ZodType<Value>, value: unknown, source: Source): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = placeOfKey(issue?.path ?? [], source) ?? startOf(source);
  throw new TickwardError('BAD_INPUT', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`, { hint: "rules have the form of Elastic's detection-rules: [metadata], [rule], [[rule.threat]]", place });
}

function threatOf({ tactic, technique }: ThreatTable): Threat {
  return { tactic: named(tactic), techniques: (technique ?? []).map((each) => ({ ...named(each), subtechniques: (each.subtechnique ?? []).map(named) })) };
}

function named({ id, name, reference }: ThreatTable['tactic']): Threat['tactic'] {
  return { id, name, reference: reference ?? '' };
}

function runnable({ type, language, query }: RuleTable, source: Source): Rule['run'] {
  if (type !== 'eql' || (language !== undefined && language !== 'eql')) return { runs: false, reason: `a rule of type ${type}${language === undefined ? '' : ` in ${language}`} is not evaluated here; its guide can be used` };
  if (query === undefined) return { runs: false, reason: 'it has no query' };
  try {
    const tree = parseEql(query);
    return { runs: true, tree, matches: compileEql(tree, query) };
  } catch (error) {
    if (!(error instanceof TickwardError)) throw error;
    if (OVER_SEVERAL_EVENTS.test(error.message)) return { runs: false, reason: `${error.message}; its guide can be used` };
    throw atPlace(error, query, source);
  }
}

/** Sequences, samples, joins and pipes are EQL, but of other rules than those over single events. */
const OVER_SEVERAL_EVENTS = /^(sequences|samples|joins|pipes) are not evaluated here/;

function atPlace(error: TickwardError, query: string, source: Source): TickwardError {
  const { code, message, place, hint } = error;
  if (place === undefined) return error;
  const said = located({ message, place }, { name: 'query', text: query }, source);
  return new TickwardError(code, said.message, { cause: error, place: said.place, ...(hint === undefined ? {} : { hint }) });
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function spanMs(text: string, key: string, source: Source): number {
  const match = /^(\d+)([smhdw])$/.exec(text);
  const unit = UNIT_MS[match?.[2] ?? ''];
  if (match !== null && unit !== undefined) return Number(match[1]) * unit;
  const place = placeOfKey(['rule', key], source) ?? startOf(source);
  throw new TickwardError('BAD_INPUT', `rule.${key}: ${JSON.stringify(text)} is no span of time`, { hint: 'write a number and s, m, h, d or w: "5m", from = "now-9m"', place });
}

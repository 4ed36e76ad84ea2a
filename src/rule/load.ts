/** Rules as Elastic writes them (TOML of detection-rules): loaded whole, run where they are EQL over single events. */
import { parse as parseToml, TomlError } from 'smol-toml';
import { z } from 'zod';
import { excerptOf, messageOf, TickwardError } from '../model/errors.ts';
import type { Alert } from '../model/event.ts';
import { compileEql, type Predicate } from './evaluate.ts';
import { parseEql } from './parse.ts';

const NAMED = z.looseObject({ id: z.string(), name: z.string(), reference: z.string().optional() });
const TECHNIQUE = NAMED.extend({ subtechnique: z.array(NAMED).optional() });
const THREAT = z.looseObject({ framework: z.string().optional(), tactic: NAMED, technique: z.array(TECHNIQUE).optional() });
const QUERY = z.looseObject({ label: z.string(), query: z.string() });

const RULE = z.looseObject({
  rule_id: z.string(),
  name: z.string(),
  description: z.string(),
  type: z.string(),
  language: z.string().optional(),
  query: z.string().optional(),
  version: z.number().optional(),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  risk_score: z.number().min(0).max(100),
  interval: z.string().optional(),
  from: z.string().optional(),
  max_signals: z.number().int().positive().optional(),
  threat: z.array(THREAT).optional(),
  references: z.array(z.string()).optional(),
  false_positives: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  index: z.array(z.string()).optional(),
  author: z.array(z.string()).optional(),
  license: z.string().optional(),
  note: z.string().optional(),
  setup: z.string().optional(),
  exceptions_list: z.array(z.looseObject({})).optional(),
});

const FILE = z.looseObject({
  metadata: z.looseObject({}).optional(),
  rule: RULE,
  transform: z.looseObject({ osquery: z.array(QUERY).optional() }).optional(),
});

/** Keys that Elastic's rules have and that mean nothing for running them here. */
const QUIET = new Set(['timestamp_override', 'building_block_type', 'rule_name_override', 'timeline_id', 'timeline_title', 'enabled', 'filters', 'required_fields', 'related_integrations', 'throttle', 'meta', 'output_index', 'to']);

interface Named {
  id: string;
  name: string;
  /** Empty where the file gives none. */
  reference: string;
}

export interface Threat {
  tactic: Named;
  techniques: (Named & { subtechniques: Named[] })[];
}

export interface Rule {
  id: string;
  name: string;
  description: string;
  version: number;
  type: string;
  language?: string;
  query?: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  risk_score: number;
  /** How often Elastic runs it; here it runs on every event and this bounds `max_signals`. */
  interval_ms: number;
  look_back_ms: number;
  /** Alerts an interval at most. */
  max_signals: number;
  threat: Threat[];
  references: string[];
  false_positives: string[];
  tags: string[];
  index: string[];
  author: string[];
  license: string;
  note?: string;
  setup?: string;
  /** `$osquery_0`, `$osquery_1`, … of the note. */
  osquery: { label: string; query: string }[];
  /** Elastic's exceptions_list as it stands in the file. */
  exceptions: Record<string, unknown>[];
  /** Keys that this version does not know and does not use: `rule.x` reads x, others their whole name. */
  unknown: string[];
  run: { runs: true; matches: Predicate } | { runs: false; reason: string };
}

/** Throws BAD_INPUT with line, column and caret for broken TOML and EQL, and names the key for a wrong value. */
export function loadRule(text: string, file?: string): Rule {
  const checked = FILE.safeParse(readToml(text, file));
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new TickwardError('BAD_INPUT', `${file ?? 'the rule'}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`, { hint: "rules have the form of Elastic's detection-rules: [metadata], [rule], [[rule.threat]]" });
  }
  const { rule, transform } = checked.data;
  const optional = <Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } => (value === undefined ? {} : ({ [key]: value } as { [K in Key]?: string }));
  const interval = rule.interval ?? '5m';
  return {
    id: rule.rule_id,
    name: rule.name,
    description: rule.description,
    version: rule.version ?? 1,
    type: rule.type,
    ...optional('language', rule.language),
    ...optional('query', rule.query),
    severity: rule.severity,
    risk_score: rule.risk_score,
    interval_ms: spanMs(interval),
    look_back_ms: spanMs((rule.from ?? `now-${interval}`).replace(/^now-/, '')),
    max_signals: rule.max_signals ?? 100,
    threat: (rule.threat ?? []).map(threatOf),
    references: rule.references ?? [],
    false_positives: rule.false_positives ?? [],
    tags: rule.tags ?? [],
    index: rule.index ?? [],
    author: rule.author ?? [],
    license: rule.license ?? '',
    ...optional('note', rule.note),
    ...optional('setup', rule.setup),
    osquery: (transform?.osquery ?? []).map(({ label, query }) => ({ label, query })),
    exceptions: rule.exceptions_list ?? [],
    unknown: [...strangers(rule, RULE.shape).filter((key) => !QUIET.has(key)), ...strangers(checked.data, FILE.shape), ...strangers(transform ?? {}, { osquery: true, investigate: true }).map((key) => `transform.${key}`)],
    run: runnable(rule.type, rule.language, rule.query, text, file),
  };
}

function strangers(table: object, known: object): string[] {
  return Object.keys(table).filter((key) => !Object.hasOwn(known, key));
}

function threatOf({ tactic, technique }: z.infer<typeof THREAT>): Threat {
  return { tactic: named(tactic), techniques: (technique ?? []).map((each) => ({ ...named(each), subtechniques: (each.subtechnique ?? []).map(named) })) };
}

function named({ id, name, reference }: z.infer<typeof NAMED>): Named {
  return { id, name, reference: reference ?? '' };
}

function readToml(text: string, file: string | undefined): unknown {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const line = text.split('\n')[error.line - 1] ?? '';
    throw new TickwardError('BAD_INPUT', `this is no TOML: ${messageOf(error).split('\n')[0] ?? ''}`, { cause: error, place: { ...(file === undefined ? {} : { file }), line: error.line, column: error.column, excerpt: excerptOf(line, error.column) } });
  }
}

function runnable(type: string, language: string | undefined, query: string | undefined, text: string, file: string | undefined): Rule['run'] {
  if (type !== 'eql' || (language !== undefined && language !== 'eql')) return { runs: false, reason: `a rule of type ${type}${language === undefined ? '' : ` in ${language}`} is not evaluated here; its guide can be used` };
  if (query === undefined) return { runs: false, reason: 'it has no query' };
  try {
    return { runs: true, matches: compileEql(parseEql(query, file), query) };
  } catch (error) {
    throw shifted(error, query, text, file);
  }
}

/** A place inside the query as a place in the file. A query with TOML escapes does not stand there letter by letter: then the place is that in the query. */
function shifted(error: unknown, query: string, text: string, file: string | undefined): unknown {
  if (!(error instanceof TickwardError) || error.place === undefined) return error;
  const start = text.indexOf(query);
  const { line, column, excerpt } = error.place;
  const before = start < 0 ? [''] : text.slice(0, start).split('\n');
  const place = { ...(file === undefined ? {} : { file }), line: before.length - 1 + line, column: line === 1 ? column + (before.at(-1)?.length ?? 0) : column, excerpt };
  const message = start < 0 ? `${error.message} (line and column count from the start of the query)` : error.message;
  return new TickwardError(error.code, message, { cause: error, place, ...(error.hint === undefined ? {} : { hint: error.hint }) });
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function spanMs(text: string): number {
  const match = /^(\d+)([smhdw])$/.exec(text);
  const unit = UNIT_MS[match?.[2] ?? ''];
  if (match === null || unit === undefined) throw new TickwardError('BAD_INPUT', `${JSON.stringify(text)} is no span of time`, { hint: 'write a number and s, m, h, d or w: "5m", from = "now-9m"' });
  return Number(match[1]) * unit;
}

/** What an alert carries of its rule: the narrowest technique ids. */
export function alertRule(rule: Rule): Alert['rule'] {
  const techniques = rule.threat.flatMap((threat) => threat.techniques);
  const narrowest = techniques.flatMap(({ id, subtechniques }) => (subtechniques.length === 0 ? [id] : subtechniques.map((each) => each.id)));
  return {
    id: rule.id,
    name: rule.name,
    version: rule.version,
    severity: rule.severity,
    risk_score: rule.risk_score,
    threat: { tactic: rule.threat[0]?.tactic.id ?? '', technique: narrowest },
  };
}

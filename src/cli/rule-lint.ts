/** `tickward rule lint`: what is suspicious in files of rules, with place and caret. */
import { parseGuide } from '../guide/parse.ts';
import { renderQuery } from '../guide/placeholders.ts';
import { messageOf, TickwardError, type Place } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { readRules } from '../playbooks/rules.ts';
import type { LoadedRule } from '../rule/export.ts';
import type { Check, Finding } from '../rule/finding.ts';
import { lintRule } from '../rule/lint.ts';
import { placeOfKey, placeOfValue, startOf } from '../rule/place.ts';
import { Exit, type Context } from './context.ts';
import { openEmbedded } from './engine.ts';

interface Line {
  file: string;
  /** The rule's id; null where the file, or a rule in it, does not load. */
  rule: string | null;
  /** `load` for what does not load. */
  check: Check | 'load';
  message: string;
  hint: string | null;
  place: Place | undefined;
}

export async function lintFiles(context: Context, files: readonly string[]): Promise<number> {
  const parser = lazyParser(context);
  const seen = new Map<string, string>();
  let failed = false;
  let found = 0;
  const lines: Line[] = [];
  for (const file of files) {
    const own = await lintFile(file, seen, parser);
    lines.push(...own);
    failed ||= own.some(({ check }) => check === 'load');
    found += own.length;
    if (!context.out.json) for (const line of own) print(context, line);
  }
  if (context.out.json) context.out.document(lines.map(({ place, ...line }) => ({ ...line, line: place?.line ?? null, column: place?.column ?? null, excerpt: place?.excerpt ?? null })));
  context.out.progress(found === 0 ? `${files.length} file(s), nothing to say` : `${found} finding(s) in ${files.length} file(s)`);
  if (failed) return Exit.FAILED;
  return found === 0 ? Exit.DONE : Exit.FINDINGS;
}

type Parses = (sql: string) => string | undefined;
type Parser = () => Promise<Parses>;

/** `seen` has the file of each rule id so far. */
async function lintFile(file: string, seen: Map<string, string>, parser: Parser): Promise<Line[]> {
  let loaded: ReturnType<typeof readRules>;
  try {
    loaded = readRules(file);
  } catch (error) {
    return [unloadable(file, error)];
  }
  const rules: Line[] = [];
  for (const each of loaded.rules) {
    const findings = [...lintRule(each), ...(await lintGuide(each, parser)), ...duplicates(each, seen, file)];
    rules.push(...findings.map((finding) => ({ file, rule: each.rule.id, ...finding })));
  }
  const notes = loaded.notes.map((message): Line => ({ file, rule: null, check: 'export', message, hint: 'export the rules again', place: undefined }));
  return [...loaded.errors.map((error) => unloadable(file, error)), ...rules, ...notes];
}

function unloadable(file: string, error: unknown): Line {
  const known = error instanceof TickwardError ? error : undefined;
  return { file, rule: null, check: 'load', message: messageOf(error), hint: known?.hint ?? null, place: known?.place };
}

function duplicates({ rule, source }: LoadedRule, seen: Map<string, string>, file: string): Finding[] {
  const other = seen.get(rule.id);
  seen.set(rule.id, other ?? file);
  if (other === undefined || other === file) return [];
  return [{ check: 'duplicate-id', message: `the rule_id ${rule.id} is also that of ${other}`, hint: 'give each rule an id of its own', place: startOf(source) }];
}

/** Queries of the guide that would not run: read with a harmless value for every placeholder. */
async function lintGuide({ rule, source }: LoadedRule, parser: Parser): Promise<Finding[]> {
  const { steps } = parseGuide(rule.note ?? '', { transforms: rule.osquery });
  const queries = [...steps.flatMap((step) => (step.kind === 'query' ? [{ label: step.label, sql: step.sql, repairs: step.repairs }] : [])), ...rule.osquery.map(({ label, query }) => ({ label, sql: query, repairs: [] as string[] }))];
  const parses = queries.length === 0 ? undefined : await parser();
  const note = placeOfKey(['rule', 'note'], source) ?? startOf(source);
  const broken = steps.flatMap((step) => (step.kind === 'broken' ? [guideFinding(`a block of the guide cannot be read: ${step.error.split('\n')[0] ?? ''}`, note)] : []));
  const byText = new Map(queries.map((query) => [query.sql, query]));
  return [...broken, ...[...byText.values()].flatMap(({ label, sql, repairs }) => (parses === undefined ? [] : problemsOf(sql, repairs, parses)).map((problem) => guideFinding(`the query ${JSON.stringify(label)} of the guide: ${problem}`, placeOfValue(sql, source) ?? note)))];
}

function guideFinding(message: string, place: Place): Finding {
  return { check: 'guide-query', message, hint: 'tickward guide render shows the queries as they would run', place };
}

function problemsOf(sql: string, blockRepairs: readonly string[], parses: Parses): string[] {
  const values = Object.fromEntries([...sql.matchAll(/\{\{\{?\s*([\w.@-]+)\s*\}\}/g)].map((match) => [match[1] ?? '', 'x']));
  const rendered = renderQuery(sql, values, { parses });
  const repairs = [...blockRepairs, ...rendered.flatMap((each) => each.repairs)].map((repair) => `it only runs repaired: ${repair}`);
  return [...new Set([...rendered.flatMap((each) => each.skipped ?? []), ...repairs])];
}

/** The embedded engine, started for the first guide that has queries. */
function lazyParser(context: Context): Parser {
  let embedded: ReturnType<typeof openEmbedded> | undefined;
  return async () => {
    embedded ??= openEmbedded(context);
    const engine = await embedded;
    return (sql) => engine.parses(sql);
  };
}

function print({ out }: Context, { file, check, message, hint, place }: Line): void {
  const where = place === undefined ? printable(file) : `${printable(file)}:${place.line}:${place.column}`;
  out.line(`${where}: ${out.paint(check === 'load' ? 'red' : 'yellow', check)}: ${printable(message)}${hint === null ? '' : ` — ${printable(hint)}`}`);
  if (place !== undefined) for (const line of place.excerpt.split('\n')) out.line(`  ${printable(line)}`);
}

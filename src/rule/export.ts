/** Rules that Kibana exported: NDJSON with rules, exception lists, their items and a summary, or the same objects as JSON. */
import { messageOf, placeAt, TickwardError } from '../model/errors.ts';
import { compileItem, EXCEPTION_ITEM, isExpired, type ExceptionItem } from './elastic-exceptions.ts';
import { checked, ruleOf, type Rule } from './load.ts';
import { startOf, type Source } from './place.ts';
import { RULE } from './schema.ts';

export interface LoadedRule {
  rule: Rule;
  source: Source;
  /** What of the rule's exceptions does not count here, and why. */
  unapplied: string[];
}

export interface Export {
  rules: LoadedRule[];
  /** One for each object that is broken; the others are there. */
  errors: unknown[];
  /** What is in the file beside rules and does not fit. */
  notes: string[];
}

/** TOML never begins with a brace, nor with a bracket before a brace. */
export function isExport(text: string): boolean {
  return /^\s*(\{|\[\s*[{\]])/.test(text);
}

interface Item {
  value: unknown;
  source: Source;
}

/** `now` in ms decides which exceptions have expired. */
export function loadExport(text: string, file: string | undefined, now: number): Export {
  const errors: unknown[] = [];
  const items = itemsOf(text, file, errors);
  const exceptions: ExceptionItem[] = [];
  const rules: LoadedRule[] = [];
  const notes: string[] = [];
  const ids = new Set<string>();
  const attempt = (what: string, value: unknown, work: () => void): void => {
    try {
      work();
    } catch (error) {
      errors.push(named(error, what, value));
    }
  };
  for (const { value, source } of items) {
    switch (kindOf(value)) {
      case 'rule':
        attempt('rule', value, () => {
          const rule = ruleOf(checked(RULE, withoutNulls(value), source), source);
          if (ids.has(rule.id)) throw new TickwardError('BAD_INPUT', `the rule_id ${JSON.stringify(rule.id)} is in the file twice: the first one counts`, { place: startOf(source), hint: 'give each rule an id of its own' });
          ids.add(rule.id);
          rules.push({ rule, source, unapplied: [] });
        });
        break;
      case 'exception':
        attempt('exception', value, () => exceptions.push(checked(EXCEPTION_ITEM, value, source)));
        break;
      case 'summary':
        notes.push(...shortfall(value, items));
        break;
      case 'list':
      case 'saved object':
        break;
      case undefined:
        errors.push(new TickwardError('BAD_INPUT', 'this is no rule, exception list, exception or summary of an export', { place: startOf(source), hint: 'a rule has a rule_id, a type and a name' }));
    }
  }
  // What is no JSON was found before the rest was looked at.
  errors.sort((one, other) => lineOf(one) - lineOf(other));
  return { rules: rules.map((loaded) => withExceptions(loaded, exceptions, now)), errors, notes };
}

/** One object a line, unless the first line is no whole one: then the text is one document. */
function itemsOf(text: string, file: string | undefined, errors: unknown[]): Item[] {
  const whole: Source = { text, ...(file === undefined ? {} : { file }) };
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '');
  if (!(parse(lines[first] ?? '') instanceof Error) && lines.slice(first + 1).some((line) => line.trim() !== '')) {
    return lines.flatMap((line, index): Item[] => {
      if (line.trim() === '') return [];
      const source = { ...whole, text: line, line: index + 1 };
      const value = parse(line);
      if (!(value instanceof Error)) return [{ value, source }];
      errors.push(new TickwardError('BAD_INPUT', `this is no JSON: ${wordsOf(value)}`, { place: { ...startOf(source), ...placeAt(line, positionOf(value), file), line: index + 1 }, cause: value }));
      return [];
    });
  }
  const value = parse(text);
  if (value instanceof Error) throw new TickwardError('BAD_INPUT', `this is no JSON: ${wordsOf(value)}`, { place: placeAt(text, positionOf(value), file), hint: 'an export has one object a line', cause: value });
  return (Array.isArray(value) ? value : [value]).map((each: unknown) => ({ value: each, source: Array.isArray(value) ? { ...whole, text: JSON.stringify(each), line: 1 } : whole }));
}

function positionOf({ message }: Error): number {
  return Number(/position (\d+)/.exec(message)?.[1] ?? 0);
}

/** Without V8's own place, which counts from the start of what was parsed: that is one line of an export. */
function wordsOf({ message }: Error): string {
  return message.replace(/(?: in JSON)? at position \d+(?: \(line \d+ column \d+\))?$/, '');
}

/** The value, or the error. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return new Error(messageOf(error), { cause: error });
  }
}

function kindOf(value: unknown): 'rule' | 'exception' | 'list' | 'summary' | 'saved object' | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  if ('rule_id' in value) return 'rule';
  if ('item_id' in value) return 'exception';
  if ('list_id' in value) return 'list';
  if (Object.keys(value).some((key) => key.startsWith('exported_'))) return 'summary';
  // Actions and connectors of rules are exported as saved objects.
  return 'attributes' in value ? 'saved object' : undefined;
}

/** An error of an export says of which of its objects it is. */
function named(error: unknown, what: string, value: unknown): unknown {
  const name: unknown = Reflect.get(Object(value), 'name');
  if (!(error instanceof TickwardError)) return error;
  const { code, message, hint, place } = error;
  return new TickwardError(code, `the ${what} ${JSON.stringify(name ?? null)}: ${message}`, { cause: error, ...(hint === undefined ? {} : { hint }), ...(place === undefined ? {} : { place }) });
}

/** Kibana writes null for what a rule does not have. */
function withoutNulls(value: unknown): object {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, each]) => each !== null));
}

/** The last line of an export says how much there was: less means that the file was cut. */
function shortfall(summary: unknown, items: readonly Item[]): string[] {
  const count: unknown = Reflect.get(Object(summary), 'exported_rules_count');
  const found = items.filter(({ value }) => kindOf(value) === 'rule').length;
  return typeof count === 'number' && count !== found ? [`the summary of the export speaks of ${count} rules, ${found} are there`] : [];
}

function withExceptions(loaded: LoadedRule, items: readonly ExceptionItem[], now: number): LoadedRule {
  const { rule } = loaded;
  const unapplied: string[] = [];
  const excepted: ((event: object) => boolean)[] = [];
  for (const list of rule.exceptions.map((reference) => reference['list_id'])) {
    const own = items.filter((item) => item.list_id === list);
    if (own.length === 0) unapplied.push(`the exceptions of the list ${JSON.stringify(list ?? null)} are not in the file`);
    for (const item of own.filter((each) => !isExpired(each, now))) {
      const predicate = compileItem(item);
      if (typeof predicate === 'string') unapplied.push(`the exception ${JSON.stringify(item.name || item.item_id)} does not count: ${predicate}`);
      else excepted.push(predicate);
    }
  }
  if (!rule.run.runs || excepted.length === 0) return { ...loaded, unapplied };
  const { tree, matches } = rule.run;
  return { ...loaded, unapplied, rule: { ...rule, run: { runs: true, tree, matches: (event) => matches(event) && !excepted.some((applies) => applies(event)) } } };
}

function lineOf(error: unknown): number {
  return (error instanceof TickwardError ? error.place?.line : undefined) ?? 0;
}

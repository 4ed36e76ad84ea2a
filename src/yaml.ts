/** What people write in YAML, checked by a schema, with line, column and caret of what is wrong. */
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document, type Node, type YAMLError } from 'yaml';
import { z } from 'zod';
import { excerptOf, messageOf, TickwardError, type Place } from './model/errors.ts';
import { printable } from './model/text.ts';

export interface Issue {
  path: readonly PropertyKey[];
  message: string;
  /** Point at the key, not at its value. */
  atKey?: true;
  /** Where in a text it is, in UTF-16 units from 0. */
  offset?: number;
}

export interface YamlForm<Value> {
  /** For messages: "the response". */
  what: string;
  file?: string;
  hint: string;
  schema: z.ZodType<Value>;
  /** What the schema cannot see. */
  problems?: (value: Value) => readonly Issue[];
  /** What can be told all the same of a value that the schema does not take. */
  problemsDespite?: (value: unknown) => readonly Issue[];
}

type Checked<Value> = { value: Value } | { errors: [TickwardError, ...TickwardError[]] };

/** Throws BAD_INPUT at the first thing that is wrong. */
export function parseYaml<Value>(text: string, form: YamlForm<Value>): Value {
  const checked = check(text, form);
  if ('value' in checked) return checked.value;
  throw checked.errors[0];
}

/** All that is wrong, each an error of its own, in the order of the text. */
export function problemsOfYaml<Value>(text: string, form: YamlForm<Value>): TickwardError[] {
  const checked = check(text, form);
  return 'value' in checked ? [] : checked.errors;
}

function check<Value>(text: string, form: YamlForm<Value>): Checked<Value> {
  const { what, hint, file } = form;
  const lines = new LineCounter();
  const wrong = (message: string, offset: number): TickwardError => new TickwardError('BAD_INPUT', `${what} is ${message}`, { place: placeOf(text, lines, offset, file), hint });
  const document = parseDocument(text, { lineCounter: lines });
  const [broken, ...others] = firstOfEachLine([...document.errors, ...document.warnings], lines).map(({ message, pos }) => wrong(`no YAML: ${message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''}`, pos[0]));
  if (broken !== undefined) return { errors: [broken, ...others] };
  let value: unknown;
  try {
    // Refuses aliases that would grow without bound.
    value = document.toJS();
  } catch (error) {
    return { errors: [wrong(`no YAML that can be used: ${printable(messageOf(error))}`, 0)] };
  }
  const checked = form.schema.safeParse(value);
  const issues = checked.success ? (form.problems?.(checked.data) ?? []) : [...issuesOf(checked.error.issues), ...(form.problemsDespite?.(value) ?? [])];
  const errorOf = ({ issue, offset }: { issue: Issue; offset: number }): TickwardError => {
    const where = issue.path.map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${String(part)}`)).join('').replace(/^\./, '');
    return wrong(`not right: ${where === '' ? 'it' : printable(where)}: ${printable(issue.message)}`, offset);
  };
  const [first, ...rest] = issues.map((issue) => ({ issue, offset: offsetOf(document, text, issue) })).toSorted((one, other) => one.offset - other.offset);
  if (first !== undefined) return { errors: [errorOf(first), ...rest.map(errorOf)] };
  return checked.success ? { value: checked.data } : { errors: [wrong('not right: it does not fit', 0)] };
}

/** The others of a line follow from its first. */
function firstOfEachLine(all: readonly YAMLError[], lines: LineCounter): YAMLError[] {
  const seen = new Set<number>();
  return all.toSorted((one, other) => one.pos[0] - other.pos[0]).filter(({ pos }) => {
    const { line } = lines.linePos(pos[0]);
    return !seen.has(line) && seen.add(line);
  });
}

export function issuesOf(issues: z.ZodError['issues']): Issue[] {
  return issues.flatMap((issue): Issue[] => (issue.code === 'unrecognized_keys' ? issue.keys.map((key) => ({ path: [...issue.path, key], message: 'no such key', atKey: true })) : [{ path: issue.path, message: issue.message }]));
}

/** Where a value stands in the text; of the nearest that is there when it is missing. */
function offsetOf(document: Document, text: string, { path, atKey, offset = 0 }: Issue): number {
  const parent = document.getIn(path.slice(0, -1), true);
  if (atKey === true && isMap(parent)) {
    const key = parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1))?.key;
    if (isNode(key)) return key.range?.[0] ?? 0;
  }
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0] + (length === path.length ? within(node, text, offset) : 0);
  }
  return 0;
}

/** The offset in a scalar's text as one in the file; 0, its start, where the text is not written as it reads (escapes, folded lines). */
function within(node: Node, text: string, offset: number): number {
  if (offset === 0 || !isScalar(node) || typeof node.value !== 'string') return 0;
  const start = node.range?.[0] ?? 0;
  const { value } = node;
  const lead = [0, 1].find((before) => text.startsWith(value, start + before));
  return lead === undefined ? 0 : lead + offset;
}

function placeOf(text: string, lines: LineCounter, offset: number, file: string | undefined): Place {
  const { line, col } = lines.linePos(offset);
  return { ...(file === undefined ? {} : { file }), line: Math.max(1, line), column: Math.max(1, col), excerpt: excerptOf(text.split('\n')[Math.max(1, line) - 1] ?? '', Math.max(1, col)) };
}

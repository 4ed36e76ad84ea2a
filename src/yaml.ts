/** What people write in YAML, checked by a schema, with line, column and caret of what is wrong. */
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { excerptOf, messageOf, TickwardError, type Place } from './model/errors.ts';
import { printable } from './model/text.ts';

export interface Issue {
  path: readonly PropertyKey[];
  message: string;
  /** Point at the key, not at its value. */
  atKey?: true;
}

export interface YamlForm<Value> {
  /** For messages: "the response". */
  what: string;
  file?: string;
  hint: string;
  schema: z.ZodType<Value>;
  /** What the schema cannot see. */
  problems?: (value: Value) => readonly Issue[];
}

/** Throws BAD_INPUT. */
export function parseYaml<Value>(text: string, form: YamlForm<Value>): Value {
  const { what, hint, file } = form;
  const lines = new LineCounter();
  const wrong = (message: string, offset: number): TickwardError => new TickwardError('BAD_INPUT', `${what} is ${message}`, { place: placeOf(text, lines, offset, file), hint });
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) throw wrong(`no YAML: ${broken.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''}`, broken.pos[0]);
  let value: unknown;
  try {
    // Refuses aliases that would grow without bound.
    value = document.toJS();
  } catch (error) {
    throw wrong(`no YAML that can be used: ${printable(messageOf(error))}`, 0);
  }
  const checked = form.schema.safeParse(value);
  const issue = checked.success ? form.problems?.(checked.data)[0] : issueOf(checked.error);
  if (checked.success && issue === undefined) return checked.data;
  const { path, message, atKey } = issue ?? { path: [], message: 'does not fit' };
  const where = path.map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${String(part)}`)).join('').replace(/^\./, '');
  throw wrong(`not right: ${where === '' ? 'it' : printable(where)}: ${printable(message)}`, offsetOf(document, path, atKey === true));
}

export function issueOf(error: z.ZodError): Issue {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') return { path: [...issue.path, issue.keys[0] ?? ''], message: 'no such key', atKey: true };
  return issue === undefined ? { path: [], message: 'does not fit' } : { path: issue.path, message: issue.message };
}

/** Where a value stands in the text; of the nearest that is there when it is missing. */
function offsetOf(document: Document, path: readonly PropertyKey[], atKey: boolean): number {
  const parent = document.getIn(path.slice(0, -1), true);
  if (atKey && isMap(parent)) {
    const key = parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1))?.key;
    if (isNode(key)) return key.range?.[0] ?? 0;
  }
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function placeOf(text: string, lines: LineCounter, offset: number, file: string | undefined): Place {
  const { line, col } = lines.linePos(offset);
  return { ...(file === undefined ? {} : { file }), line: Math.max(1, line), column: Math.max(1, col), excerpt: excerptOf(text.split('\n')[Math.max(1, line) - 1] ?? '', Math.max(1, col)) };
}

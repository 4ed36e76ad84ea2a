/** A response as it is written down: response.yaml, checked with line, column and caret. */
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { actionNamed, actions } from '../actions/index.ts';
import { excerptOf, TickwardError, type Place } from '../model/errors.ts';
import type { Json } from '../model/journal.ts';
import { printable } from '../model/text.ts';
import { fieldOf } from './target.ts';

const json: z.ZodType<Json> = z.lazy(() => z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]));

/** YAML 1.2 reads `yes` and `no` as text, `true` and `false` as truth values. */
const yesNo = z.union([z.enum(['yes', 'no']), z.boolean().transform((value) => (value ? 'yes' as const : 'no' as const))]);

const common = {
  /** What `--only` and `undo RUN STEP` name it by. */
  id: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'an id is of small letters, digits and dashes'),
  title: z.string().min(1),
  /** A response goes on where it cannot be done. */
  optional: z.boolean().default(false),
};

const stepSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('action'), ...common, action: z.string(), params: z.record(z.string(), json).default({}), /** The answer offered to a person. */ default: yesNo.default('no'), text: z.exactOptional(z.string()) }),
  z.strictObject({ kind: z.literal('human'), ...common, text: z.string().min(1) }),
]);

const playbookSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name is of small letters, digits and dashes'),
  title: z.string().min(1),
  steps: z.array(stepSchema).min(1),
});

export type Playbook = z.infer<typeof playbookSchema>;
export type PlaybookStep = z.infer<typeof stepSchema>;
export type ActionStep = Extract<PlaybookStep, { kind: 'action' }>;

interface Issue {
  path: readonly PropertyKey[];
  message: string;
  /** Point at the key, not at its value. */
  atKey?: true;
}

export function parsePlaybook(text: string, file?: string): Playbook {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) throw wrong(`no YAML: ${broken.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''}`, placeOf(text, lines, broken.pos[0], file));
  const checked = playbookSchema.safeParse(valueOf(document, text, lines, file));
  const issue = checked.success ? problemsOf(checked.data)[0] : issueOf(checked.error);
  if (checked.success && issue === undefined) return checked.data;
  const { path, message, atKey } = issue ?? { path: [], message: 'does not fit' };
  const where = path.map((part) => (typeof part === 'number' ? `[${part + 1}]` : `.${String(part)}`)).join('').replace(/^\./, '');
  throw wrong(`${where === '' ? 'it' : printable(where)}: ${printable(message)}`, placeOf(text, lines, offsetOf(document, path, atKey === true), file));
}

/** toJS refuses aliases that would grow without bound. */
function valueOf(document: Document, text: string, lines: LineCounter, file: string | undefined): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw wrong(`no YAML that can be used: ${printable(error instanceof Error ? error.message : String(error))}`, placeOf(text, lines, 0, file));
  }
}

function wrong(message: string, place: Place): TickwardError {
  return new TickwardError('BAD_INPUT', `the response is ${message.startsWith('no YAML') ? message : `not right: ${message}`}`, { place, hint: `actions are ${actions.map((action) => action.name).join(', ')}; see CONTRIBUTING.md for the form` });
}

function issueOf(error: z.ZodError): Issue {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys') return { path: [...issue.path, issue.keys[0] ?? ''], message: 'no such key', atKey: true };
  return issue === undefined ? { path: [], message: 'does not fit' } : { path: issue.path, message: issue.message };
}

/** What the schema cannot see: ids that are not unique, unknown actions, parameters that their action does not take. */
function problemsOf(playbook: Playbook): Issue[] {
  const ids = playbook.steps.map((step) => step.id);
  return playbook.steps.flatMap((step, index): Issue[] => {
    if (ids.indexOf(step.id) !== index) return [{ path: ['steps', index, 'id'], message: `there is another step ${step.id}` }];
    return step.kind === 'action' ? problemsOfAction(step).map((issue) => ({ ...issue, path: ['steps', index, ...issue.path] })) : [];
  });
}

function problemsOfAction(step: ActionStep): Issue[] {
  const action = actionNamed(step.action);
  if (action === undefined) return [{ path: ['action'], message: `there is no action ${step.action}` }];
  const part = Object.entries(step.params).find(([, value]) => typeof value === 'string' && value.includes('{{') && fieldOf(value) === undefined);
  if (part !== undefined) return [{ path: ['params', part[0]], message: 'a placeholder is a whole value and names one field: "{{process.pid}}"' }];
  const isOpen = (name: PropertyKey | undefined): boolean => fieldOf(step.params[String(name)] ?? null) !== undefined;
  const known = Object.fromEntries(Object.entries(step.params).map(([name, value]) => [name, isOpen(name) ? undefined : value]));
  const checked = action.params.safeParse(known);
  if (checked.success) return [];
  return checked.error.issues.filter((issue) => issue.code === 'unrecognized_keys' || !isOpen(issue.path[0])).map((issue) => {
    const found = issueOf(new z.ZodError([issue]));
    return { ...found, path: ['params', ...found.path] };
  });
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

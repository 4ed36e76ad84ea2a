/** A response as it is written down: response.yaml, checked with line, column and caret. */
import { z } from 'zod';
import { actionNamed, actions } from '../actions/index.ts';
import type { Json } from '../model/journal.ts';
import { issueOf, parseYaml, type Issue } from '../yaml.ts';
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

export function parsePlaybook(text: string, file?: string): Playbook {
  const hint = `actions are ${actions.map((action) => action.name).join(', ')}; see CONTRIBUTING.md for the form`;
  return parseYaml(text, { what: 'the response', ...(file === undefined ? {} : { file }), hint, schema: playbookSchema, problems: problemsOf });
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

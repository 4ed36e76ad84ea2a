/** A response as it is written down: response.yaml, checked with line, column and caret. */
import { z } from 'zod';
import { actions } from '../actions/index.ts';
import type { TickwardError } from '../model/errors.ts';
import type { Json, JsonObject } from '../model/journal.ts';
import { parseYaml, problemsOfYaml, type YamlForm } from '../yaml.ts';
import { SEVERITIES } from './findings.ts';
import { problemsOf } from './playbook-problems.ts';
import { problemsDespite } from './playbook-salvage.ts';

const json: z.ZodType<Json> = z.lazy(() => z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]));

/** YAML 1.2 reads `yes` and `no` as text, `true` and `false` as truth values. */
const yesNo = z.union([z.enum(['yes', 'no']), z.boolean().transform((value) => (value ? 'yes' as const : 'no' as const))]);

const id = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'an id is of small letters, digits and dashes');

const question = z.strictObject({
  id,
  /** As a person reads it. */
  ask: z.string().min(1),
  /** `yes-no` is answered with a truth value, the others with text. */
  kind: z.enum(['text', 'choice', 'yes-no']).default('text'),
  /** Of a choice. */
  choices: z.exactOptional(z.array(z.string().min(1)).min(2)),
  /** The step is not done without an answer. */
  required: z.boolean().default(false),
});

const common = {
  /** What `--only` and `undo RUN STEP` name it by. */
  id,
  title: z.string().min(1),
  /** A response goes on where it cannot be done. */
  optional: z.boolean().default(false),
  /** An EQL condition over what is known of the case (`tickward playbook fields`); the step is skipped where it does not hold. */
  when: z.exactOptional(z.string().min(1)),
  /** The least severity for which the step is meant. */
  severity: z.exactOptional(z.enum(SEVERITIES)),
  /** Earlier steps without which it makes no sense: it is skipped where one of them was not done. */
  needs: z.array(z.string()).default([]),
  /** Asked before the step, for the record and for the conditions and parameters of later steps. */
  questions: z.array(question).default([]),
};

const stepSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('action'),
    ...common,
    action: z.string(),
    params: z.record(z.string(), json).default({}),
    /** The answer offered to a person. */
    default: yesNo.default('no'),
    text: z.exactOptional(z.string()),
    /** Stop the response, go on, or take back what the step had changed and stop. Where it is not said: `continue` for an optional step, else `stop`. */
    on_failure: z.exactOptional(z.enum(['stop', 'continue', 'undo'])),
  }),
  z.strictObject({ kind: z.literal('human'), ...common, text: z.string().min(1) }),
]);

export const playbookSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'a name is of small letters, digits and dashes'),
  title: z.string().min(1),
  steps: z.array(stepSchema).min(1),
});

export type Playbook = z.infer<typeof playbookSchema>;
export type PlaybookStep = z.infer<typeof stepSchema>;
export type ActionStep = Extract<PlaybookStep, { kind: 'action' }>;
export type Question = z.infer<typeof question>;

/** Throws BAD_INPUT at the first thing that is wrong. */
export function parsePlaybook(text: string, file?: string): Playbook {
  return parseYaml(text, formOf(file));
}

/** Everything that is wrong with it. */
export function checkPlaybook(text: string, file?: string): TickwardError[] {
  return problemsOfYaml(text, formOf(file));
}

function formOf(file: string | undefined): YamlForm<Playbook> {
  const hint = `actions are ${actions.map((action) => action.name).join(', ')}; tickward playbook actions shows them, and CONTRIBUTING.md the form`;
  return { what: 'the response', ...(file === undefined ? {} : { file }), hint, schema: playbookSchema, problems: problemsOf, problemsDespite: (value) => problemsDespite(value, stepSchema) };
}

/** JSON Schema (draft 2020-12) of response.yaml, for editors. */
export function playbookJsonSchema(): JsonObject {
  return z.toJSONSchema(playbookSchema, { io: 'input' }) as JsonObject;
}

/** What can still be told of a response that its schema does not take: who writes one wants to see all that is wrong at once. Pure. */
import type { z } from 'zod';
import { isObject } from '../model/object.ts';
import { issuesOf, type Issue } from '../yaml.ts';
import type { PlaybookStep } from './playbook.ts';
import { problemsOfSteps, type ReadStep } from './playbook-problems.ts';

type Fields = { readonly [key: string]: unknown };

/** Stands for what is missing, or was left out because it is wrong. */
const STAND_INS = { action: { id: 'unread', title: 'unread', action: 'unread' }, human: { id: 'unread', title: 'unread', text: 'unread' } };

/** What the schema leaves unsaid: all of a step of no known kind, and what it cannot see, in each step as far as that can be read. */
export function problemsDespite(value: unknown, schema: z.ZodType<PlaybookStep>): Issue[] {
  const steps = fieldsOf(value)?.['steps'];
  if (!Array.isArray(steps)) return [];
  const read = steps.map((step) => readStep(step, schema));
  return [...read.flatMap(({ unsaid }, index) => unsaid.map((issue) => ({ ...issue, path: ['steps', index, ...issue.path] }))), ...problemsOfSteps(read)];
}

function readStep(value: unknown, schema: z.ZodType<PlaybookStep>): ReadStep & { unsaid: Issue[] } {
  const given = fieldsOf(value);
  if (given === undefined) return { unread: new Set(), questions: [], unsaid: [] };
  const kind = kindOf(given);
  const issues = schema.safeParse({ ...given, kind }).error?.issues ?? [];
  const said = issuesOf(issues);
  const unread = new Set(said.flatMap(({ path: [key] }) => key ?? []));
  const step = schema.safeParse({ ...STAND_INS[kind], ...Object.fromEntries(Object.entries(given).filter(([key]) => !unread.has(key))), kind }).data;
  const { id, questions } = given;
  return {
    ...(step === undefined ? {} : { step }),
    unread,
    ...(typeof id === 'string' ? { id } : {}),
    questions: Array.isArray(questions) ? questions.flatMap((question) => textOf(fieldsOf(question)?.['id'])) : [],
    // Of a kind that there is the schema has said it.
    unsaid: given['kind'] === kind ? [] : said,
  };
}

/** Where it is misspelt, the one that the other keys are of. */
function kindOf({ kind, action }: Fields): keyof typeof STAND_INS {
  if (kind === 'action' || kind === 'human') return kind;
  return action === undefined ? 'human' : 'action';
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}

function fieldsOf(value: unknown): Fields | undefined {
  return isObject(value) ? value : undefined;
}

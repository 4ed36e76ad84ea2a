/** What a controller asks of one host: read from the file that Ansible gives its module. */
import { z } from 'zod';
import { messageOf, TickwardError } from '../model/errors.ts';

const NAME = z.string().min(1).max(4_096);
const NAMES = z.array(NAME).max(1_000).default([]);

/** What is looked for: units, paths, sha256, pieces of commands, addresses, keys of ssh. */
const INDICATORS = z.strictObject({ units: NAMES, paths: NAMES, hashes: NAMES, commands: NAMES, addresses: NAMES, keys: NAMES });

export type Indicators = z.infer<typeof INDICATORS>;

const COMMON = { deadline_seconds: z.number().positive().max(86_400).default(300) };

const TASK = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('sweep'), indicators: INDICATORS, ...COMMON }),
  z.strictObject({ do: z.literal('investigate'), path: NAME, ...COMMON }),
  z.strictObject({ do: z.literal('respond'), path: NAME, playbook: NAME.optional(), only: z.array(NAME).min(1).max(1_000).optional(), ...COMMON }),
  z.strictObject({ do: z.literal('undo'), run: NAME, ...COMMON }),
  z.strictObject({ do: z.literal('release'), ...COMMON }),
  z.strictObject({ do: z.literal('status'), ...COMMON }),
]);

export type Task = z.infer<typeof TASK>;

/** A task before what may be left out is filled in. */
export type TaskInput = z.input<typeof TASK>;

export interface GivenTask {
  task: Task;
  /** Ansible's --check: nothing may be changed. */
  check: boolean;
}

/** Tasks that change a host: one at a time. */
export function changes(task: Pick<Task, 'do'>): boolean {
  return ['respond', 'undo', 'release'].includes(task.do);
}

/** What a host says of a task; the form that Ansible expects of a module, and more. */
export interface Answer {
  changed: boolean;
  failed?: true;
  /** Why it was not done, in a word for programs; absent: there was nothing to do it to. */
  reason?: 'busy' | 'timed-out' | 'error' | 'missing' | 'absent';
  msg: string;
  state: HostState;
  /** What the command printed as JSON. */
  data?: unknown;
  /** The whole record of a run, as `runs show` has it. */
  record?: unknown;
}

export function failed(reason: NonNullable<Answer['reason']>, msg: string): Answer {
  return { changed: false, failed: true, reason, msg, state: 'failed' };
}

export const HOST_STATES = ['ok', 'found', 'changed', 'unchanged', 'would-change', 'needs-person', 'failed'] as const;
export type HostState = (typeof HOST_STATES)[number];

/** Throws BAD_INPUT with the key that is wrong. */
export function parseTask(text: string): GivenTask {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new TickwardError('BAD_INPUT', `the arguments of the module are no JSON: ${messageOf(error)}`, { hint: 'call it through Ansible' });
  }
  if (typeof given !== 'object' || given === null) throw new TickwardError('BAD_INPUT', 'the arguments of the module are no object', { hint: 'call it through Ansible' });
  const own = Object.fromEntries(Object.entries(given).filter(([key]) => !key.startsWith('_ansible_')));
  const checked = TASK.safeParse(own);
  if (!checked.success) {
    const issue = checked.error.issues[0];
    throw new TickwardError('BAD_INPUT', `${issue?.path.join('.') || 'the arguments'}: ${issue?.message ?? 'is wrong'}`, { hint: 'do: sweep, investigate, respond, undo, release or status; docs/fleet.md says what each takes' });
  }
  return { task: checked.data, check: (given as Record<string, unknown>)['_ansible_check_mode'] === true };
}

/** The arguments of the program's own command; sweeps are done in the process itself. */
export function commandOf({ task, check }: GivenTask): string[] {
  switch (task.do) {
    case 'investigate':
      return ['investigate', '--file', task.path, '--json', '--no-input'];
    case 'respond':
      return ['respond', '--file', task.path, ...(task.playbook === undefined ? [] : ['--playbook', task.playbook]), ...(task.only === undefined ? [] : ['--only', task.only.join(',')]), check ? '--dry-run' : '--yes', '--json', '--no-input'];
    case 'undo':
      return ['undo', task.run, '--yes', '--json', '--no-input'];
    case 'release':
      return ['release', '--yes', '--json', '--no-input', ...(check ? ['--dry-run'] : [])];
    case 'status':
      return ['alerts', 'list', '--status', 'open', '--json', '--no-input'];
    case 'sweep':
      return [];
  }
}

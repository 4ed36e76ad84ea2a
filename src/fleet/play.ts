/** The playbook that Ansible is given, as YAML text. Pure. */
import type { TaskInput } from './task.ts';

export interface Play {
  task: TaskInput;
  /** Hosts in a wave. Without, all of them are one. */
  serial?: readonly string[];
  maxFailPercent?: number;
  /** How long a host may take, in s. */
  deadlineSeconds: number;
  /** Where the program is on the hosts. */
  program?: string;
  /** To undo: the run that each host knows, in place of the task's own. No other host is asked. */
  runs?: Readonly<Record<string, string>>;
}

/** Ansible gives up on a host so long after the host's own deadline, in s. */
const GRACE_SECONDS = 2;

/** A text that Ansible reads itself, also as a template: written here, never what somebody gave. */
class Ours {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export function playbookOf({ task, serial, maxFailPercent, deadlineSeconds, program, runs }: Play): string {
  const given = { ...task, deadline_seconds: deadlineSeconds, ...(runs === undefined ? {} : { run: new Ours('{{ tickward_runs[inventory_hostname] }}') }) };
  return yamlOf([
    {
      hosts: runs === undefined ? new Ours('all') : Object.keys(runs),
      gather_facts: false,
      ...(runs === undefined ? {} : { vars: { tickward_runs: runs } }),
      // Not the strategy `free`: that tells of no host before all have been started, and what was done until an interruption would never be told.
      ...(serial === undefined ? {} : { serial: serial.map((wave) => new Ours(wave)), ...(maxFailPercent === undefined ? {} : { max_fail_percentage: maxFailPercent }) }),
      // On the host the program ends itself at its deadline; this is for a host that does not answer any more.
      tasks: [{ name: new Ours('tickward'), tickward: given, timeout: deadlineSeconds + GRACE_SECONDS, ...(program === undefined ? {} : { environment: { TICKWARD: program } }) }],
    },
  ]);
}

/** In YAML's flow form. Texts are `!unsafe`: Ansible must not take `{{ … }}` in a path or a command for a template, which may run programs here. */
function yamlOf(value: unknown): string {
  if (value instanceof Ours) return quoted(value.text);
  if (typeof value === 'string') return `!unsafe ${quoted(value)}`;
  if (Array.isArray(value)) return `[${value.map(yamlOf).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.entries(value).map(([key, each]) => `${quoted(key)}: ${yamlOf(each)}`).join(', ')}}`;
  return JSON.stringify(value);
}

/** JSON's escapes are YAML's too, but for what JSON leaves as it is and YAML does not allow. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^\x20-\x7e]/gu, (found) => `\\U${(found.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`);
}

/** A task on many hosts, by ansible-core: what each host said, as it comes, and a row for those that said nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLines } from '../exec.ts';
import { TickwardError } from '../model/errors.ts';
import { shorten } from '../model/text.ts';
import { playbookOf, type Play } from './play.ts';
import { readLineOf, type HostRow } from './rows.ts';

export interface FleetOptions extends Play {
  inventory: string;
  check: boolean;
  limit?: string;
  /** Hosts at once. */
  forks: number;
  signal?: AbortSignal;
  onRow?: (row: HostRow) => void;
}

/** Of Ansible's own: module, the action that calls it, and callback. */
const PLUGINS = join(import.meta.dirname, '../../extension/deploy/ansible');

/** How long ssh tries to reach a host, in s. */
const CONNECT_SECONDS = 5;

/** What Ansible may take of the settings of the one who runs it: how to reach hosts, and secrets, which never pass through here. */
const PASSED = /^(?:HOME|USER|LOGNAME|SSH_AUTH_SOCK|TERM|ANSIBLE_.*)$/;

/** Rows in the order in which hosts answered; hosts that never did, at the end. Throws UNSUPPORTED without Ansible, BAD_INPUT for an inventory that it does not take. */
export async function runOnFleet(options: FleetOptions): Promise<HostRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tickward-fleet-'));
  try {
    const playbook = join(directory, 'playbook.yaml');
    writeFileSync(playbook, playbookOf(options), { mode: 0o600 });
    const rows = new Map<string, HostRow>();
    /** All of them, as Ansible reads the inventory. */
    let hosts: string[] = [];
    const strange: string[] = [];
    // What Ansible does when all have answered is of no use here, and with thousands of hosts it takes minutes.
    const all = new AbortController();
    const { exitCode, stderr } = await runLines('ansible-playbook', ['--inventory', options.inventory, ...limitArguments(options.limit, directory), '--forks', String(options.forks), ...(options.check ? ['--check', '--diff'] : []), playbook], {
      env: environmentFor(directory),
      signal: options.signal === undefined ? all.signal : AbortSignal.any([options.signal, all.signal]),
      onLine(line) {
        const row = readLineOf(line);
        if (row === undefined) strange.push(line);
        else if ('hosts' in row) hosts = row.hosts;
        else if (!rows.has(row.host)) {
          rows.set(row.host, row);
          options.onRow?.(row);
          if (rows.size === hosts.length) all.abort();
        }
      },
    });
    if (hosts.length === 0) throw new TickwardError('BAD_INPUT', `Ansible found no host in ${options.inventory}${options.limit === undefined ? '' : ` for ${shorten(options.limit, 200)}`}: ${lastOf(stderr) || lastOf(strange.join('\n')) || `it ended with ${exitCode ?? 'a signal'}`}`, { hint: `look at: ansible all --list-hosts -i ${options.inventory}` });
    for (const host of hosts.filter((name) => !rows.has(name))) {
      const row: HostRow = { host, state: 'skipped', reason: options.signal?.aborted === true ? 'interrupted before it answered' : 'not reached: an earlier wave failed too often' };
      rows.set(host, row);
      options.onRow?.(row);
    }
    return [...rows.values()];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Of one argument the kernel takes 128 KiB (MAX_ARG_STRLEN, execve(2)): the names of thousands of hosts go through a file, as Ansible reads one. */
function limitArguments(limit: string | undefined, directory: string): string[] {
  if (limit === undefined) return [];
  if (Buffer.byteLength(limit) < MOST_ARGUMENT) return ['--limit', limit];
  const path = join(directory, 'limit');
  writeFileSync(path, `${limit.replaceAll(',', '\n')}\n`, { mode: 0o600 });
  return ['--limit', `@${path}`];
}

const MOST_ARGUMENT = 64 * 1024;

function environmentFor(directory: string): Record<string, string> {
  const passed = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (PASSED.test(name) && value !== undefined ? [[name, value]] : [])));
  return {
    ANSIBLE_TIMEOUT: String(CONNECT_SECONDS),
    ANSIBLE_DEPRECATION_WARNINGS: 'false',
    ...passed,
    LC_ALL: 'C.UTF-8',
    ANSIBLE_LIBRARY: join(PLUGINS, 'library'),
    ANSIBLE_ACTION_PLUGINS: join(PLUGINS, 'action_plugins'),
    ANSIBLE_CALLBACK_PLUGINS: join(PLUGINS, 'callback_plugins'),
    ANSIBLE_STDOUT_CALLBACK: 'tickward_lines',
    ANSIBLE_RETRY_FILES_ENABLED: 'false',
    ANSIBLE_NOCOLOR: 'true',
    ANSIBLE_LOCAL_TEMP: join(directory, 'ansible'),
    // Nothing is left beside the callback, which a package owns.
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

function lastOf(text: string): string {
  return text.trim().split('\n').findLast((line) => line.trim() !== '' && !line.startsWith('[WARNING]'))?.trim() ?? '';
}


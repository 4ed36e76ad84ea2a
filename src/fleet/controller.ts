/** A task on many hosts, by ansible-core: what each host said, as it comes, and a row for those that said nothing. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLines } from '../exec.ts';
import { TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
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

/** Rows in the order in which hosts answered; hosts that never did, at the end. Throws UNSUPPORTED without Ansible, BAD_INPUT for an inventory that it does not take, INTERRUPTED where no host was asked. */
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
    const { exitCode, stderr } = await runLines('ansible-playbook', ['--inventory', options.inventory, ...(options.limit === undefined ? [] : ['--limit', options.limit]), '--forks', String(options.forks), ...(options.check ? ['--check', '--diff'] : []), playbook], {
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
    if (hosts.length === 0 && options.signal?.aborted === true) throw new TickwardError('INTERRUPTED', 'interrupted before any host was asked', { hint: 'nothing was changed' });
    if (hosts.length === 0) throw new TickwardError('BAD_INPUT', `Ansible found no host in ${printable(options.inventory)}${options.limit === undefined ? '' : ` for ${printable(shorten(options.limit, 200))}`}: ${printable(complaintOf(stderr) || lastOf(stderr) || lastOf(strange.join('\n')) || `it ended with ${exitCode ?? 'a signal'}`)}`, { hint: `look at: ansible all --list-hosts -i ${printable(options.inventory)}` });
    const skip = (host: string, reason: string): void => {
      const row: HostRow = { host, state: 'skipped', reason };
      rows.set(host, row);
      options.onRow?.(row);
    };
    for (const host of hosts.filter((name) => !rows.has(name))) skip(host, whySilent(options, exitCode, stderr));
    // Who limits an undo leaves out others on purpose; else all that was done is to be taken back.
    if (options.limit === undefined) for (const host of Object.keys(options.runs ?? {}).filter((name) => !rows.has(name))) skip(host, 'the inventory does not have it: what was done there stays');
    return [...rows.values()];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function whySilent({ signal, serial }: FleetOptions, exitCode: number | undefined, stderr: string): string {
  if (signal?.aborted === true) return 'interrupted before it answered';
  if (exitCode !== undefined && serial !== undefined) return 'not reached: an earlier wave failed too often';
  return `Ansible ended before it answered: ${lastOf(stderr) || (exitCode === undefined ? 'by a signal' : `exit code ${exitCode}`)}`;
}

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

/** What it says of an inventory that it cannot read, as a warning over several lines. */
function complaintOf(stderr: string): string {
  const said = stderr.replaceAll(/\n(?!\[|ERROR)/g, ' ').split('\n');
  return said.find((line) => /\b[Pp]arse/.test(line))?.replace(/^\[WARNING\]:[ *]*/, '').trim() ?? '';
}

function lastOf(text: string): string {
  return text.trim().split('\n').findLast((line) => line.trim() !== '' && !line.startsWith('[WARNING]'))?.trim() ?? '';
}


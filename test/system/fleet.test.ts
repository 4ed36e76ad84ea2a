/** A fleet of booted hosts, asked and changed through Ansible over real ssh. Its connections go through sshd's own stdin, so that hosts need no network. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { boot, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';

const FLEET = join(import.meta.dirname, '../../src/cli/tickward');
const hasAnsible = spawnSync('ansible', ['--version']).status === 0 && spawnSync('ssh', ['-V']).status === 0;
const reason = noBoot ?? (hasAnsible ? undefined : 'needs Ansible: apt-get install ansible-core openssh-client');
const TIMER = '/etc/systemd/system/evil.timer';
const PLANT = `printf '[Timer]\\nOnCalendar=hourly\\n' > ${TIMER}; printf '[Service]\\nExecStart=/bin/true\\n' > /etc/systemd/system/evil.service; systemctl daemon-reload; systemctl start evil.timer`;

interface Row {
  host: string;
  state: string;
  reason?: string;
  run?: string;
  record?: { chain?: { intact?: boolean } };
}

/** Ends everything that it was given, also the ssh of a host that hangs. */
async function fleet(state: string, ...args: string[]): Promise<{ code: number | null; rows: Map<string, Row>; took: number; run: string }> {
  const began = performance.now();
  const child = spawn('/bin/sh', [FLEET, 'fleet', ...args, '--json'], { env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: state, TICKWARD_STATE_DIR: join(state, 'state') } });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const rows = out.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Row);
  return { code, took: performance.now() - began, run: /fleet run (\S+)/.exec(errors)?.[1] ?? '', rows: new Map(rows.map((row) => [row.host, row])) };
}

const statesOf = (rows: ReadonlyMap<string, Row>): Record<string, string> => Object.fromEntries([...rows].map(([host, { state }]) => [host, state]).toSorted());

async function bed(): Promise<{ state: string; inventory: string; hosts: Record<'clean' | 'struck', Booted> }> {
  const state = mkdtempSync(join(tmpdir(), 'tickward-fleet-test-'));
  onTestFinished(() => rmSync(state, { recursive: true }));
  const key = join(state, 'key');
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const known = readFileSync(`${key}.pub`, 'utf8').trim();
  const [clean, struck] = await Promise.all([boot(), boot()]);
  for (const host of [clean, struck]) {
    const ready = host.shell(`mkdir -p /root/.ssh /run/sshd; chmod 700 /root/.ssh; echo '${known}' > /root/.ssh/authorized_keys; ssh-keygen -A >/dev/null`);
    expect(ready.stderr).toBe('');
  }
  expect(struck.shell(PLANT).stderr).toBe('');
  const line = (name: string, proxy: string): string => `${name} ansible_host=${name} ansible_user=root ansible_ssh_private_key_file=${key} ansible_ssh_common_args='-o ProxyCommand="${proxy}" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR'\n`;
  const through = ({ enter }: Booted): string => `${enter.join(' ')} /usr/sbin/sshd -i`;
  const inventory = join(state, 'hosts.ini');
  writeFileSync(inventory, line('clean', through(clean)) + line('struck', through(struck)) + line('down', 'false') + line('hung', 'sleep 600'));
  return { state, inventory, hosts: { clean, struck } };
}

describe.skipIf(reason !== undefined)(`a fleet of booted hosts (${reason ?? 'available'})`, () => {
  test('one is struck, one is not, one is down and one hangs: found, taken out after a dry run, taken out once, given back', { timeout: 300_000 }, async ({ skip }) => {
    const unbuilt = prepareBase();
    skip(unbuilt !== undefined, unbuilt);
    const { state, inventory, hosts } = await bed();
    const over = ['--inventory', inventory, '--program', PROGRAM, '--deadline', '60'];
    const isThere = (): boolean => hosts.struck.run(['test', '-e', TIMER]).status === 0;

    const swept = await fleet(state, 'sweep', ...over, '--unit', 'evil.timer');
    expect(statesOf(swept.rows)).toEqual({ clean: 'ok', down: 'unreachable', hung: 'unreachable', struck: 'found' });
    expect([swept.rows.get('down')?.reason, swept.rows.get('hung')?.reason].every(Boolean)).toBe(true);
    expect(swept.code).toBe(3);

    const respond = ['respond', ...over, '--limit', 'struck,clean', '--file', TIMER, '--only', 'remove'];
    const planned = await fleet(state, ...respond, '--dry-run');
    expect(planned.rows.get('struck')).toMatchObject({ state: 'would-change' });
    expect(isThere()).toBe(true);

    const done = await fleet(state, ...respond, '--yes');
    expect(done.rows.get('struck')).toMatchObject({ state: 'changed', run: expect.any(String), record: { chain: { intact: true } } });
    expect(isThere()).toBe(false);

    const again = await fleet(state, ...respond, '--yes');
    expect(again.rows.get('struck')?.state).toBe('unchanged');

    const undone = await fleet(state, 'undo', done.run, ...over, '--yes');
    expect(statesOf(undone.rows)).toEqual({ struck: 'changed' });
    expect(isThere()).toBe(true);
  });
});

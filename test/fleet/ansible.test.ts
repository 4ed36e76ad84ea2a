/** Real ansible-core, over hosts that are this machine and one that is not there. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../helpers/events.ts';

const PROGRAM = join(import.meta.dirname, '../../src/cli/tickward');
const missing = spawnSync('ansible', ['--version']).status === 0 ? undefined : 'needs Ansible: apt-get install ansible-core openssh-client';

function fleet(directory: string, ...args: string[]): { code: number | null; rows: { host: string; state: string; reason?: string }[]; stderr: string } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [PROGRAM, 'fleet', ...args, '--json'], { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory, TICKWARD_STATE_DIR: join(directory, 'state') } });
  return { code: status, stderr, rows: stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line) as { host: string; state: string }) };
}

describe.skipIf(missing !== undefined)(`a fleet of hosts by Ansible (${missing ?? 'it is there'})`, () => {
  test('each host answers or is named with its reason; what was asked is no template; the record is kept', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    const touched = join(directory, 'touched');
    writeFileSync(inventory, `one ansible_connection=local\ntwo ansible_connection=local\ndown ansible_host=127.0.0.1 ansible_port=1\n`);
    const { code, rows, stderr } = fleet(directory, 'sweep', '--inventory', inventory, '--command', `{{ lookup('pipe', 'touch ${touched}') }}`, '--program', PROGRAM);
    expect(stderr).toContain('fleet run');
    expect(Object.fromEntries(rows.map(({ host, state }) => [host, state]))).toEqual({ one: 'ok', two: 'ok', down: 'unreachable' });
    expect(rows.find(({ host }) => host === 'down')?.reason).toContain('127.0.0.1');
    expect(code).toBe(3);
    expect(existsSync(touched)).toBe(false);
    const [run = ''] = readdirSync(join(directory, 'state/fleet'));
    expect(readdirSync(join(directory, 'state/fleet', run)).sort()).toEqual(['host-down.json', 'host-one.json', 'host-two.json', 'request.json']);
    expect(JSON.parse(readFileSync(join(directory, 'state/fleet', run, 'request.json'), 'utf8'))).toMatchObject({ run, task: { do: 'sweep' } });
  });

  test('where a wave fails the later ones are left alone, and said to be', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'down ansible_host=127.0.0.1 ansible_port=1\none ansible_connection=local\n');
    const { code, rows } = fleet(directory, 'sweep', '--inventory', inventory, '--unit', 'x.timer', '--serial', '1', '--max-fail-percent', '10', '--program', PROGRAM);
    expect(rows.map(({ host, state }) => [host, state])).toEqual([['down', 'unreachable'], ['one', 'skipped']]);
    expect(code).toBe(3);
  });

  test('a host without the program says so, and an empty inventory is an error', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\n');
    expect(fleet(directory, 'status', '--inventory', inventory, '--program', '/nonexistent/tickward')).toMatchObject({ code: 3, rows: [{ host: 'one', state: 'failed', reason: 'tickward is not installed on this host (looked for /nonexistent/tickward)' }] });
    expect(fleet(directory, 'sweep', '--inventory', join(directory, 'none.ini'), '--unit', 'x.timer')).toMatchObject({ code: 1, rows: [{ error: { code: 'BAD_INPUT' } }] });
  });
});

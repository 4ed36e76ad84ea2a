/** Real ansible-core, over hosts that are this machine and one that is not there. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FleetRecords } from '../../src/fleet/records.ts';
import { whoDecides } from '../../src/host/person.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { jsonLines } from '../helpers/lines.ts';
import { PROGRAM } from '../helpers/tickward.ts';
import { until } from '../helpers/until.ts';

const missing = spawnSync('ansible', ['--version']).status === 0 ? undefined : 'needs Ansible: apt-get install ansible-core openssh-client';

const environmentOf = (directory: string): NodeJS.ProcessEnv => ({ PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: directory, TICKWARD_STATE_DIR: join(directory, 'state') });

/** What a host runs: it keeps its state with the test, not on this machine. */
function programOf(directory: string): string {
  const path = join(directory, 'tickward');
  writeFileSync(path, `#!/bin/sh\nTICKWARD_STATE_DIR='${directory}/host' exec '${PROGRAM}' "$@"\n`, { mode: 0o755 });
  return path;
}

function fleet(directory: string, ...args: string[]): { code: number | null; rows: { host: string; state: string; reason?: string }[]; stderr: string } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [PROGRAM, 'fleet', ...args, '--json'], { encoding: 'utf8', env: environmentOf(directory) });
  return { code: status, stderr, rows: jsonLines(stdout) };
}

describe.skipIf(missing !== undefined)(`a fleet of hosts by Ansible (${missing ?? 'it is there'})`, () => {
  test('each host answers or is named with its reason; what was asked is no template; the record is kept', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    const touched = join(directory, 'touched');
    writeFileSync(inventory, `one ansible_connection=local\ntwo ansible_connection=local\ndown ansible_host=127.0.0.1 ansible_port=1\n`);
    const { code, rows, stderr } = fleet(directory, 'sweep', '--inventory', inventory, '--command', `{{ lookup('pipe', 'touch ${touched}') }}`, '--program', programOf(directory));
    expect(stderr).toContain('fleet run');
    expect(Object.fromEntries(rows.map(({ host, state }) => [host, state]))).toEqual({ one: 'ok', two: 'ok', down: 'unreachable' });
    expect(rows.find(({ host }) => host === 'down')?.reason).toContain('127.0.0.1');
    expect(code).toBe(3);
    expect(existsSync(touched)).toBe(false);
    const [run = ''] = readdirSync(join(directory, 'state/fleet'));
    expect(readdirSync(join(directory, 'state/fleet', run)).sort()).toEqual(['host-down.json', 'host-one.json', 'host-two.json', 'request.json']);
    expect(JSON.parse(readFileSync(join(directory, 'state/fleet', run, 'request.json'), 'utf8'))).toMatchObject({ run, by: whoDecides(process.getuid?.() ?? 0), task: { do: 'sweep' } });
    expect(fleet(directory, 'status').rows).toMatchObject([{ run, task: { do: 'sweep' } }]);
    expect(fleet(directory, 'status', run)).toMatchObject({ code: 3, rows: [{ run, hosts: [{ host: 'down', state: 'unreachable' }, { host: 'one', state: 'ok' }, { host: 'two', state: 'ok' }] }] });
  });

  test('a host that does not have the file has nothing to do; one that has it is not taken for it', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\n');
    const ask = (command: string, file: string, ...more: string[]): unknown => fleet(directory, command, '--inventory', inventory, '--program', programOf(directory), '--file', file, ...more);
    const absent = { host: 'one', reason: 'there is no such file on this host' };
    const file = join(directory, 'x.timer');
    expect(ask('respond', file, '--only', 'remove', '--yes')).toMatchObject({ code: 0, rows: [{ ...absent, state: 'unchanged' }] });
    expect(ask('investigate', file)).toMatchObject({ code: 0, rows: [{ ...absent, state: 'ok' }] });
    writeFileSync(file, '[Timer]\n');
    expect(ask('respond', file, '--only', 'remove', '--playbook', 'none', '--dry-run')).toMatchObject({ code: 3, rows: [{ host: 'one', state: 'failed', reason: expect.stringContaining('no playbook none') as string }] });
    // Of a package: a dry run fails there as the removal would, for the reason that the step gives.
    expect(ask('respond', '/usr/bin/env', '--only', 'remove', '--dry-run')).toMatchObject({ code: 3, rows: [{ host: 'one', state: 'failed', reason: expect.stringMatching(/^remove: cannot be done: /) as string, data: { dry_run: true } }] });
  });

  test.each(['--hash=73cb', '--unit=evil', '--path=x.timer', '--address=10.0.0.0/8', '--address=999.1.1.1', '--key=junk', '--command=x'])('nothing is looked for that cannot be found: %s', (given) => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\n');
    expect(fleet(directory, 'sweep', '--inventory', inventory, given, '--unit', 'x.timer')).toMatchObject({ code: 2, rows: [{ error: { code: 'USAGE', message: expect.stringContaining('is not looked for') as string } }] });
    const task = join(directory, 'task.json');
    const [, kind = '', value = ''] = /^--(\w+)=(.*)$/.exec(given) ?? [];
    writeFileSync(task, JSON.stringify({ do: 'sweep', indicators: { units: ['x.timer'], [kind === 'hash' || kind === 'address' ? `${kind}es` : `${kind}s`]: [value] } }));
    expect(fleet(directory, 'task', task)).toMatchObject({ code: 1, rows: [{ state: 'failed', reason: 'error', msg: expect.stringContaining('is not looked for') as string }] });
  });

  test('the playbook for people who write their own looks, and leaves a host alone that has nothing', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\ntwo ansible_connection=local\n');
    const deploy = join(import.meta.dirname, '../../extension/deploy/ansible');
    const { status, stdout } = spawnSync('ansible-playbook', ['--inventory', inventory, join(deploy, 'example.yaml'), '--extra-vars', `timer=${directory}/x.timer`], { encoding: 'utf8', env: { ...environmentOf(directory), TICKWARD: programOf(directory), LC_ALL: 'C.UTF-8', ANSIBLE_LIBRARY: join(deploy, 'library'), ANSIBLE_ACTION_PLUGINS: join(deploy, 'action_plugins') } });
    expect({ status, counts: stdout.match(/^\w+ +: ok=.*$/gm)?.map((line) => line.replaceAll(/ +/g, ' ').trim()) }).toEqual({ status: 0, counts: ['one', 'two'].map((host) => `${host} : ok=1 changed=0 unreachable=0 failed=0 skipped=1 rescued=0 ignored=0`) });
  });

  test('a host that cannot do it says why, escaped', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\n');
    const program = join(directory, 'tickward');
    writeFileSync(program, `#!/bin/sh\nprintf '%s\\n' '{"changed": false, "failed": true, "reason": "error", "state": "failed", "msg": "no space left \\u001b[2J"}'\n`, { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync('/bin/sh', [PROGRAM, 'fleet', 'release', '--inventory', inventory, '--yes', '--program', program], { encoding: 'utf8', env: environmentOf(directory) });
    expect(stdout).toContain('no space left \\e[2J');
    expect(stderr).toContain('failed       one: no space left \\e[2J');
    expect({ status, escapes: `${stdout}${stderr}`.includes('\u001b') }).toEqual({ status: 3, escapes: false });
  });

  test('where a wave fails the later ones are left alone, and said to be', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'down ansible_host=127.0.0.1 ansible_port=1\none ansible_connection=local\n');
    const { code, rows } = fleet(directory, 'sweep', '--inventory', inventory, '--unit', 'x.timer', '--serial', '1', '--max-fail-percent', '10', '--program', programOf(directory));
    expect(rows.map(({ host, state }) => [host, state])).toEqual([['down', 'unreachable'], ['one', 'skipped']]);
    expect(code).toBe(3);
    // Without waves it would stop nothing.
    expect(fleet(directory, 'sweep', '--inventory', inventory, '--unit', 'x.timer', '--max-fail-percent', '10')).toMatchObject({ code: 2, rows: [{ error: { message: expect.stringContaining('between waves') as string } }] });
  });

  test('each host is told when it answers, not when all have been started', { timeout: 120_000 }, async () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    const gate = join(directory, 'gate');
    const hosts = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
    writeFileSync(inventory, hosts.map((host) => `${host} ansible_connection=local\n`).join(''));
    // One at a time. The last but one ends when one was told, so that the last can begin.
    const program = join(directory, 'tickward');
    writeFileSync(program, `#!/bin/sh\necho begun >> ${gate}.begun\n[ $(wc -l < ${gate}.begun) -ne ${hosts.length - 1} ] || until [ -e ${gate} ]; do sleep 0.1; done\necho '{"changed": false, "msg": "", "state": "ok", "data": {}}'\n`, { mode: 0o755 });
    const child = spawn('/bin/sh', [PROGRAM, 'fleet', 'status', '--inventory', inventory, '--forks', '1', '--deadline', '20', '--program', program, '--json'], { env: environmentOf(directory), stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text;
      writeFileSync(gate, '');
    });
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(0);
    expect(jsonLines<{ host: string }>(told).map(({ host }) => host)).toEqual(hosts);
  });

  test.each([
    ['with more than is taken', `printf '{"changed": false, "msg": "", "state": "ok", "data": "'; head -c 20000000 /dev/zero | tr '\\0' x; echo '"}'`, 'it answered more than is taken (16 MiB)'],
    ['with no number', `echo '{"changed": false, "msg": "", "state": "ok", "data": NaN}'`, 'it answered with something that is no JSON'],
  ])('a host that answers %s is named for it', { timeout: 120_000 }, (_how, command, reason) => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\n');
    const program = join(directory, 'tickward');
    writeFileSync(program, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
    expect(fleet(directory, 'status', '--inventory', inventory, '--program', program)).toMatchObject({ code: 3, rows: [{ host: 'one', state: 'failed', reason: expect.stringContaining(reason) as string }] });
  });

  test('a host that answers without end is named for it, and takes no memory without end', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    const ssh = join(directory, 'ssh');
    writeFileSync(ssh, '#!/bin/sh\nexec yes 0123456789012345678901234567890123456789\n', { mode: 0o755 });
    writeFileSync(inventory, `one ansible_host=127.0.0.1 ansible_ssh_executable=${ssh}\n`);
    expect(fleet(directory, 'status', '--inventory', inventory, '--deadline', '90')).toMatchObject({ code: 3, rows: [{ host: 'one', state: 'failed', reason: expect.stringContaining('it answered more than is taken (16 MiB)') as string }] });
  });

  test.each([
    ['somebody interrupts it', (controller: number) => controller, 130, 'interrupted before it answered'],
    ['Ansible is killed', () => Number(spawnSync('pgrep', ['--oldest', '--full', 'ansible-playbook .*gone.ini'], { encoding: 'utf8' }).stdout), 3, 'Ansible ended before it answered: by a signal'],
  ] as const)('where %s it ends, and says so of hosts that had not answered', { timeout: 120_000 }, async (_what, victim, code, reason) => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'gone.ini');
    writeFileSync(inventory, 'one ansible_connection=local\n');
    const begun = join(directory, 'begun');
    const program = join(directory, 'tickward');
    writeFileSync(program, `#!/bin/sh\ntouch ${begun}\nwhile [ -e ${begun} ]; do sleep 0.1; done\n`, { mode: 0o755 });
    const child = spawn('/bin/sh', [PROGRAM, 'fleet', 'status', '--inventory', inventory, '--program', program, '--json'], { env: environmentOf(directory), stdio: ['ignore', 'pipe', 'inherit'] });
    let told = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    const ended = new Promise((resolve) => child.on('close', resolve));
    await until(() => existsSync(begun), () => 'the call of the host', 60_000);
    process.kill(victim(child.pid ?? 0), code === 3 ? 'SIGKILL' : 'SIGINT');
    // What Ansible started outlives a SIGKILL, and keeps its output open: nobody is left to take its answer.
    if (code === 3) rmSync(begun);
    expect(await ended).toBe(code);
    expect(JSON.parse(told)).toEqual({ host: 'one', state: 'skipped', reason });
  });

  test('a reader that goes away ends it as Ctrl-C does, and what hosts said is kept', { timeout: 120_000 }, async () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\ntwo ansible_connection=local\n');
    const program = join(directory, 'tickward');
    writeFileSync(program, `#!/bin/sh\nmkdir ${directory}/first || exec sleep 100\nexec '${PROGRAM}' "$@"\n`, { mode: 0o755 });
    const child = spawn('/bin/sh', [PROGRAM, 'fleet', 'status', '--inventory', inventory, '--forks', '1', '--program', program, '--json'], { env: environmentOf(directory), stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.destroy();
    expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
    const [run = ''] = readdirSync(join(directory, 'state/fleet'));
    expect(readdirSync(join(directory, 'state/fleet', run)).sort()).toEqual(['host-one.json', 'host-two.json', 'request.json']);
  });

  test('an undo asks only hosts of its run, of them those of --limit, and names those that the inventory does not have', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    const calls = join(directory, 'calls');
    writeFileSync(inventory, ['one', 'two', 'other'].map((host) => `${host} ansible_connection=local\n`).join(''));
    const program = join(directory, 'tickward');
    writeFileSync(program, `#!/bin/sh\n{ cat "$3"; echo; } >> ${calls}\necho '{"changed": true, "msg": "", "state": "changed", "data": {}}'\n`, { mode: 0o755 });
    const run = '00000000-0000-7000-8000-000000000000';
    const records = new FleetRecords(join(directory, 'state'));
    records.begin({ run, started: '2026-01-01T00:00:00Z', by: 'root', inventory, task: { do: 'release' }, dry_run: false });
    for (const host of ['one', 'two', 'gone']) records.keep(run, { host, state: 'changed', run: `run-of-${host}` });
    const undo = (...more: string[]): unknown[][] => fleet(directory, 'undo', run, '--inventory', inventory, '--program', program, '--yes', ...more).rows.map(({ host, state, reason }) => [host, state, reason]).sort();
    expect(undo('--limit', 'two,other')).toEqual([['two', 'changed', undefined]]);
    expect(jsonLines(readFileSync(calls, 'utf8'))).toMatchObject([{ run: 'run-of-two' }]);
    expect(undo()).toEqual([['gone', 'skipped', 'the inventory does not have it: what was done there stays'], ['one', 'changed', undefined], ['two', 'changed', undefined]]);
  });

  test('what cannot be written at the end is refused before any host is asked, and an inventory that cannot be read is said to be', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    const elsewhere = join(directory, 'elsewhere');
    const link = join(directory, 'report.html');
    symlinkSync(elsewhere, link);
    writeFileSync(inventory, 'one ansible_connection=local\n');
    for (const [command, ...more] of [['investigate'], ['respond', '--only', 'remove', '--dry-run']]) expect(fleet(directory, command ?? '', '--inventory', inventory, '--file', 'x.timer', ...more)).toMatchObject({ code: 2, rows: [{ error: { message: 'hosts take a whole path, not x.timer' } }] });
    for (const report of [join(directory, 'none/report.html'), link]) expect(fleet(directory, 'sweep', '--inventory', inventory, '--unit', 'x.timer', '--report', report)).toMatchObject({ code: 1, rows: [{ error: { code: expect.stringMatching(/NOT_FOUND|REFUSED/) as string } }] });
    expect(existsSync(join(directory, 'state/fleet'))).toBe(false);
    writeFileSync(inventory, '[broken\n');
    expect(fleet(directory, 'status', '--inventory', inventory)).toMatchObject({ code: 1, rows: [{ error: { message: expect.stringContaining(`Failed to parse ${inventory}`) as string } }] });
  });

  test('what thousands of hosts did is undone: their names are more than a program takes as an argument', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    writeFileSync(inventory, 'one ansible_connection=local\n');
    const run = '00000000-0000-7000-8000-000000000000';
    const records = new FleetRecords(join(directory, 'state'));
    records.begin({ run, started: '2026-01-01T00:00:00Z', by: 'root', inventory, task: { do: 'release' }, dry_run: false });
    for (const host of ['one', ...Array.from({ length: 2_000 }, (_, n) => `${'long-'.repeat(14)}${n}`)]) records.keep(run, { host, state: 'changed', run: '01a20fbd-0000-7000-8000-000000000000' });
    expect(fleet(directory, 'undo', run, '--inventory', inventory, '--program', '/nonexistent/tickward', '--yes')).toMatchObject({ code: 3, rows: expect.arrayContaining([{ host: 'one', state: 'failed', reason: expect.stringContaining('not installed') as string }]) as unknown });
  });

  test('a host whose record cannot be written is named for it, and no other is lost by it', { timeout: 120_000 }, () => {
    const directory = temporaryDirectory();
    const inventory = join(directory, 'hosts.ini');
    const long = 'ü'.repeat(90);
    writeFileSync(inventory, ['one', 'two', long].map((host) => `${host} ansible_connection=local\n`).join(''));
    const program = join(directory, 'tickward');
    // Where its record would be there is a directory.
    writeFileSync(program, `#!/bin/sh\nfor run in ${directory}/state/fleet/*; do mkdir -p $run/host-one.json; done\necho '{"changed": true, "msg": "", "state": "changed", "data": {"run": "r1"}}'\n`, { mode: 0o755 });
    const { code, rows } = fleet(directory, 'release', '--inventory', inventory, '--program', program, '--forks', '1', '--yes');
    expect(rows.toSorted((a, b) => (a.host < b.host ? -1 : 1))).toEqual([
      { host: 'one', state: 'changed', run: 'r1', data: { run: 'r1' }, unkept: true, reason: expect.stringMatching(/^its record could not be kept here: EISDIR.*; fleet undo does not know of it, tickward undo r1 there does$/) as string },
      { host: 'two', state: 'changed', run: 'r1', data: { run: 'r1' } },
      { host: long, state: 'changed', run: 'r1', data: { run: 'r1' } },
    ]);
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

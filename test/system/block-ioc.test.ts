import { beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { actingOn } from '../helpers/acting.ts';
import { boot, CHECKOUT, noBoot, prepareBase, PROGRAM } from '../helpers/booted.ts';
import { json } from '../helpers/lines.ts';
import { programOf } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';

describe.skipIf(noBoot !== undefined)(`names, on a booted host (${noBoot ?? 'systemd-nspawn'})`, { timeout: 120_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('systemd unblocks them when their time is over', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell('[ -e /etc/hosts ] || echo 127.0.0.1 localhost > /etc/hosts');
    // As in a container: nothing is done by halves.
    host.shell('cp /etc/hosts /run/hosts; mount --bind /run/hosts /etc/hosts');
    const { plan } = actingOn(host, 'block_ioc').apply({ domains: ['evil.example'], addresses: ['203.0.113.9'] });
    expect(plan).toMatchObject({ state: 'blocked', reason: expect.stringMatching(/^\/etc\/hosts cannot be exchanged: it is a mount of its own.*; addresses alone can be blocked/) });
    host.shell('umount /etc/hosts');
    expect(host.run(['nft', 'list', 'tables']).stdout).toBe('');
    const before = host.run(['cat', '/etc/hosts']).stdout;
    const ran = host.run(['sh', `${CHECKOUT}/src/node.sh`, programOf('test/helpers/act', CHECKOUT), '/var/lib/tickward', 'block_ioc', JSON.stringify({ domains: ['evil.example'], addresses: ['203.0.113.9'], seconds: 10 })]);
    expect((JSON.parse(ran.stdout) as RunResult).steps).toMatchObject([{ state: 'changed', summary: expect.stringContaining('1 address or network and 1 name blocked for 10 s') }]);
    expect(host.run(['getent', 'hosts', 'evil.example']).stdout).toMatch(/^(?:::|0\.0\.0\.0) +evil\.example$/m);
    await until(() => host.run(['cat', '/etc/hosts']).stdout === before, () => host.run(['journalctl', '--no-pager', '-n', '30']).stdout, 60_000);
    await until(() => host.run(['nft', 'list', 'tables']).stdout === '', () => 'the end of the table', 30_000);
  });

  test('their time may be over while the response still goes on: they are taken out when it has ended', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`[ -e /etc/hosts ] || echo 127.0.0.1 localhost > /etc/hosts
printf '[Timer]\\nOnActiveSec=1h\\n' > /etc/systemd/system/evil.timer
printf 'name: long\\ntitle: Long\\nsteps:\\n  - {id: block, kind: action, title: Block, action: block_ioc, params: {domains: [evil.example], seconds: 3}}\\n  - {id: wait, kind: action, title: Wait, action: notify, params: {command: [/bin/sleep, "8"], message: x, timeout: 60}}\\n' > /root/long.yaml`);
    const before = host.run(['cat', '/etc/hosts']).stdout;
    const ran = host.run([PROGRAM, 'respond', '--file', '/etc/systemd/system/evil.timer', '--playbook', '/root/long.yaml', '--yes', '--json'], { timeout: 60_000 });
    expect(json<RunResult>(ran).steps).toMatchObject([{ state: 'changed' }, { state: expect.stringMatching(/changed/) }]);
    const log = (): string => host.run(['journalctl', '--no-pager', '-n', '30', '-u', 'tickward-unblock-*']).stdout;
    expect(log()).toContain('the run is still going on');
    await until(() => host.run(['cat', '/etc/hosts']).stdout === before, log, 40_000);
    await until(() => host.run(['systemctl', 'list-units', '--all', '--plain', '--no-legend', 'tickward-unblock-*']).stdout === '', log, 20_000);
  });

  test.for(['expiry', 'hosts'])('cut off before "%s", the response goes on and leaves no name that nobody takes out', async (kind, { skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell('[ -e /etc/hosts ] || echo 127.0.0.1 localhost > /etc/hosts');
    const look = (): string => host.shell('cat /etc/hosts; nft list tables; systemctl list-units --plain --no-legend "tickward-*"').stdout;
    const before = look();
    const cut = host.run(['sh', `${CHECKOUT}/src/node.sh`, programOf('test/system/cut-off-at', CHECKOUT), '/var/lib/tickward', 'block_ioc', JSON.stringify({ domains: ['evil.example'], addresses: ['203.0.113.9'], seconds: 600 }), kind]);
    expect([cut.stdout, cut.stderr, host.run(['grep', '-c', 'evil.example', '/etc/hosts']).stdout]).toEqual(['', '', '0\n']);
    const [{ run }] = host.run([PROGRAM, 'runs', '--json']).stdout.trim().split('\n').map((line) => JSON.parse(line) as { run: string }) as [{ run: string }];
    expect(json<RunResult>(host.run([PROGRAM, 'respond', '--resume', run, '--yes', '--json'])).steps).toMatchObject([{ state: 'changed', changes: { length: 3 } }]);
    expect(look()).toMatch(/begin until \S+Z: run [\s\S]*evil\.example[\s\S]*table inet tickward_block_(\w+)\ntickward-unblock-\1\.timer +loaded active/);
    expect(json<RunResult>(host.run([PROGRAM, 'undo', run, '--json'])).steps).toMatchObject([{ state: 'changed' }]);
    expect(look()).toBe(before);
  });
});

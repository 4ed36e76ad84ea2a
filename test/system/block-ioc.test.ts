import { beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { actingOn } from '../helpers/acting.ts';
import { boot, CHECKOUT, noBoot, prepareBase } from '../helpers/booted.ts';
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
});

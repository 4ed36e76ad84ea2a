import { execFile } from 'node:child_process';
import { join as path } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { IsolationStatus } from '../../src/respond/isolation-status.ts';
import type { RunResult } from '../../src/respond/run.ts';
import { boot, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';
import { join, namespace, noNetwork, type Namespace, type Running } from '../helpers/network.ts';
import { until } from '../helpers/until.ts';

const reason = noBoot ?? noNetwork;
const ATTACKER = path(import.meta.dirname, '../fixtures/network/attacker.py');

/** Every way in which the attacker sends (see there). */
const WAYS = ['udp-existing4', 'udp-new4', 'tcp-existing4', 'tcp-new4', 'udp-existing6', 'udp-new6', 'tcp-existing6', 'tcp-new6', 'raw-ip', 'raw-own', 'bypass-ip', 'bypass-own'];

/** TCP on these ports, whoever asks; what comes is sent back. Datagrams are taken. */
const SERVER = (ports: readonly number[]): string => `
const { createServer } = require('node:net');
require('node:dgram').createSocket('udp6').bind(5555, () => {
  let up = 0;
  for (const port of [${ports.join()}]) createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(port, '::', () => { if (++up === ${ports.length}) console.log('up'); });
});`;

/** A session like ssh's: says its own port, then sends back and forth what it is given. */
const SESSION = `
const socket = require('node:net').connect({ host: '10.99.7.1', port: 2222 }, () => console.log('port ' + socket.localPort));
socket.on('data', (data) => process.stdout.write(data));
socket.on('error', (error) => console.log(error.code));
process.stdin.on('data', (data) => socket.write(data));`;

/** Counts at the peer, before anything else sees it, what comes from the isolated host: what may come, and the rest. */
const COUNTER = (device: string): string => `table netdev counted {
  chain in {
    type filter hook ingress device "${device}" priority 0; policy accept;
    ether type arp accept
    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-report, mld2-listener-report } accept
    tcp sport 2222 accept
    counter comment "rest"
  }
}`;

interface Scene {
  host: Booted;
  inside: Namespace;
  peer: Namespace;
  /** The host's interface to the peer. */
  device: string;
  /** Packets that came to the peer and should not while the host is isolated. */
  arrived(): number;
  session: Running;
  /** The environment of the ssh session. */
  ssh: string;
  tickward(...args: string[]): Ran;
  /** The same beside others. */
  meanwhile(...args: string[]): Promise<Ran>;
}

interface Ran {
  status: number | null;
  json: unknown;
  stderr: string;
}

async function scene(): Promise<Scene> {
  const host = await boot();
  const inside = namespace(host.network);
  const peer = namespace();
  const [device, far] = join(inside, peer, [['10.99.7.1/24', 'fd97::1/64'], ['10.99.7.2/24', 'fd97::2/64']]);
  for (const [where, ports] of [[inside, [2222]], [peer, [5555]]] as const) {
    const server = where.start([process.execPath, '-e', SERVER(ports)]);
    await until(() => server.said().includes('up'));
  }
  peer.run(['nft', '-f', '-'], { input: COUNTER(far) });
  const session = peer.start([process.execPath, '-e', SESSION]);
  await until(() => /port \d+\n/.test(session.said()));
  const ssh = `SSH_CONNECTION=10.99.7.2 ${/port (\d+)/.exec(session.said())?.[1]} 10.99.7.1 2222`;
  return {
    host,
    inside,
    peer,
    device,
    session,
    ssh,
    arrived() {
      const listing = JSON.parse(peer.run(['nft', '--json', 'list', 'table', 'netdev', 'counted'])) as { nftables: { rule?: { expr: { counter?: { packets: number } }[] } }[] };
      return listing.nftables.flatMap(({ rule }) => rule?.expr ?? []).reduce((sum, { counter }) => sum + (counter?.packets ?? 0), 0);
    },
    tickward(...args) {
      const { status, stdout, stderr } = host.run(['env', ssh, PROGRAM, ...args, '--json']);
      return { status, json: stdout === '' ? undefined : JSON.parse(stdout), stderr };
    },
    meanwhile: (...args) =>
      new Promise((resolve) => {
        const child = execFile('env', [...host.enter, ssh, PROGRAM, ...args, '--json'], { timeout: 30_000 }, (_error, stdout, stderr) => resolve({ status: child.exitCode, json: stdout === '' ? undefined : JSON.parse(stdout), stderr }));
      }),
  };
}

async function talks(session: Running, text: string): Promise<void> {
  session.child.stdin.write(text);
  await until(() => session.said().includes(text), () => `the echo of ${text}`);
}

function pings({ inside }: Scene, address: string): boolean {
  return inside.succeeds(['ping', '-c', '1', '-W', '1', address]);
}

// Booting and every command of a busy machine take their time.
describe.skipIf(reason !== undefined)(`a booted host on a network of its own (${reason ?? 'available'})`, { timeout: 120_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('isolated, not a packet of any kind reaches a peer, the session of the responder lives, and the release is exact', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const it = await scene();
    // Rules of others that have to stay, and a container behind the host.
    it.inside.run(['nft', '-f', '-'], { input: 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname "x" masquerade; }; }\ntable ip other { chain c { type filter hook input priority 0; tcp dport 9 drop; }; }\n' });
    const container = namespace();
    join(it.inside, container, [['10.99.8.1/24'], ['10.99.8.2/24']]);
    container.run(['ip', 'route', 'add', 'default', 'via', '10.99.8.1']);
    it.peer.run(['ip', 'route', 'add', '10.99.8.0/24', 'via', '10.99.7.1']);
    it.inside.run(['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    const ruleset = (): string => it.inside.run(['nft', '-s', 'list', 'ruleset']);
    const before = ruleset();
    const attacker = it.inside.start(['/usr/bin/python3', ATTACKER, it.device]);
    await until(() => WAYS.every((way) => attacker.said().includes(`${way}\n`)), () => `all ways: ${attacker.said()}`);
    const kept = (): string[] => it.inside.run(['ss', '-Htn', 'state', 'connected', 'dport', '=', ':5555']).split('\n').flatMap((line) => line.trim().split(/\s+/)[3] ?? []);
    const had = new Set(attacker.said().split('\n').flatMap((line) => /^connected (.+)$/.exec(line)?.[1] ?? []));
    expect(had.size).toBe(2);
    expect(kept().filter((address) => had.has(address))).toHaveLength(2);
    const everyPing = (): boolean[] => [pings(it, '10.99.7.2'), pings(it, 'fd97::2'), container.succeeds(['ping', '-c', '1', '-W', '1', '10.99.7.2'])];
    await until(() => everyPing().every(Boolean), () => 'the network', 30_000);
    expect(it.arrived()).toBeGreaterThan(WAYS.length);
    await talks(it.session, 'before');

    const planned = it.tickward('isolate', '--dry-run').json as RunResult;
    expect(ruleset()).toBe(before);
    const run = it.tickward('isolate', '--yes').json as RunResult;
    expect(run.steps).toMatchObject([{ id: 'isolate', state: 'changed', notes: expect.arrayContaining([expect.stringMatching(/connections? (?:was|were) ended/)]) }]);
    expect(run.steps[0]?.changes).toEqual(planned.steps[0]?.changes);
    const then = it.arrived();
    const status = it.tickward('isolate', '--status').json as IsolationStatus;
    expect(status).toMatchObject({ isolated: true, run: run.run, lost: null, peers: ['10.99.7.2 (to port 2222 here)'], gaps: [] });
    await until(() => ((it.tickward('isolate', '--status').json as IsolationStatus).dropped ?? 0) > (status.dropped ?? 0) + 500);
    expect(everyPing()).toEqual([false, false, false]);
    await talks(it.session, 'while');
    expect(it.arrived()).toBe(then);

    expect(it.tickward('release', '--yes').json).toMatchObject({ steps: [{ state: 'changed' }] });
    expect(ruleset()).toBe(before);
    await talks(it.session, 'after');
    await until(() => pings(it, '10.99.7.2') && pings(it, 'fd97::2'), () => 'the network', 30_000);
    // The connections that the attacker had do not go on.
    expect(kept().filter((address) => had.has(address))).toEqual([]);
    expect(it.tickward('isolate', '--status')).toMatchObject({ status: 0, json: { isolated: false, lost: null } });
  });

  test('where nobody could come back it is refused', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const it = await scene();
    const refused = (...args: string[]): string => {
      const { stdout } = it.host.run([PROGRAM, 'isolate', ...args, '--yes', '--json']);
      const result = JSON.parse(stdout) as RunResult;
      expect(result.steps[0]?.state).toBe('failed');
      return result.steps[0]?.summary ?? '';
    };
    expect(refused()).toContain('no management peer is named');
    expect(refused('--allow', '10.99.7.2:2223')).toMatch(/nothing listens for 10\.99\.7\.2.*port 2223/);
    expect(refused('--allow', '203.0.113.5:2222')).toContain('no route');
    for (const [peer, message] of [['0.0.0.0/0', 'lets everybody through'], ['10.99.7.2\nflush ruleset', 'is no management peer']] as const) {
      expect(it.tickward('isolate', '--allow', peer, '--yes')).toMatchObject({ status: 2, json: { error: { code: 'USAGE', message: expect.stringContaining(message) } } });
    }
    expect(it.inside.run(['nft', 'list', 'tables'])).toBe('');
  });

  test('the kernel ends it unless it is confirmed; the undo of the confirmation lets it end again', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const it = await scene();
    const status = (): IsolationStatus => it.tickward('isolate', '--status').json as IsolationStatus;
    it.tickward('isolate', '--for', '5s', '--yes');
    await until(() => !status().isolated, () => 'the end of its time', 30_000);
    expect(status()).toMatchObject({ isolated: false, lost: null });
    await until(() => pings(it, '10.99.7.2'), () => 'the network', 30_000);
    expect(it.tickward('isolate', '--confirm', '--yes')).toMatchObject({ status: 1, json: { steps: [{ state: 'failed', summary: expect.stringContaining('not isolated any more') }] } });

    const isolated = it.tickward('isolate', '--yes').json as RunResult;
    expect(status().expires).toBeGreaterThan(250);
    const confirmed = it.tickward('isolate', '--confirm', '--yes').json as RunResult;
    expect(confirmed.steps).toMatchObject([{ state: 'changed', summary: 'isolated until it is released' }]);
    expect(status()).toMatchObject({ isolated: true, expires: null });
    expect(it.tickward('isolate', '--confirm', '--yes').json).toMatchObject({ steps: [{ state: 'unchanged' }] });
    it.tickward('undo', confirmed.run ?? '');
    expect(status().expires).toBeLessThanOrEqual(300);
    const released = it.tickward('release', '--yes').json as RunResult;
    expect(status()).toMatchObject({ isolated: false, lost: null });
    it.tickward('undo', released.run ?? '');
    expect(status()).toMatchObject({ isolated: true, run: isolated.run });
    it.tickward('undo', isolated.run ?? '');
    expect(it.inside.run(['nft', 'list', 'tables'])).toBe('');
  });

  test('that somebody flushed or weakened it is seen', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const it = await scene();
    const run = it.tickward('isolate', '--yes').json as RunResult;
    it.inside.run(['nft', 'insert', 'rule', 'inet', 'tickward', 'isolate_output', 'accept']);
    expect(it.tickward('isolate', '--status')).toMatchObject({ status: 3, json: { isolated: false, missing: [expect.stringContaining('lets other things through')] } });
    it.inside.run(['nft', 'flush', 'chain', 'inet', 'tickward', 'isolate_forward']);
    it.inside.run(['nft', 'delete', 'table', 'netdev', 'tickward']);
    expect(it.tickward('isolate', '--status').json).toMatchObject({ isolated: false, missing: [expect.stringContaining('isolate_output lets other'), 'chain isolate_forward drops nothing', expect.stringContaining('raw packets are not cut any more')] });
    it.inside.run(['nft', 'flush', 'ruleset']);
    expect(it.tickward('isolate', '--status')).toMatchObject({ status: 3, json: { isolated: false, lost: expect.stringMatching(new RegExp(`run ${run.run}.*took its rules out`)) } });
    expect(it.tickward('isolate', '--yes').json).toMatchObject({ steps: [{ state: 'changed' }] });
    it.tickward('release', '--yes');
    const { run: flushed } = it.tickward('isolate', '--for', '0', '--yes').json as RunResult;
    it.inside.run(['nft', 'flush', 'ruleset']);
    // Nothing but that would ever end it where the isolation had no end.
    expect(it.tickward('isolate', '--status')).toMatchObject({ status: 3, json: { lost: expect.stringContaining(`where it shall not be isolated any more, tickward undo ${flushed} ends the reminder`) } });
    it.tickward('undo', flushed ?? '');
    expect(it.tickward('isolate', '--status')).toMatchObject({ status: 0, json: { isolated: false, lost: null } });
  });

  test('where nft gives no answer, nobody is told that the host is not isolated', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const it = await scene();
    expect(it.tickward('isolate', '--yes').json).toMatchObject({ steps: [{ state: 'changed' }] });
    // iptables, which is asked next, knows nothing of it.
    it.host.shell("printf '#!/bin/sh\\nexec sleep 100\\n' > /run/silent; chmod 755 /run/silent; mount --bind /run/silent /usr/sbin/nft");
    const [status, release] = await Promise.all([it.meanwhile('isolate', '--status'), it.meanwhile('release', '--yes')]);
    expect(status).toMatchObject({ status: 1, json: { error: { code: 'TIMEOUT', message: expect.stringContaining('nft gave no answer') } } });
    expect(release).toMatchObject({ status: 1, json: { steps: [{ state: 'failed', summary: expect.stringContaining('nft gave no answer') }] } });
    it.host.shell('umount /usr/sbin/nft');
    expect(it.tickward('release', '--yes').json).toMatchObject({ steps: [{ state: 'changed' }] });
  });

  test.for(['iptables-nft', 'iptables-legacy'])('without nft it is done by %s', async (variant, { skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const it = await scene();
    it.host.shell(`rm /usr/sbin/nft; ln -sf /usr/sbin/${variant} /etc/alternatives/iptables; ln -sf /usr/sbin/${variant}-restore /etc/alternatives/iptables-restore
for each in '' -restore; do ln -sf /usr/sbin/${variant.replace('ip', 'ip6')}$each /etc/alternatives/ip6tables$each; done
iptables -A INPUT -p tcp --dport 9 -j DROP; ip6tables -A FORWARD -j DROP`);
    const rules = (): string => it.host.shell('iptables -S; ip6tables -S').stdout;
    const before = rules();
    const run = it.tickward('isolate', '--yes', '--for', '1h');
    expect((run.json as RunResult).steps).toMatchObject([{ state: 'changed' }]);
    expect(it.tickward('isolate', '--status').json).toMatchObject({ isolated: true, filter: 'iptables', peers: ['10.99.7.2 (to port 2222 here)'] });
    expect([pings(it, '10.99.7.2'), pings(it, 'fd97::2')]).toEqual([false, false]);
    await talks(it.session, 'while');
    it.tickward('isolate', '--confirm', '--yes');
    expect(it.tickward('isolate', '--status').json).toMatchObject({ isolated: true, expires: null });
    expect(it.tickward('release', '--yes').json).toMatchObject({ steps: [{ state: 'changed' }] });
    expect(rules()).toBe(before);
    await until(() => pings(it, '10.99.7.2') && pings(it, 'fd97::2'), () => 'the network', 30_000);
    it.tickward('isolate', '--yes', '--for', '5s');
    await until(() => pings(it, '10.99.7.2'), () => 'the end of its time', 30_000);
    expect(it.tickward('isolate', '--status')).toMatchObject({ status: 0, json: { isolated: false, missing: [expect.stringContaining('the time ran out')] } });
  });
});

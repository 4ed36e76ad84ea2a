/** The extension against a manager over real sockets. */
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Row, Table } from '../../src/model/table.ts';
import { createManagerClient } from '../../src/osquery/client.ts';
import { encodeCall } from '../../src/osquery/message.ts';
import { tablePlugin } from '../../src/osquery/table-plugin.ts';
import { startExtension, type Extension, type ExtensionOptions } from '../../src/osquery/server.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextOf, exchange, playManager, socketsAt, type PlayedManager, type PlayOptions } from '../helpers/manager.ts';
import { until } from '../helpers/until.ts';

const running: Extension[] = [];
const managers: PlayedManager[] = [];

afterEach(async () => {
  for (const extension of running.splice(0)) await extension.stop('the test is over');
  for (const manager of managers.splice(0)) await manager.close();
});

function tableOf(generate: Table['generate']): Table {
  return { name: 'fruit', description: 'for the test', columns: [{ name: 'name', type: 'TEXT', optimized: true }, { name: 'weight', type: 'BIGINT' }], generate };
}

const FRUIT: Row[] = [{ name: 'apple', weight: 120 }, { name: 'pear', weight: null }];

async function start({ tables = [tableOf(() => FRUIT)], ...options }: Partial<ExtensionOptions> & { play?: PlayOptions; tables?: Table[] } = {}): Promise<{ manager: PlayedManager; extension: Extension; uuid: string; notices: string[] }> {
  const manager = await playManager(temporaryDirectory(), options.play);
  managers.push(manager);
  const notices: string[] = [];
  const extension = await startExtension({ name: 'tickward', version: '1', socket: manager.socket, timeoutSeconds: 3, intervalSeconds: 0.1, plugins: tables.map(tablePlugin), onNotice: ({ message }) => notices.push(message), ...options });
  running.push(extension);
  return { manager, extension, uuid: String(extension.uuid), notices };
}

test('registers its tables, and answers rows as strings', async () => {
  const { manager, uuid } = await start();
  expect(manager.extensions[uuid]).toMatchObject({ name: 'tickward', version: '1' });
  expect(manager.registries[uuid]?.['table']?.['fruit']).toContainEqual({ id: 'column', name: 'name', type: 'TEXT', op: '8' });
  expect(await manager.ping(uuid)).toBe(0);
  expect(await manager.ask(uuid, 'fruit', contextOf())).toEqual({ status: { code: 0, message: 'OK', uuid: expect.anything() }, response: [{ name: 'apple', weight: '120' }, { name: 'pear' }] });
});

test('gives constraints of one call to the table, a list of values for IN', async () => {
  const seen: string[][] = [];
  const { manager, uuid } = await start({
    tables: [
      tableOf((context) => {
        seen.push(context.constraints('name').map(({ value }) => value));
        return [];
      }),
    ],
  });
  await manager.ask(uuid, 'fruit', contextOf(['name', 2, 'apple'], ['name', 2, 'pear'], ['weight', 73, '1']));
  expect(seen).toEqual([['apple', 'pear']]);
});

test.each<[string, string, Record<string, string>, RegExp]>([
  ['an unknown action', 'fruit', { action: 'destroy' }, /destroy/],
  ['an unknown table', 'vegetable', contextOf(), /no table vegetable/],
  ['a context that is no JSON', 'fruit', { action: 'generate', context: '{"constraints":' }, /context/],
])('%s is a status with a reason', async (_, table, request, message) => {
  const { manager, uuid } = await start();
  const { status, response } = await manager.ask(uuid, table, request);
  expect(status.code).toBe(1);
  expect(status.message).toMatch(message);
  expect(response).toEqual([]);
  expect(await manager.ping(uuid)).toBe(0);
});

test('a table that throws or takes too long is a status, and the next call is answered', async () => {
  const basket = { mood: 'throws' };
  const { manager, uuid } = await start({
    answerTimeoutMs: 50,
    tables: [
      tableOf(function* (context) {
        if (basket.mood === 'throws') throw new Error('the basket fell');
        while (basket.mood === 'slow') context.checkpoint();
        yield* FRUIT;
      }),
    ],
  });
  expect((await manager.ask(uuid, 'fruit', contextOf())).status).toMatchObject({ code: 1, message: 'the basket fell' });
  basket.mood = 'slow';
  expect((await manager.ask(uuid, 'fruit', contextOf())).status).toMatchObject({ code: 1, message: expect.stringMatching(/0\.05 s/) });
  basket.mood = 'well';
  expect((await manager.ask(uuid, 'fruit', contextOf())).response).toHaveLength(2);
});

test('a hundred thousand rows arrive whole', async () => {
  const rows = Array.from({ length: 100_000 }, (_, index) => ({ name: `n${index}`, weight: index }));
  const { manager, uuid } = await start({ tables: [tableOf(() => rows)] });
  const { response } = await manager.ask(uuid, 'fruit', contextOf());
  expect(response).toHaveLength(100_000);
  expect(response.at(-1)).toEqual({ name: 'n99999', weight: '99999' });
});

test('fifty connections at once are all answered', async () => {
  const { manager, uuid } = await start();
  const answers = await Promise.all(Array.from({ length: 50 }, () => manager.ask(uuid, 'fruit', contextOf())));
  expect(answers.map(({ response }) => response.length)).toEqual(Array.from({ length: 50 }, () => 2));
});

test('garbage, a message cut off and a length beyond reason end their own connection only', async () => {
  const { manager, uuid, notices } = await start();
  const path = `${manager.socket}.${uuid}`;
  const begin = Buffer.from('80010001000000046369616c00000000', 'hex');
  await exchange(path, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  await exchange(path, begin.subarray(0, 9));
  await exchange(path, Buffer.concat([begin.subarray(0, 4), Buffer.from('7fffffff', 'hex'), Buffer.from('ping')]));
  expect(await manager.ping(uuid)).toBe(0);
  expect(notices.join('\n')).toMatch(/dropped/);
});

test('ends when osquery says so, also while someone keeps a connection open', async () => {
  const { manager, extension, uuid } = await start();
  const idle = connect(`${manager.socket}.${uuid}`);
  const closed = new Promise((resolve) => idle.once('close', resolve));
  await new Promise((resolve) => idle.once('connect', resolve));
  await manager.shutdown(uuid);
  expect(await extension.closed).toMatch(/asked/);
  await closed;
  expect(existsSync(`${manager.socket}.${uuid}`)).toBe(false);
});

test('ends also while someone does not take an answer', async () => {
  const { extension, uuid, manager } = await start({ tables: [tableOf(() => [{ name: 'x'.repeat(900_000) }])] });
  const path = `${manager.socket}.${uuid}`;
  const socket = connect(path, () => socket.write(encodeCall('call', ['table', 'fruit', contextOf()])));
  await once(socket, 'readable');
  await extension.stop('the test');
  await until(() => socketsAt(path) === 0, () => 'the end of the connection');
  let taken = 0;
  socket.on('error', () => undefined);
  socket.on('data', (data: Buffer) => (taken += data.length));
  await once(socket, 'close');
  // No more than the kernel held.
  expect(taken).toBeGreaterThan(0);
  expect(taken).toBeLessThan(900_000);
});

test('ends when osquery no longer lists it', async () => {
  let looks = 0;
  const { manager, extension, uuid } = await start({ play: { beforeListing: () => void (looks += 1) } });
  await until(() => looks >= 2, () => 'two looks at the list');
  expect(await manager.ping(uuid), 'it stays while it is listed').toBe(0);
  delete manager.extensions[uuid];
  expect(await extension.closed).toMatch(/does not list/);
});

test('ends when osquery is gone', async () => {
  const { manager, extension } = await start();
  managers.splice(0);
  await manager.close();
  expect(await extension.closed).toMatch(/gone/);
});

test('tries again while osquery still holds the table from before', async () => {
  const { uuid } = await start({ play: { refusals: ['SQLITE_ERROR', 'SQLITE_ERROR'] } });
  expect(uuid).toBe('101');
});

test('says what osquery refuses for good, and when there is none', async () => {
  await expect(start({ timeoutSeconds: 0.1, play: { refusals: Array.from({ length: 20 }, () => 'Duplicate extension') } })).rejects.toThrow(/Duplicate extension/);
  await expect(start({ timeoutSeconds: 0.1, socket: join(temporaryDirectory(), 'none') })).rejects.toThrow(/no such socket/);
});

test('refuses a path that leaves no room for its number', async () => {
  await expect(start({ socket: `/tmp/${'x'.repeat(100)}` })).rejects.toThrow(/107/);
});

test('refuses two plugins of one name before osquery is told of any', async () => {
  const other = { ...tableOf(() => []), name: 'FRUIT', columns: [{ name: 'other', type: 'TEXT' as const, description: '' }] };
  await expect(start({ tables: [tableOf(() => FRUIT), other] })).rejects.toThrow(/two plugins table fruit/);
  expect(managers.at(-1)?.registries).toEqual({});
});

test('an interval of months is not taken for none', async () => {
  let looks = 0;
  await start({ intervalSeconds: 9_999_999, play: { beforeListing: () => void (looks += 1) } });
  let others = 0;
  await start({ play: { beforeListing: () => void (others += 1) } });
  await until(() => others >= 2, () => 'two looks of one that looks often');
  expect(looks).toBe(0);
});

test('a socket file that a killed extension left is replaced', async () => {
  const manager = await playManager(temporaryDirectory());
  managers.push(manager);
  writeFileSync(`${manager.socket}.101`, '');
  running.push(await startExtension({ name: 'tickward', version: '1', socket: manager.socket, timeoutSeconds: 1, intervalSeconds: 1, plugins: [tablePlugin(tableOf(() => FRUIT))], onNotice: () => undefined }));
  expect(await manager.ping('101')).toBe(0);
});

test('a client gets a clear error from a peer that is no osquery, or that hangs up', async () => {
  const { createServer } = await import('node:net');
  const path = join(temporaryDirectory(), 's');
  let answer: Buffer | undefined;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => (answer === undefined ? socket.destroy() : socket.write(answer)));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = createManagerClient(path, 500);
  await expect(client.ping()).rejects.toThrow(/closed the connection/);
  answer = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
  await expect(client.ping()).rejects.toThrow(/refused|no Thrift/);
  answer = Buffer.from('80010002', 'hex');
  await expect(client.ping()).rejects.toThrow(/no answer to ping within 0.5 s/);
  await new Promise((resolve) => server.close(resolve));
});

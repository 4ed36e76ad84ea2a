/** An extension whose peers are slow, broken or hostile. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Row, Table } from '../../src/model/table.ts';
import { Type, Writer } from '../../src/osquery/binary.ts';
import { encodeCall } from '../../src/osquery/message.ts';
import { startExtension, tablePlugin, type Extension, type ExtensionOptions } from '../../src/osquery/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextOf, exchange, playManager, socketsAt, type PlayedManager, type PlayOptions } from '../helpers/manager.ts';
import { until } from '../helpers/until.ts';

const running: Extension[] = [];
const managers: PlayedManager[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const extension of running.splice(0)) await extension.stop('the test is over');
  for (const manager of managers.splice(0)) await manager.close();
});

const columns: Table['columns'] = [{ name: 'n', type: 'BIGINT' }, { name: 'text', type: 'TEXT' }];

function tableOf(generate: Table['generate']): Table {
  return { name: 'numbers', description: 'for the test', columns, generate };
}

const TEXT = 'é☃'.repeat(100);

function* numbers(count: number): Generator<Row> {
  for (let n = 0; n < count; n += 1) yield { n, text: TEXT };
}

async function start(table: Table, { play = {}, ...options }: Partial<ExtensionOptions> & { play?: PlayOptions } = {}): Promise<{ manager: PlayedManager; extension: Extension; uuid: string; notices: string[] }> {
  const manager = await playManager(temporaryDirectory(), play);
  managers.push(manager);
  const notices: string[] = [];
  const extension = await startExtension({ name: 'tickward', version: '1', socket: manager.socket, timeoutSeconds: 3, intervalSeconds: 0.05, plugins: [tablePlugin(table)], onNotice: ({ message }) => notices.push(message), ...options });
  running.push(extension);
  return { manager, extension, uuid: String(extension.uuid), notices };
}

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  sockets.push(socket);
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket;
}

const begun = (length: number): Buffer => {
  const to = new Writer();
  to.byte(Type.STRING);
  to.i16(1);
  to.i32(length);
  return Buffer.concat([encodeCall('ping', []).subarray(0, -1), to.bytes()]);
};

describe('connections', () => {
  test('a message of 100 MB is refused when it says so; the others are answered', async () => {
    const { manager, uuid, notices } = await start(tableOf(() => numbers(1)));
    const socket = await connected(`${manager.socket}.${uuid}`);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(begun(100_000_000));
    await closed;
    expect(notices.join()).toContain('more than 16777216 bytes');
    expect((await manager.ask(uuid, 'numbers', contextOf())).response).toHaveLength(1);
  });

  test('fifty that each keep 4 MB of an unfinished message do not keep 200 MB, and the others are answered', async () => {
    const { manager, uuid, notices } = await start(tableOf(() => numbers(1)));
    const path = `${manager.socket}.${uuid}`;
    const kept = await Promise.all(Array.from({ length: 50 }, () => connected(path)));
    for (const socket of kept) socket.write(Buffer.concat([begun(8_000_000), Buffer.alloc(4_000_000)]));
    await until(() => kept.filter((socket) => socket.destroyed).length >= 50 - 8, () => `${kept.filter((socket) => socket.destroyed).length} connections dropped`);
    expect(notices.join()).toContain('keep too much');
    const answers = await Promise.all(Array.from({ length: 20 }, () => manager.ask(uuid, 'numbers', contextOf())));
    expect(answers.map(({ response }) => response.length)).toEqual(Array.from({ length: 20 }, () => 1));
    // Those that go away make room.
    for (const socket of kept) socket.destroy();
    const last = await connected(path);
    last.write(begun(8_000_000));
    last.write(Buffer.alloc(4_000_000));
    expect(await manager.ping(uuid)).toBe(0);
  });

  test('a peer that goes away in the middle of an answer leaves nothing behind', async () => {
    let ended = 0;
    const rows = function* (): Generator<Row> {
      try {
        yield* numbers(200_000);
      } finally {
        ended += 1;
      }
    };
    const { manager, uuid } = await start(tableOf(() => ({ [Symbol.iterator]: rows, count: () => 200_000 })));
    const socket = await connected(`${manager.socket}.${uuid}`);
    socket.write(encodeCall('call', ['table', 'numbers', contextOf()]));
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    await until(() => ended === 1);
    expect(await manager.ping(uuid)).toBe(0);
  });

  test('a peer that says with its calls that it has no more gets every answer whole, and then the end', async () => {
    const { manager, uuid } = await start(tableOf(() => numbers(20_000)));
    const path = `${manager.socket}.${uuid}`;
    const call = encodeCall('call', ['table', 'numbers', contextOf()]);
    const usual = await exchange(path, Buffer.concat([call, call]), 2_000);
    const halfClosed = connect({ path, allowHalfOpen: true });
    sockets.push(halfClosed);
    const got: Buffer[] = [];
    halfClosed.on('data', (data: Buffer) => got.push(data)).end(Buffer.concat([call, call]));
    await once(halfClosed, 'end');
    expect(usual.length).toBeGreaterThan(8_000_000);
    expect(Buffer.concat(got).equals(usual)).toBe(true);
    await until(() => halfClosed.closed);
  });

  test('one that has no more, takes nothing of its answer and goes away ends nothing but itself', async () => {
    // More than a socket takes at once, and less than what is waited for.
    let given = 0;
    const { manager, uuid, notices } = await start(tableOf(function* () {
      for (const row of numbers(1_000)) {
        yield row;
        given += 1;
      }
    }));
    const path = `${manager.socket}.${uuid}`;
    const gone = connect({ path, allowHalfOpen: true });
    sockets.push(gone);
    gone.end(encodeCall('call', ['table', 'numbers', contextOf()]));
    await until(() => given === 1_000, () => 'the answer');
    // What is left for the extension to do is to say that there is no more.
    for (let turns = 0; turns < 20; turns += 1) await setImmediate();
    expect(socketsAt(path), 'it is waited for').toBe(2);
    gone.destroy();
    await until(() => socketsAt(path) === 1, () => 'the end of the connection');
    expect(await manager.ping(uuid)).toBe(0);
    expect(notices).toEqual([]);
  });
});

describe('answers', () => {
  test('a large one is sent while it is made: whole, counted, and the others are answered meanwhile', async () => {
    let given = 0;
    const rows = function* (): Generator<Row> {
      for (const row of numbers(60_000)) {
        given += 1;
        yield row;
      }
    };
    const { manager, uuid } = await start(tableOf(() => ({ [Symbol.iterator]: rows, count: () => 60_000 })), { answerTimeoutMs: 60_000 });
    const socket = await connected(`${manager.socket}.${uuid}`);
    socket.pause();
    socket.write(encodeCall('call', ['table', 'numbers', contextOf()]));
    // Nobody reads: only what fits into the kernel's buffers is made besides the first part.
    await until(() => given > 1_000);
    for (let n = 0; n < 20; n += 1) expect(await manager.ping(uuid)).toBe(0);
    expect(given).toBeLessThan(10_000);
    socket.destroy();
    const { response } = await manager.ask(uuid, 'numbers', contextOf());
    expect(response).toHaveLength(60_000);
    expect(response.at(-1)).toEqual({ n: '59999', text: TEXT });
  });

  test('large ones that are made at the same time, and one that is broken off, keep out of each other', async () => {
    let asked = 0;
    const rows = function* (of: number): Generator<Row> {
      for (let n = 0; n < 20_000; n += 1) yield { n, text: `answer ${of}, row ${n} ${TEXT}` };
    };
    const { manager, uuid } = await start(tableOf(() => ({ [Symbol.iterator]: () => rows((asked += 1)), count: () => 20_000 })), { answerTimeoutMs: 60_000 });
    const broken = await connected(`${manager.socket}.${uuid}`);
    broken.write(encodeCall('call', ['table', 'numbers', contextOf()]));
    const answers = Array.from({ length: 4 }, () => manager.ask(uuid, 'numbers', contextOf()));
    await new Promise((resolve) => broken.once('data', resolve));
    broken.destroy();
    for (const { response } of await Promise.all(answers)) {
      const of = /^answer (\d+)/.exec(response[0]?.['text'] ?? '')?.[1];
      expect(response).toHaveLength(20_000);
      expect(response.findIndex(({ n, text }) => text !== `answer ${of}, row ${n} ${TEXT}`)).toBe(-1);
    }
  });

  test('one that nobody reads is given up when its time is over', async () => {
    const { manager, uuid, notices } = await start(tableOf(() => ({ [Symbol.iterator]: () => numbers(100_000), count: () => 100_000 })), { answerTimeoutMs: 3_000 });
    const socket = await connected(`${manager.socket}.${uuid}`);
    socket.pause();
    socket.write(encodeCall('call', ['table', 'numbers', contextOf()]));
    await until(() => notices.some((notice) => /not taken in time|no complete answer within 3 s/.test(notice)), () => 'the end of the answer', 20_000);
    expect(await manager.ping(uuid)).toBe(0);
  });

  test('one that would certainly come too late is an error before any of it leaves', async () => {
    const { manager, uuid } = await start(tableOf(() => ({ [Symbol.iterator]: () => numbers(1e9), count: () => 1e9 })));
    expect((await manager.ask(uuid, 'numbers', contextOf())).status).toMatchObject({ code: 1, message: expect.stringMatching(/no complete answer within 5 s, since it has 1000000000 rows: narrow/) });
  });

  test('what it takes to find the first row is not taken for each', async () => {
    const found = function* (): Generator<Row> {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
      yield* numbers(60_000);
    };
    const { manager, uuid } = await start(tableOf(() => ({ [Symbol.iterator]: found, count: () => 60_000 })), { answerTimeoutMs: 15_000 });
    expect((await manager.ask(uuid, 'numbers', contextOf())).response).toHaveLength(60_000);
  });

  test('one without end that cannot be counted is an error', async () => {
    const { manager, uuid } = await start(tableOf(() => numbers(1e9)));
    expect((await manager.ask(uuid, 'numbers', contextOf())).status).toMatchObject({ code: 1, message: expect.stringMatching(/64 MiB|5 s/) });
  });

  test('one whose count was wrong ends the connection, not the extension', async () => {
    const { manager, uuid, notices } = await start(tableOf(() => ({ [Symbol.iterator]: () => numbers(20_000), count: () => 20_001 })));
    await expect(manager.ask(uuid, 'numbers', contextOf())).rejects.toThrow(/closed the connection/);
    expect(notices.join()).toContain('20000 rows instead of 20001');
    expect(await manager.ping(uuid)).toBe(0);
  });

  test('a plugin that never answers is an error, and what comes later is put away', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly Row[]>();
    const { manager, uuid } = await start({ name: 'numbers', description: 'waits', columns, gather: () => promise } as never, { answerTimeoutMs: 50 });
    expect((await manager.ask(uuid, 'numbers', contextOf())).status).toMatchObject({ code: 1, message: 'the table numbers has no complete answer within 0.05 s' });
    resolve([{ n: 1 }]);
    expect((await manager.ask(uuid, 'numbers', contextOf())).response).toEqual([{ n: '1' }]);
  });

  test.each<[string, string]>([
    ['no list of columns', '{"constraints":{"a":1}}'],
    ['holes', '{"constraints":[null,{"name":"n"},{"name":"n","list":[null,{"op":{}},{"op":2,"expr":7}]}],"colsUsed":{}}'],
    ['an array', '[]'],
    ['a number', '7'],
  ])('a context with %s is answered', async (_, context) => {
    const { manager, uuid } = await start(tableOf(() => numbers(1)));
    const { status, response } = await manager.ask(uuid, 'numbers', { action: 'generate', context });
    expect([status.code, response.length]).toEqual(context === '7' ? [1, 0] : [0, 1]);
  });
});

describe('the manager', () => {
  test('one that hangs is waited for', async () => {
    const hanging = Promise.withResolvers<void>();
    let asked = 0;
    const { manager, uuid, notices } = await start(tableOf(() => numbers(1)), { play: { beforeListing: () => ((asked += 1), hanging.promise) } });
    await until(() => notices.some((notice) => notice.includes('no answer to extensions')) && asked > 2, () => 'a third question', 20_000);
    expect(await manager.ping(uuid)).toBe(0);
    hanging.resolve();
    const before = asked;
    await until(() => asked > before + 2);
    expect(await manager.ping(uuid)).toBe(0);
  });

  test('one that fails once is asked again; twice, and it is gone', async () => {
    let failures = 1;
    let asked = 0;
    const { manager, extension, uuid } = await start(tableOf(() => numbers(1)), {
      play: {
        beforeListing() {
          asked += 1;
          if ((failures -= 1) >= 0) throw new Error('restarting');
        },
      },
    });
    await until(() => asked > 3);
    expect(await manager.ping(uuid)).toBe(0);
    failures = 2;
    expect(await extension.closed).toContain('osquery is gone: osquery refused extensions: restarting');
  });
});

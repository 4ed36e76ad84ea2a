/** Byte for byte against what osquery 5.23 and its C++ extension put on their sockets, replayed both ways. */
import { describe, expect, test } from 'vitest';
import { Operator, type Constraint, type Table } from '../../src/model/table.ts';
import { answerer } from '../../src/osquery/listen.ts';
import { decodeReply, encodeCall, RemoteFailure } from '../../src/osquery/message.ts';
import type { MethodName } from '../../src/osquery/interface.ts';
import { routeInfo, tablePlugin } from '../../src/osquery/table-plugin.ts';
import type { ExtensionHandler, ManagerHandler, StringMap } from '../../src/osquery/types.ts';
import { argumentsOf, bytesOf, collector, framed, recording, resultOf, type Recorded } from '../helpers/recording.ts';

const api = recording('manager-api');
const cpp = recording('cpp-extension');
const constraints = recording('constraints');

const named = (lines: readonly Recorded[]): [string, Recorded][] => [...new Map(lines.map((line) => [line.base64, line])).values()].map((line) => [`${line.method} (${line.cause})`, line]);
const isCall = ({ direction, method }: Recorded): boolean => direction === 'request' && method !== 'noSuchMethod';
const all = [...api, ...cpp, ...constraints];
const replies = all.filter(({ direction, type }) => direction === 'reply' && type === 'REPLY');

/** A recording may number the connections of two runs alike. */
const isOf = (request: Recorded, reply: Recorded): boolean => [api, cpp, constraints].some((lines) => lines.includes(request) && lines.includes(reply));

async function answered(service: 'extension' | 'manager', handler: ExtensionHandler | ManagerHandler, request: Buffer): Promise<Buffer> {
  const { socket, written } = collector();
  const answer = answerer(service, handler);
  for (const message of framed(request)) await answer(message, socket);
  return written();
}

describe('our client writes the bytes of osquery', () => {
  test.each(named(all.filter(isCall)))('%s', (_, line) => {
    expect(encodeCall(line.method as MethodName, argumentsOf(line) as never).toString('base64')).toBe(line.base64);
  });
});

describe('our client reads the replies of osquery, however they are cut', () => {
  test.each(named(replies))('%s', (_, line) => {
    for (const piece of [1, 7, 4096]) {
      const [message, another] = framed(bytesOf(line), piece);
      expect(decodeReply(message ?? Buffer.alloc(0), line.method as MethodName)).toEqual(resultOf(line));
      expect(another).toBeUndefined();
    }
  });

  test('an exception too', () => {
    const line = api.find(({ type }) => type === 'EXCEPTION');
    expect(() => decodeReply(bytesOf(line!), 'ping')).toThrow(new RemoteFailure("Invalid method name: 'noSuchMethod'"));
  });
});

describe('our server gives the recorded bytes for the recorded answer', () => {
  const pairs = all.filter(isCall).flatMap((request): [string, Recorded, Recorded][] => {
    const reply = replies.find((each) => each.socket === request.socket && each.connection === request.connection && each.method === request.method && each.cause === request.cause && isOf(request, each));
    return reply === undefined ? [] : [[`${request.method} (${request.cause})`, request, reply]];
  });

  test.each(pairs)('%s', async (_, request, reply) => {
    const seen: unknown[][] = [];
    const handler = { [request.method]: (...given: unknown[]) => (seen.push(given), resultOf(reply)) } as unknown as ManagerHandler;
    expect((await answered('manager', handler, bytesOf(request))).toString('base64')).toBe(reply.base64);
    expect(seen).toEqual([argumentsOf(request)]);
  });

  test('to a method that does not exist as well', async () => {
    const [request, reply] = (['request', 'reply'] as const).map((direction) => api.find((line) => line.method === 'noSuchMethod' && line.direction === direction));
    expect((await answered('manager', {} as ManagerHandler, bytesOf(request!))).toString('base64')).toBe(reply?.base64);
  });

  test('several calls that come at once are answered one after the other', async () => {
    const lines = api.filter((line) => line.cause === 'several calls on one connection');
    const requests = lines.filter(isCall);
    const wanted = lines.filter(({ direction }) => direction === 'reply');
    const handler = Object.fromEntries(wanted.map((reply) => [reply.method, () => resultOf(reply)])) as unknown as ManagerHandler;
    expect((await answered('manager', handler, Buffer.concat(requests.map(bytesOf)))).equals(Buffer.concat(wanted.map(bytesOf)))).toBe(true);
  });
});

const UUID = 38998;
const example: Table = {
  name: 'example',
  description: 'the table of the recorded extension',
  columns: [{ name: 'example_text', type: 'TEXT' }, { name: 'example_integer', type: 'INTEGER' }],
  generate: () => [{ example_text: 'example', example_integer: 1 }],
};
const status = { code: 0, message: 'OK', uuid: UUID };

function handlerOf(table: Table): ExtensionHandler {
  const plugin = tablePlugin(table);
  return {
    ping: () => ({ code: 0, message: 'pong', uuid: UUID }),
    async call(_registry, _item, request) {
      const answer = await plugin.call(request, { timeoutMs: 1_000, warn: () => undefined });
      if ('code' in answer) throw new Error(answer.message);
      return 'rows' in answer ? { status, response: answer.rows } : { status, encoded: answer.encoded };
    },
    shutdown: () => undefined,
  };
}

describe('our extension answers the bytes of the C++ extension', () => {
  const requests = cpp.filter((line) => line.socket === 'extension' && line.direction === 'request');
  test.each(requests.map((line, index) => [`${index}: ${line.method} (${line.cause})`, line] as const))('%s', async (_, line) => {
    const wanted = cpp.find((reply) => reply.connection === line.connection && reply.direction === 'reply' && reply.method === line.method);
    expect((await answered('extension', handlerOf(example), bytesOf(line))).toString('base64')).toBe(wanted?.base64);
  });
});

test('the route info of a table is the recorded one', () => {
  const registered = cpp.find((line) => line.method === 'registerExtension' && line.direction === 'request');
  const registry = argumentsOf(registered!)[1] as Record<string, Record<string, StringMap[]>>;
  expect(routeInfo(example)).toEqual(registry['table']?.['example']);
});

describe('constraints arrive as osquery sends them', () => {
  const asked = async (cause: string): Promise<Record<string, Constraint[]>[]> => {
    const seen: Record<string, Constraint[]>[] = [];
    const handler = handlerOf({
      name: 'w_ctx',
      description: 'recorded',
      columns: [{ name: 'id', type: 'INTEGER' }, { name: 'name', type: 'TEXT' }, { name: 'dbl', type: 'DOUBLE' }],
      generate(context) {
        seen.push({ id: [...context.constraints('id')], name: [...context.constraints('name')], dbl: [...context.constraints('dbl')] });
        return [];
      },
    });
    for (const line of constraints.filter((each) => each.cause === cause && isCall(each))) await answered('extension', handler, bytesOf(line));
    return seen;
  };
  test.each([
    ['select * from w_ctx;', [{ id: [], name: [], dbl: [] }]],
    ['select id from w_ctx where id = 3;', [{ id: [{ op: Operator.EQUALS, value: '3' }] }]],
    ["select id from w_ctx where name glob 'row*';", [{ name: [{ op: Operator.GLOB, value: 'row*' }] }]],
    ['select id from w_ctx where id >= 2 and id < 4;', [{ id: [{ op: Operator.GREATER_THAN_OR_EQUALS, value: '2' }, { op: Operator.LESS_THAN, value: '4' }] }]],
    ['select id from w_ctx where dbl > 2;', [{ dbl: [{ op: Operator.GREATER_THAN, value: '2' }] }]],
    ['select id from w_ctx where id is 3;', [{ id: [] }]],
  ])('%s', async (cause, wanted) => {
    const seen = await asked(cause);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.slice(0, 1)).toMatchObject(wanted);
  });

  test('a LIMIT or OFFSET is never taken for an equality', async () => {
    const known = new Set<number>(Object.values(Operator));
    const causes = [...new Set(constraints.map((line) => line.cause).filter((cause) => /limit/i.test(cause)))];
    expect(causes.length).toBeGreaterThan(0);
    for (const cause of causes) for (const each of await asked(cause)) for (const constraint of Object.values(each).flat()) expect(known.has(constraint.op)).toBe(true);
  });
});

/** Byte for byte against what osquery 5.23 and its C++ extension put on their sockets. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Operator, type Constraint, type Table } from '../../src/model/table.ts';
import { answerTable, routeInfo } from '../../src/osquery/table-plugin.ts';
import type { ExtensionHandler, StringMap } from '../../src/osquery/types.ts';
import { createReceiver, openCall } from '../../src/osquery/wire.ts';

interface Recorded {
  connection: number;
  socket: 'manager' | 'extension';
  direction?: 'request' | 'reply';
  cause: string;
  method: string;
  type: string;
  seqid: number;
  fields: Record<string, unknown>;
  base64: string;
}

function recording(name: string): Recorded[] {
  return readFileSync(new URL(`../fixtures/osquery-wire/${name}.jsonl`, import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Recorded).filter((line) => line.direction !== undefined);
}

/** `{map: [[key, value], …]}` and structs by field number, as plain objects. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('map' in value) return Object.fromEntries((value.map as [unknown, unknown][]).map(([key, each]) => [String(key), plain(each)]));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

const STRUCTS: Record<string, string[]> = { registerExtension: ['name', 'version', 'sdk_version', 'min_sdk_version'] };

function argumentsOf({ method, fields }: Recorded): unknown[] {
  return Object.keys(fields).sort().map((key) => {
    const value = plain(fields[key]);
    if (method === 'registerExtension' && key === '1') return Object.fromEntries((STRUCTS[method] ?? []).map((name, index) => [name, (value as Record<string, unknown>)[String(index + 1)]]));
    return value;
  });
}

const api = recording('manager-api');
const cpp = recording('cpp-extension');
const regular = [...api, ...cpp].filter((line) => line.direction === 'request' && line.method !== 'noSuchMethod' && line.type === 'CALL' && line.seqid === 0);

describe('our client writes the bytes of osquery', () => {
  const distinct = [...new Map(regular.map((line) => [line.base64, line])).values()];
  test.each(distinct.map((line) => [`${line.method} (${line.cause})`, line] as const))('%s', (_, line) => {
    const sent: Buffer[] = [];
    openCall(line.method, argumentsOf(line), (message) => sent.push(message)).reply.catch(() => undefined);
    expect(Buffer.concat(sent).toString('base64')).toBe(line.base64);
  });
});

describe('our client reads the replies of osquery, however they are cut', () => {
  const replies = api.filter((line) => line.direction === 'reply' && line.type === 'REPLY' && ['query', 'registerExtension', 'ping', 'getQueryColumns'].includes(line.method));
  test.each(replies.map((line) => [`${line.method} (${line.cause})`, line] as const))('%s', async (_, line) => {
    const bytes = Buffer.from(line.base64, 'base64');
    const { reply, receive } = openCall<{ code?: number; message?: string; status?: { code: number; message: string }; response?: StringMap[] }>(line.method, argumentsOf({ ...line, fields: line.method === 'registerExtension' ? { 1: {}, 2: { map: [] } } : { 1: '' } }), () => undefined);
    for (let offset = 0; offset < bytes.length; offset += 7) receive(bytes.subarray(offset, offset + 7));
    const answered = await reply;
    const wanted = plain(line.fields['0']) as Record<string, unknown>;
    const status = (line.method === 'query' || line.method === 'getQueryColumns' ? wanted['1'] : wanted) as Record<string, unknown>;
    expect({ code: answered.status?.code ?? answered.code, message: answered.status?.message ?? answered.message }).toEqual({ code: status['1'], message: status['2'] });
    expect(answered.response ?? []).toEqual(line.method === 'query' || line.method === 'getQueryColumns' ? wanted['2'] : []);
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
const handler: ExtensionHandler = {
  ping: () => ({ code: 0, message: 'pong', uuid: UUID }),
  call: (_registry, _item, request) => ({ status, response: answerTable(example, request, { timeoutMs: 1_000, onWarning: () => undefined }) }),
  shutdown: () => undefined,
};

describe('our extension answers the bytes of the C++ extension', () => {
  const requests = cpp.filter((line) => line.socket === 'extension' && line.direction === 'request');
  test.each(requests.map((line, index) => [`${index}: ${line.method} (${line.cause})`, line] as const))('%s', async (_, line) => {
    const wanted = cpp.find((reply) => reply.connection === line.connection && reply.direction === 'reply' && reply.method === line.method);
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    createReceiver('extension', handler, resolve)(Buffer.from(line.base64, 'base64'));
    expect((await promise).toString('base64')).toBe(wanted?.base64);
  });

  test('to a method that does not exist as well', async () => {
    const [request, reply] = ['request', 'reply'].map((direction) => api.find((line) => line.method === 'noSuchMethod' && line.direction === direction));
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    createReceiver('extension', handler, resolve)(Buffer.from(request?.base64 ?? '', 'base64'));
    const answered = await promise;
    expect(answered.toString('latin1')).toContain('noSuchMethod');
    expect(answered.readUInt32BE(0)).toBe(Buffer.from(reply?.base64 ?? '', 'base64').readUInt32BE(0));
  });
});

test('the route info of a table is the recorded one', () => {
  const registered = cpp.find((line) => line.method === 'registerExtension' && line.direction === 'request');
  const registry = argumentsOf(registered as Recorded)[1] as Record<string, Record<string, StringMap[]>>;
  expect(routeInfo(example)).toEqual(registry['table']?.['example']);
});

describe('constraints arrive as osquery sends them', () => {
  const asked = (cause: string): Record<string, Constraint[]>[] => {
    const seen: Record<string, Constraint[]>[] = [];
    const table: Table = {
      name: 'w_ctx',
      description: 'recorded',
      columns: [{ name: 'id', type: 'INTEGER' }, { name: 'name', type: 'TEXT' }, { name: 'dbl', type: 'DOUBLE' }],
      generate(context) {
        seen.push({ id: [...context.constraints('id')], name: [...context.constraints('name')], dbl: [...context.constraints('dbl')] });
        return [];
      },
    };
    for (const line of recording('constraints').filter((each) => each.cause === cause)) {
      createReceiver('extension', { ...handler, call: (_registry, _item, request) => ({ status, response: answerTable(table, request, { timeoutMs: 1_000, onWarning: () => undefined }) }) }, () => undefined)(Buffer.from(line.base64, 'base64'));
    }
    return seen;
  };
  test.each([
    ['select * from w_ctx;', [{ id: [], name: [], dbl: [] }]],
    ['select id from w_ctx where id = 3;', [{ id: [{ op: Operator.EQUALS, value: '3' }] }]],
    ["select id from w_ctx where name glob 'row*';", [{ name: [{ op: Operator.GLOB, value: 'row*' }] }]],
    ['select id from w_ctx where id >= 2 and id < 4;', [{ id: [{ op: Operator.GREATER_THAN_OR_EQUALS, value: '2' }, { op: Operator.LESS_THAN, value: '4' }] }]],
    ['select id from w_ctx where dbl > 2;', [{ dbl: [{ op: Operator.GREATER_THAN, value: '2' }] }]],
    ['select id from w_ctx where id is 3;', [{ id: [] }]],
  ])('%s', (cause, wanted) => {
    const seen = asked(cause);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.slice(0, 1)).toMatchObject(wanted);
  });

  test('a LIMIT or OFFSET is never taken for an equality', () => {
    const known = new Set<number>(Object.values(Operator));
    const causes = [...new Set(recording('constraints').map((line) => line.cause).filter((cause) => /limit/i.test(cause)))];
    expect(causes.length).toBeGreaterThan(0);
    for (const each of causes.flatMap(asked)) for (const constraint of Object.values(each).flat()) expect(known.has(constraint.op)).toBe(true);
  });
});

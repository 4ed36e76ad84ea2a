/** What osquery 5.23 and its C++ extension put on their sockets, and what is in it. */
import { readFileSync } from 'node:fs';
import { Framer } from '../../src/osquery/frame.ts';

export interface Recorded {
  connection: number;
  socket: 'manager' | 'extension';
  direction: 'request' | 'reply';
  cause: string;
  method: string;
  type: string;
  /** By the numbers of the fields; maps as `{map: [[key, value], …]}`. */
  fields: Record<string, unknown>;
  base64: string;
}

export function recording(name: 'manager-api' | 'cpp-extension' | 'constraints'): Recorded[] {
  return readFileSync(new URL(`../fixtures/osquery-wire/${name}.jsonl`, import.meta.url), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Partial<Recorded>).filter((line): line is Recorded => line.direction !== undefined);
}

export function bytesOf({ base64 }: Recorded): Buffer {
  return Buffer.from(base64, 'base64');
}

/** Maps as plain objects; structs keep their numbers. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('map' in value) return Object.fromEntries((value.map as [unknown, unknown][]).map(([key, each]) => [String(key), plain(each)]));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

type Numbered = Record<string, unknown>;
const structOf = (...names: string[]) => (value: unknown): Record<string, unknown> => Object.fromEntries(names.map((name, index) => [name, (value as Numbered)[String(index + 1)]]));
const status = structOf('code', 'message', 'uuid');
const response = (value: unknown): unknown => ({ status: status((value as Numbered)['1']), response: (value as Numbered)['2'] });
const info = structOf('name', 'version', 'sdk_version', 'min_sdk_version');
const mapOf = (each: (value: unknown) => unknown) => (value: unknown): unknown => Object.fromEntries(Object.entries(value as object).map(([key, element]) => [key, each(element)]));

const RESULTS: Record<string, (value: unknown) => unknown> = { ping: status, call: response, extensions: mapOf(info), options: mapOf(structOf('value', 'default_value', 'type')), registerExtension: status, deregisterExtension: status, query: response, getQueryColumns: response, shutdown: () => undefined };

/** The result of a reply, as our code names its parts. */
export function resultOf({ method, fields }: Recorded): unknown {
  return RESULTS[method]?.(plain(fields['0']));
}

/** The arguments of a call. */
export function argumentsOf({ method, fields }: Recorded): unknown[] {
  return Object.keys(fields).sort().map((key) => (method === 'registerExtension' && key === '1' ? info(plain(fields[key])) : plain(fields[key])));
}

/** The whole messages among bytes that come in pieces. */
export function framed(bytes: Buffer, piece = bytes.length): Buffer[] {
  const framer = new Framer({ bytes: 1e9, elements: 1e9 });
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += piece) messages.push(...framer.push(bytes.subarray(at, at + piece)).map((message) => Buffer.from(message)));
  return messages;
}

/** Takes what is written to a connection. */
export function collector(): { socket: { write: (bytes: Buffer) => boolean; destroyed: boolean; destroy: () => never; once: () => never; off: () => never }; written: () => Buffer } {
  const written: Buffer[] = [];
  const unused = (): never => {
    throw new Error('nobody waits here');
  };
  return { socket: { write: (bytes) => written.push(Buffer.from(bytes)) > 0, destroyed: false, destroy: unused, once: unused, off: unused }, written: () => Buffer.concat(written) };
}

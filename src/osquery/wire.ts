/** Messages of Thrift over a Unix socket: strict binary protocol, buffered transport, sequence id 0. The one place that touches thrift and vendor/. */
import { createRequire } from 'node:module';
import { createServer, type Server, type Socket } from 'node:net';
import type { ExtensionHandler, ManagerHandler } from './types.ts';

interface Transport {
  /** How many bytes of unread input there are. */
  writeCursor: number;
  commitPosition(): void;
  rollbackPosition(): void;
}

interface TransportClass {
  new (buffer: undefined, onFlush: (message: Buffer) => void): Transport;
  receiver(callback: (reader: Transport) => void, seqid: number, maxLength: number): (data: Buffer) => void;
}

interface Protocol {
  readMessageBegin(): { fname: string; mtype: number; rseqid: number };
}

type ProtocolClass = new (transport: Transport, strictRead?: boolean, strictWrite?: boolean) => Protocol;

interface Processor {
  process(input: Protocol, output: Protocol): void;
}

/** Generated clients keep the promise of a call by its sequence id and have a `recv_NAME` for each method. */
export interface GeneratedClient {
  new_seqid: () => number;
  _reqs: Record<number, ((error: unknown) => void) | undefined>;
  [method: string]: unknown;
}

interface Generated {
  Client: new (output: Transport, protocol: ProtocolClass) => GeneratedClient;
  Processor: new (handler: object) => Processor;
}

const require = createRequire(import.meta.url);
// The packages of the interface are CommonJS without types; these lines say what is used of them.
const { TBufferedTransport, TBinaryProtocol } = require('thrift') as { TBufferedTransport: TransportClass; TBinaryProtocol: ProtocolClass };
const Extension = require('../../vendor/osquery/gen-nodejs/Extension.js') as Generated;
const ExtensionManager = require('../../vendor/osquery/gen-nodejs/ExtensionManager.js') as Generated;

/** A request or a table's context is far smaller; an answer of 100,000 rows may be 100 MB. */
export const MOST_REQUEST_BYTES = 16 * 1024 * 1024;
export const MOST_REPLY_BYTES = 256 * 1024 * 1024;

/** Thrown inside thrift when a message is not complete yet. */
function isIncomplete(error: unknown): boolean {
  return error instanceof Error && (error.name === 'InputBufferUnderrunError' || error.constructor.name === 'InputBufferUnderrunError');
}

/** One message out, its reply in. `send` gets the bytes of the call, `receive` takes what comes back; what is no Thrift rejects the reply. */
export function openCall<Result>(method: string, given: readonly unknown[], send: (message: Buffer) => void): { reply: Promise<Result>; receive: (data: Buffer) => void } {
  const client = new ExtensionManager.Client(new TBufferedTransport(undefined, send), TBinaryProtocol);
  // osquery numbers every call 0; there is one call on a connection.
  client.new_seqid = () => 0;
  const call = client[method];
  if (typeof call !== 'function') throw new TypeError(`osquery has no method ${method}`);
  const reply = call.apply(client, given) as Promise<Result>;
  return { reply, receive: createReplyReader(client) };
}

/** A reply has no length in front: it is complete when it can be read. */
function createReplyReader(client: GeneratedClient): (data: Buffer) => void {
  let tried = 0;
  let timer: NodeJS.Timeout | undefined;
  const attempt = (reader: Transport): void => {
    tried = reader.writeCursor;
    if (!readReply(client, reader)) return;
    tried = 0;
  };
  return TBufferedTransport.receiver(
    (reader) => {
      clearTimeout(timer);
      // A large reply comes in hundreds of pieces; to read it anew at each would take time by the square of its size.
      if (reader.writeCursor >= tried * 2) attempt(reader);
      else timer = setTimeout(attempt, 2, reader);
    },
    0,
    MOST_REPLY_BYTES,
  );
}

/** False when there is more to come. */
function readReply(client: GeneratedClient, reader: Transport): boolean {
  const asked = client._reqs[0];
  const input = new TBinaryProtocol(reader, true, true);
  try {
    const { fname, mtype, rseqid } = input.readMessageBegin();
    const receive = client[`recv_${fname}`];
    if (typeof receive !== 'function') throw new TypeError(`an answer to ${fname}, which was not asked`);
    receive.call(client, input, mtype, rseqid);
    reader.commitPosition();
    return true;
  } catch (error) {
    reader.rollbackPosition();
    // The generated code forgets the call before it has read the whole reply.
    client._reqs[0] = asked;
    if (isIncomplete(error)) return false;
    asked?.(error);
    return true;
  }
}

/** Takes bytes of one connection and answers them through the handler. Throws for what is no Thrift. */
export function createReceiver(service: 'extension' | 'manager', handler: ExtensionHandler | ManagerHandler, send: (message: Buffer) => void): (data: Buffer) => void {
  const processor = new (service === 'extension' ? Extension : ExtensionManager).Processor(withPromises(handler));
  return TBufferedTransport.receiver(
    (reader) => {
      const input = new TBinaryProtocol(reader, true, true);
      const output = new TBinaryProtocol(new TBufferedTransport(undefined, send), true, true);
      try {
        for (;;) {
          processor.process(input, output);
          reader.commitPosition();
        }
      } catch (error) {
        reader.rollbackPosition();
        if (!isIncomplete(error)) throw error;
      }
    },
    0,
    MOST_REQUEST_BYTES,
  );
}

/** Generated processors choose promises or callbacks by the number of parameters; ours always take promises. */
function withPromises(handler: object): object {
  const methods = ['ping', 'call', 'shutdown', 'extensions', 'options', 'registerExtension', 'deregisterExtension', 'query', 'getQueryColumns'];
  const given = handler as Record<string, ((...values: unknown[]) => unknown) | undefined>;
  const arity: Record<string, number> = { call: 3, registerExtension: 2, deregisterExtension: 1, query: 1, getQueryColumns: 1 };
  return Object.fromEntries(methods.flatMap((name) => {
    const method = given[name];
    if (method === undefined) return [];
    const answer = async (...values: unknown[]): Promise<unknown> => method.apply(handler, values);
    return [[name, Object.defineProperty(answer, 'length', { value: arity[name] ?? 0 })]];
  }));
}

/** A server on a Unix socket. One connection's garbage ends that connection and nothing else. */
export function serve(service: 'extension' | 'manager', handler: ExtensionHandler | ManagerHandler, onProblem: (message: string) => void): Server {
  return createServer((socket) => attach(socket, service, handler, onProblem));
}

function attach(socket: Socket, service: 'extension' | 'manager', handler: ExtensionHandler | ManagerHandler, onProblem: (message: string) => void): void {
  const receive = createReceiver(service, handler, (message) => {
    if (socket.writable) socket.write(message);
  });
  socket.on('data', (data: Buffer) => {
    try {
      receive(data);
    } catch (error) {
      onProblem(`a connection was dropped: ${error instanceof Error ? error.message : String(error)}`);
      socket.destroy();
    }
  });
  // A peer that goes away in the middle concerns only itself.
  socket.on('error', () => socket.destroy());
}

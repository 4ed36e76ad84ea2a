/** Serves a handler on a Unix socket. One connection's garbage ends that connection and nothing else; what all of them keep in memory is bounded. */
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf, TickwardError } from '../model/errors.ts';
import { malformed } from './binary.ts';
import { giveBack } from './buffers.ts';
import { Framer, type FrameLimits } from './frame.ts';
import { EXTENSION, MANAGER, type Method } from './interface.ts';
import { decodeArguments, decodeCall, encodeException, encodeReply, encodeRowsBegin, Failure, ROWS_END } from './message.ts';
import type { EncodedResponse, ExtensionHandler, ManagerHandler } from './types.ts';

type AnyMethod = Method<readonly unknown[], unknown>;
type Answer = (...given: unknown[]) => unknown;

export interface ServeOptions {
  onProblem: (message: string) => void;
  limits?: FrameLimits;
}

/** The largest calls of osquery: a JOIN may give a table 100,000 values in one context, a logger gets what a query of all files found. */
const REQUEST_LIMITS: FrameLimits = { bytes: 16 * 1024 * 1024, elements: 65_536 };

/** Of calls that have not come whole, over all connections. */
const MOST_KEPT_BYTES = 2 * REQUEST_LIMITS.bytes;

/** osquery has a handful open. */
const MOST_CONNECTIONS = 512;

/** A connection on which nothing happens for so long, in ms: a message that was cut off would be kept for ever. */
const IDLE_MS = 30_000;

export function serve(service: 'extension' | 'manager', handler: ExtensionHandler | ManagerHandler, { onProblem, limits = REQUEST_LIMITS }: ServeOptions): Server {
  let kept = 0;
  const onKept = (bytes: number): void => {
    kept += bytes;
    if (kept > MOST_KEPT_BYTES) throw malformed('all connections together keep too much that is not whole');
  };
  const answer = answerer(service, handler);
  // A peer that has said all it has to say is still to be answered.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    converse(socket, new Framer(limits, onKept), answer).catch((error: unknown) => {
      // A peer that goes away in the middle concerns only itself.
      if (error instanceof TickwardError) onProblem(`a connection was dropped: ${messageOf(error)}`);
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

/** One call after the other: what comes meanwhile waits in the kernel. */
async function converse(socket: Socket, framer: Framer, answer: (message: Buffer, socket: Socket) => Promise<void>): Promise<void> {
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  // One that goes away while its last answer leaves: nobody is left to be told.
  socket.on('error', () => undefined);
  try {
    for await (const data of socket.iterator({ destroyOnReturn: false })) for (const message of framer.push(data as Buffer)) await answer(message, socket);
    socket.end();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    framer.drop();
  }
}

/** Answers a whole message. Throws for what is no call. */
export function answerer(service: 'extension' | 'manager', handler: ExtensionHandler | ManagerHandler): (message: Buffer, socket: Receiver) => Promise<void> {
  const methods = new Map<string, AnyMethod>(Object.entries(service === 'extension' ? EXTENSION : MANAGER));
  const answers = handler as unknown as Record<string, Answer>;
  return async (message, socket) => {
    const call = decodeCall(message);
    const { name, seqid } = call;
    const method = methods.get(name);
    if (method === undefined) return send(socket, encodeException(name, seqid, `Invalid method name: '${name}'`, Failure.UNKNOWN_METHOD));
    const given = decodeArguments(call, method);
    let result: unknown;
    try {
      result = await answers[name]?.(...given);
    } catch (error) {
      return send(socket, encodeException(name, seqid, messageOf(error), Failure.INTERNAL_ERROR));
    }
    return isEncoded(result) ? sendRows(socket, name, seqid, result) : send(socket, encodeReply(name, seqid, method.result, result));
  };
}

function isEncoded(result: unknown): result is EncodedResponse {
  return typeof result === 'object' && result !== null && 'encoded' in result;
}

type Receiver = Pick<Socket, 'write' | 'writableLength' | 'destroy' | 'destroyed' | 'once' | 'off'>;

/** What was whole at the last moment still has to get through, in ms. */
const LEAST_SENDING_MS = 1_000;

async function sendRows(socket: Receiver, name: string, seqid: number, { status, encoded }: EncodedResponse): Promise<void> {
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    socket.destroy();
  }, Math.max(LEAST_SENDING_MS, encoded.endsAt - performance.now()));
  try {
    const begin = encodeRowsBegin(name, seqid, status, encoded.count);
    if (Array.isArray(encoded.chunks) && encoded.chunks.length <= 1) return await send(socket, Buffer.concat([begin, ...encoded.chunks, ROWS_END]));
    await send(socket, begin);
    for await (const chunk of encoded.chunks) await send(socket, chunk);
    await send(socket, ROWS_END);
  } catch (error) {
    throw isLate ? new TickwardError('TIMEOUT', `an answer of ${encoded.count} rows was not taken in time`) : error;
  } finally {
    clearTimeout(timer);
    encoded.close();
  }
}

/** Bytes that may wait for the other side: to wait for it at each chunk would take two changes of process for it. */
const MOST_WAITING_BYTES = 1024 * 1024;

/** Waits where the other side does not keep up. Throws when it is gone. Their memory is used again once they were sent. */
async function send(socket: Receiver, bytes: Buffer): Promise<void> {
  if (socket.destroyed) throw new Error('the other side is gone');
  if (socket.write(bytes, () => giveBack(bytes)) || socket.writableLength < MOST_WAITING_BYTES) return;
  await new Promise<void>((resolve, reject) => {
    const onClose = (): void => {
      socket.off('drain', onDrain);
      reject(new Error('the other side is gone'));
    };
    const onDrain = (): void => {
      socket.off('close', onClose);
      resolve();
    };
    socket.once('drain', onDrain);
    socket.once('close', onClose);
  });
}

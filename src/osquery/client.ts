/** Asking osquery's extension manager, or an extension: a connection for each call, as osquery's own clients do, and a deadline for each. */
import { connect } from 'node:net';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { Framer } from './frame.ts';
import type { GivenTo, MethodName, ResultOf } from './interface.ts';
import { decodeReply, encodeCall, RemoteFailure } from './message.ts';
import type { ExtensionInfo, ExtensionResponse, ExtensionStatus, OptionInfo, Registry, StringMap } from './types.ts';

export interface ManagerClient {
  ping(): Promise<ExtensionStatus>;
  /** By uuid. */
  extensions(): Promise<Record<string, ExtensionInfo>>;
  options(): Promise<Record<string, OptionInfo>>;
  registerExtension(info: ExtensionInfo, registry: Registry): Promise<ExtensionStatus>;
  deregisterExtension(uuid: number): Promise<ExtensionStatus>;
  query(sql: string): Promise<ExtensionResponse>;
  getQueryColumns(sql: string): Promise<ExtensionResponse>;
  call(registry: string, item: string, request: StringMap): Promise<ExtensionResponse>;
  shutdown(): Promise<void>;
}

/** An answer of 100,000 rows may be 100 MB. */
const REPLY_LIMITS = { bytes: 256 * 1024 * 1024, elements: Number.POSITIVE_INFINITY };

/** Every method throws UNSUPPORTED when nothing listens, TIMEOUT when the deadline (ms) passes; what osquery says is in the status. */
export function createManagerClient(socketPath: string, timeoutMs: number): ManagerClient {
  const ask = <Name extends MethodName>(method: Name, ...given: GivenTo<Name>): Promise<ResultOf<Name>> => call(socketPath, timeoutMs, method, given);
  return {
    ping: () => ask('ping'),
    extensions: () => ask('extensions'),
    options: () => ask('options'),
    registerExtension: (info, registry) => ask('registerExtension', info, registry),
    deregisterExtension: (uuid) => ask('deregisterExtension', uuid),
    query: (sql) => ask('query', sql),
    getQueryColumns: (sql) => ask('getQueryColumns', sql),
    call: (registry, item, request) => ask('call', registry, item, request),
    shutdown: () => ask('shutdown'),
  };
}

export async function pingManager(socketPath: string, timeoutMs: number): Promise<void> {
  const status = await createManagerClient(socketPath, timeoutMs).ping();
  if (status.code !== 0) throw new TickwardError('UNSUPPORTED', `osquery at ${printable(socketPath)} is not well: ${printable(status.message)}`);
}

/** Rows with the columns in the order of the query, both within the time. Throws QUERY with osquery's message. */
export async function queryManager(socketPath: string, sql: string, timeoutMs: number): Promise<{ columns: string[]; rows: StringMap[] }> {
  const end = performance.now() + timeoutMs;
  const client = (): ManagerClient => createManagerClient(socketPath, Math.max(1, Math.ceil(end - performance.now())));
  const columns = good(await client().getQueryColumns(sql)).flatMap((column) => Object.keys(column));
  return { columns, rows: good(await client().query(sql)) };
}

function good({ status, response }: ExtensionResponse): StringMap[] {
  if (status.code !== 0) throw new TickwardError('QUERY', status.message);
  return response;
}

function call<Name extends MethodName>(socketPath: string, timeoutMs: number, method: Name, given: GivenTo<Name>): Promise<ResultOf<Name>> {
  return new Promise((resolve, reject) => {
    const framer = new Framer(REPLY_LIMITS);
    const socket = connect(socketPath, () => socket.write(encodeCall(method, given)));
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
    };
    const fail = (error: TickwardError): void => {
      end();
      reject(error);
    };
    const timer = setTimeout(() => fail(new TickwardError('TIMEOUT', `osquery gave no answer to ${method} within ${timeoutMs / 1000} s; the connection was dropped`, { hint: 'see whether osquery is busy with a slow query' })), timeoutMs);
    socket.on('data', (data: Buffer) => {
      try {
        for (const message of framer.push(data)) {
          resolve(decodeReply(message, method));
          end();
          return;
        }
      } catch (error) {
        fail(failureOf(method, error));
      }
    });
    socket.on('error', (error) => fail(unreachable(error, socketPath)));
    socket.on('close', () => fail(new TickwardError('FAILED', `osquery closed the connection before it answered ${method}`, { hint: 'see whether osquery was restarted' })));
  });
}

function failureOf(method: string, cause: unknown): TickwardError {
  const message = printable(messageOf(cause));
  return new TickwardError('FAILED', cause instanceof RemoteFailure ? `osquery refused ${method}: ${message}` : `osquery answered ${method} with something that is no Thrift: ${message}`, { cause });
}

function unreachable(error: Error, socketPath: string): TickwardError {
  const why = errnoOf(error) === 'ENOENT' ? 'there is no such socket' : errnoOf(error) === 'ECONNREFUSED' ? 'nothing listens there' : errnoOf(error) === 'EACCES' ? 'no permission' : error.message;
  return new TickwardError('UNSUPPORTED', `osquery cannot be reached at ${printable(socketPath)}: ${why}`, { hint: 'start osqueryd, or name its socket with --socket', cause: error });
}

/** Asking osquery's extension manager: a connection for each call, as osquery's own clients do, and a deadline for each. */
import { connect } from 'node:net';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { ExtensionInfo, ExtensionResponse, ExtensionStatus, OptionInfo, Registry, StringMap } from './types.ts';
import { openCall } from './wire.ts';

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

/** Every method throws UNSUPPORTED when nothing listens, TIMEOUT when the deadline passes; what osquery says is in the status. */
export function createManagerClient(socketPath: string, timeoutMs: number): ManagerClient {
  const ask = <Result>(method: string, ...given: unknown[]): Promise<Result> => call<Result>(socketPath, timeoutMs, method, given);
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

function call<Result>(socketPath: string, timeoutMs: number, method: string, given: readonly unknown[]): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const socket = connect(socketPath);
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
    };
    const fail = (error: unknown): void => {
      end();
      reject(error instanceof Error ? error : new TickwardError('FAILED', messageOf(error)));
    };
    const timer = setTimeout(() => fail(new TickwardError('TIMEOUT', `osquery gave no answer to ${method} within ${timeoutMs / 1000} s; the connection was dropped`, { hint: 'see whether osquery is busy with a slow query' })), timeoutMs);
    const { reply, receive } = openCall<Result>(method, given, (message) => socket.write(message));
    reply.then(
      (result) => {
        end();
        resolve(result);
      },
      (error: unknown) => fail(error instanceof Error && error.name === 'TApplicationException' ? new TickwardError('FAILED', `osquery refused ${method}: ${messageOf(error)}`, { cause: error }) : noThrift(method, error)),
    );
    socket.on('data', (data: Buffer) => {
      try {
        receive(data);
      } catch (error) {
        fail(noThrift(method, error));
      }
    });
    socket.on('error', (error) => fail(unreachable(error, socketPath)));
    socket.on('close', () => fail(new TickwardError('FAILED', `osquery closed the connection before it answered ${method}`, { hint: 'see whether osquery was restarted' })));
  });
}

function noThrift(method: string, cause: unknown): TickwardError {
  return new TickwardError('FAILED', `osquery answered ${method} with something that is no Thrift: ${printable(messageOf(cause))}`, { cause });
}

function unreachable(error: Error, socketPath: string): TickwardError {
  const why = errnoOf(error) === 'ENOENT' ? 'there is no such socket' : errnoOf(error) === 'ECONNREFUSED' ? 'nothing listens there' : errnoOf(error) === 'EACCES' ? 'no permission' : error.message;
  return new TickwardError('UNSUPPORTED', `osquery cannot be reached at ${printable(socketPath)}: ${why}`, { hint: 'start osqueryd, or name its socket with --socket', cause: error });
}

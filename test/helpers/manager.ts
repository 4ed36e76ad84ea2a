/** osquery's side of the interface, played over a real Unix socket with the same Thrift code. */
import { readFileSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { join } from 'node:path';
import { createManagerClient } from '../../src/osquery/client.ts';
import type { ExtensionInfo, ExtensionResponse, ManagerHandler, Registry, StringMap } from '../../src/osquery/types.ts';
import { serve } from '../../src/osquery/listen.ts';
import { until } from './until.ts';

export interface PlayedManager {
  socket: string;
  /** By uuid, as osquery lists them. */
  extensions: Record<string, ExtensionInfo>;
  registries: Record<string, Registry>;
  /** What the manager does to an extension: a connection for each call. */
  ask(uuid: string, table: string, request: StringMap): Promise<ExtensionResponse>;
  /** A call of any registry. */
  call(uuid: string, registry: string, item: string, request: StringMap): Promise<ExtensionResponse>;
  ping(uuid: string): Promise<number>;
  shutdown(uuid: string): Promise<void>;
  /** Resolves with the uuid of the next registration, when it answers: an extension learns from the answer where to listen. */
  nextRegistration(): Promise<string>;
  close(): Promise<void>;
}

export interface PlayOptions {
  /** Refusals to give before the first registration is accepted. */
  refusals?: string[];
  answer?: (sql: string) => ExtensionResponse | Promise<ExtensionResponse>;
  columns?: (sql: string) => ExtensionResponse | Promise<ExtensionResponse>;
  /** Waited for before the list of extensions is given: a manager that hangs. What it throws is what osquery's own would. */
  beforeListing?: () => void | Promise<void>;
}

export async function playManager(directory: string, options: PlayOptions = {}): Promise<PlayedManager> {
  const socket = join(directory, 'em');
  const extensions: Record<string, ExtensionInfo> = {};
  const registries: Record<string, Registry> = {};
  const refusals = [...(options.refusals ?? [])];
  const waiting: ((uuid: string) => void)[] = [];
  const ok = { code: 0, message: 'OK', uuid: 0 };
  let last = 100;
  const handler: ManagerHandler = {
    ping: () => ok,
    call: () => ({ status: { code: 1, message: 'not asked here', uuid: 0 }, response: [] }),
    shutdown: () => undefined,
    async extensions() {
      await options.beforeListing?.();
      return extensions;
    },
    options: () => ({}),
    registerExtension(info, registry) {
      const refusal = refusals.shift();
      if (refusal !== undefined) return { code: 1, message: refusal, uuid: 0 };
      last += 1;
      extensions[last] = info;
      registries[last] = registry;
      waiting.shift()?.(String(last));
      return { ...ok, uuid: last };
    },
    deregisterExtension: () => ok,
    query: (sql) => options.answer?.(sql) ?? { status: ok, response: [] },
    getQueryColumns: (sql) => options.columns?.(sql) ?? { status: ok, response: [] },
  };
  const server = serve('manager', handler, { onProblem: () => undefined });
  await listen(server, socket);
  const client = (uuid: string): ReturnType<typeof createManagerClient> => createManagerClient(`${socket}.${uuid}`, 10_000);
  return {
    socket,
    extensions,
    registries,
    ask: (uuid, table, request) => client(uuid).call('table', table, request),
    call: (uuid, registry, item, request) => client(uuid).call(registry, item, request),
    ping: async (uuid) => (await client(uuid).ping()).code,
    shutdown: (uuid) => client(uuid).shutdown(),
    async nextRegistration() {
      const uuid = await new Promise<string>((resolve) => waiting.push(resolve));
      await until(() => client(uuid).ping().then(() => true, () => false), () => 'the socket of the extension');
      return uuid;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

/** Sends bytes and gives what came back until the other side hung up, or until it was silent for `quietMs`. */
export function exchange(path: string, bytes: Buffer, quietMs = 300): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(path, () => socket.write(bytes));
    const finish = (): void => {
      socket.destroy();
      resolve(Buffer.concat(received));
    };
    socket.setTimeout(quietMs, finish);
    socket.on('data', (data: Buffer) => received.push(data));
    socket.on('close', finish);
    socket.on('error', reject);
  });
}

/** How many sockets have this path for a name: one that listens, and its ends of connections. */
export function socketsAt(path: string): number {
  return readFileSync('/proc/net/unix', 'utf8').split('\n').filter((line) => line.endsWith(` ${path}`)).length;
}

/** The context that osquery sends for these constraints (`column`, operator, value). */
export function contextOf(...constraints: [column: string, op: number, value: string][]): StringMap {
  const columns = [...new Set(constraints.map(([column]) => column))];
  return {
    action: 'generate',
    context: JSON.stringify({ constraints: columns.map((name) => ({ name, list: constraints.filter(([column]) => column === name).map(([, op, expr]) => ({ op, expr })), affinity: 'TEXT' })) }),
  };
}

/** An extension of osquery: registers tables with the manager, answers its calls, and ends when the manager does. */
import { chmodSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TickwardError } from '../model/errors.ts';
import { gathered, type GatheredTable, type Table } from '../model/table.ts';
import { createManagerClient, type ManagerClient } from './client.ts';
import { answerTable, routeInfo, tookTooLong } from './table-plugin.ts';
import { LONGEST_SOCKET_PATH, type ExtensionHandler, type ExtensionResponse, type ExtensionStatus } from './types.ts';
import { serve } from './wire.ts';

export interface ExtensionOptions {
  name: string;
  version: string;
  /** The manager's socket. */
  socket: string;
  /** How long to wait for the manager and for a registration that can still succeed. */
  timeoutSeconds: number;
  /** How often to look whether the manager is there and still lists us. */
  intervalSeconds: number;
  tables: readonly (Table | GatheredTable)[];
  onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void;
  /** A table that takes longer is answered with an error. Default 5 s. */
  answerTimeoutMs?: number;
}

export interface Extension {
  readonly uuid: number;
  /** Why it ended. */
  readonly closed: Promise<string>;
  stop(reason: string): Promise<void>;
}

/** osquery refuses an SDK older than its minimum; this is the one whose interface we speak. */
const SDK_VERSION = '5.23.1';
const MIN_SDK_VERSION = '1.8.0';
const RETRY_MS = 50;
const CALL_MS = 2_000;
/** uuids are at most five digits, behind a dot. */
const UUID_LENGTH = 6;
/** The manager may be busy once; twice in a row it is gone. */
const MISSES = 2;

/** Throws when the manager is not there in time or refuses for good. */
export async function startExtension(options: ExtensionOptions): Promise<Extension> {
  if (Buffer.byteLength(options.socket) + UUID_LENGTH > LONGEST_SOCKET_PATH) {
    throw new TickwardError('BAD_INPUT', `the socket path has ${Buffer.byteLength(options.socket)} bytes; with the extension's number behind it, it must not pass ${LONGEST_SOCKET_PATH}`, { hint: 'start osquery with a shorter --extensions_socket' });
  }
  const client = createManagerClient(options.socket, CALL_MS);
  const uuid = await register(client, options);
  const running = new RunningExtension(options, client, uuid);
  await running.listen();
  return running;
}

/** Tries again until the time is over: the manager may not listen yet, or still hold our tables from before a restart. */
async function register(client: ManagerClient, { name, version, tables, timeoutSeconds }: ExtensionOptions): Promise<number> {
  const end = performance.now() + timeoutSeconds * 1000;
  const info = { name, version, sdk_version: SDK_VERSION, min_sdk_version: MIN_SDK_VERSION };
  const registry = { table: Object.fromEntries(tables.map((table) => [table.name, routeInfo(table)])) };
  for (;;) {
    let problem: unknown;
    try {
      const status = await client.registerExtension(info, registry);
      if (status.code === 0) return Number(status.uuid);
      problem = new TickwardError('REFUSED', `osquery refused the registration: ${status.message}`, { hint: 'see whether another extension has the same name or table' });
    } catch (error) {
      problem = error;
    }
    if (performance.now() + RETRY_MS > end) throw problem;
    await sleep(RETRY_MS);
  }
}

class RunningExtension implements Extension, ExtensionHandler {
  readonly uuid: number;
  readonly closed: Promise<string>;
  private readonly options: ExtensionOptions;
  private readonly client: ManagerClient;
  private readonly server: Server;
  private readonly connections = new Set<Socket>();
  private readonly path: string;
  private readonly tables: ReadonlyMap<string, Table | GatheredTable>;
  private readonly resolveClosed: (reason: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private misses = 0;
  private ended = false;

  constructor(options: ExtensionOptions, client: ManagerClient, uuid: number) {
    this.options = options;
    this.client = client;
    this.uuid = uuid;
    this.path = `${options.socket}.${uuid}`;
    this.tables = new Map(options.tables.map((table) => [table.name, table]));
    this.server = serve('extension', this, (message) => options.onNotice({ level: 'warn', message }));
    this.server.on('connection', (socket) => {
      this.connections.add(socket);
      socket.once('close', () => this.connections.delete(socket));
    });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.closed = promise;
    this.resolveClosed = resolve;
  }

  async listen(): Promise<void> {
    // A killed extension leaves its socket; the number is ours now.
    rmSync(this.path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.path, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    chmodSync(this.path, 0o600);
    this.timer = setInterval(() => void this.lookForManager(), this.options.intervalSeconds * 1000);
  }

  ping(): ExtensionStatus {
    return this.good();
  }

  async call(registry: string, item: string, request: Record<string, string>): Promise<ExtensionResponse> {
    if (registry !== 'table') return this.bad(`this extension has no plugins of the registry ${registry}`);
    const table = this.tables.get(item);
    if (table === undefined) return this.bad(`this extension has no table ${item}`);
    try {
      const timeoutMs = this.options.answerTimeoutMs ?? 5_000;
      const onWarning = (message: string): void => this.options.onNotice({ level: 'warn', message });
      const ready = request['action'] === 'generate' ? await withinTime(gathered(table, { msLeft: () => timeoutMs, warn: (message) => onWarning(`${table.name}: ${message}`) }), table.name, timeoutMs) : table;
      return { status: this.good(), response: answerTable(ready, request, { timeoutMs, onWarning }) };
    } catch (error) {
      return this.bad(messageOf(error));
    }
  }

  shutdown(): void {
    // The answer has to leave first.
    setImmediate(() => void this.stop('osquery asked for it'));
  }

  async stop(reason: string): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.timer);
    this.server.close();
    // A connection that someone keeps open must not keep us running.
    for (const socket of this.connections) socket.destroySoon();
    rmSync(this.path, { force: true });
    this.resolveClosed(reason);
  }

  private async lookForManager(): Promise<void> {
    try {
      const known = await this.client.extensions();
      this.misses = 0;
      if (!(String(this.uuid) in known)) await this.stop('osquery does not list this extension any more');
    } catch (error) {
      this.misses += 1;
      if (this.misses >= MISSES) await this.stop(`osquery is gone: ${messageOf(error)}`);
    }
  }

  private good(): ExtensionStatus {
    return { code: 0, message: 'OK', uuid: this.uuid };
  }

  private bad(message: string): ExtensionResponse {
    return { status: { code: 1, message, uuid: this.uuid }, response: [] };
  }
}

/** What was gathered, or TIMEOUT: an answer that never comes would block osquery's query for ever. */
async function withinTime(work: Promise<Table>, name: string, timeoutMs: number): Promise<Table> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tookTooLong(name, timeoutMs)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

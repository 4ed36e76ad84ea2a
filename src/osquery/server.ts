/** An extension of osquery: registers plugins with the manager, answers its calls, and ends when the manager does. */
import { chmodSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { createManagerClient, type ManagerClient } from './client.ts';
import { serve } from './listen.ts';
import type { Answer, Plugin } from './plugin.ts';
import { LONGEST_SOCKET_PATH, type EncodedResponse, type ExtensionHandler, type ExtensionResponse, type ExtensionStatus, type Registry, type StringMap } from './types.ts';

export interface ExtensionOptions {
  name: string;
  version: string;
  /** The manager's socket. */
  socket: string;
  /** How long to wait for the manager and for a registration that can still succeed. */
  timeoutSeconds: number;
  /** How often to look whether the manager is there and still lists us. */
  intervalSeconds: number;
  plugins: readonly Plugin[];
  onNotice: (notice: { level: 'info' | 'warn'; message: string }) => void;
  /** A plugin that takes longer is answered with an error. Default 5 s. */
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
/** osquery takes all that an answer may take before it looks at anything else: no query of it should wait for longer. */
const ANSWER_MS = 5_000;
/** For what is still to be sent at the end. */
const LAST_MS = 1_000;
/** uuids are at most five digits, behind a dot. */
const UUID_LENGTH = 6;
/** Node takes a longer one for none (2^31-1). */
const LONGEST_TIMER_MS = 2_147_483_647;
/** The manager may be restarted between two looks; twice in a row it is gone. */
const MISSES = 2;

/** Throws when the manager is not there in time or refuses for good, BAD_INPUT for what can never be right. */
export async function startExtension(options: ExtensionOptions): Promise<Extension> {
  refuseTwice(options.plugins);
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
async function register(client: ManagerClient, { name, version, plugins, timeoutSeconds, onNotice }: ExtensionOptions): Promise<number> {
  const end = performance.now() + timeoutSeconds * 1000;
  const info = { name, version, sdk_version: SDK_VERSION, min_sdk_version: MIN_SDK_VERSION };
  const registry = registryOf(plugins);
  for (let said = ''; ; ) {
    let problem: unknown;
    try {
      const status = await client.registerExtension(info, registry);
      if (status.code === 0) return status.uuid;
      problem = new TickwardError('REFUSED', `osquery refused the registration: ${printable(status.message)}`, { hint: 'see whether another extension has the same name or table' });
    } catch (error) {
      problem = error;
    }
    if (performance.now() + RETRY_MS > end) throw problem;
    if (messageOf(problem) !== said) onNotice({ level: 'info', message: `${messageOf(problem)}: trying again` });
    said = messageOf(problem);
    await sleep(RETRY_MS);
  }
}

/** osquery is told of plugins by their names: of two with one name it would have the columns of one and the rows of the other. SQLite's names are the same in any case. */
function refuseTwice(plugins: readonly Plugin[]): void {
  const names = plugins.map(({ registry, name }) => `${registry} ${registry === 'table' ? name.toLowerCase() : name}`);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) throw new TickwardError('BAD_INPUT', `there are two plugins ${printable(twice)}`, { hint: 'give one another name' });
}

function registryOf(plugins: readonly Plugin[]): Registry {
  const registry: Registry = {};
  for (const { registry: kind, name, routes } of plugins) (registry[kind] ??= {})[name] = routes;
  return registry;
}

class RunningExtension implements Extension, ExtensionHandler {
  readonly uuid: number;
  readonly closed: Promise<string>;
  private readonly options: ExtensionOptions;
  private readonly client: ManagerClient;
  private readonly server: Server;
  private readonly connections = new Set<Socket>();
  private readonly path: string;
  private readonly resolveClosed: (reason: string) => void;
  private timer: NodeJS.Timeout | undefined;
  private misses = 0;
  private isHanging = false;
  private ended = false;

  constructor(options: ExtensionOptions, client: ManagerClient, uuid: number) {
    this.options = options;
    this.client = client;
    this.uuid = uuid;
    this.path = `${options.socket}.${uuid}`;
    this.server = serve('extension', this, { onProblem: (message) => this.warn(message) });
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
    this.lookLater();
  }

  ping(): ExtensionStatus {
    return this.status(0, 'OK');
  }

  async call(registry: string, item: string, request: StringMap): Promise<ExtensionResponse | EncodedResponse> {
    const plugin = this.options.plugins.find((each) => each.registry === registry && each.name === item);
    if (plugin === undefined) return this.bad(`this extension has no ${registry} ${item}`);
    const timeoutMs = this.options.answerTimeoutMs ?? ANSWER_MS;
    try {
      const answer = await withinTime(Promise.resolve(plugin.call(request, { timeoutMs, warn: (message) => this.warn(message) })), `the ${registry} ${item}`, timeoutMs);
      return this.responseOf(answer);
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
    clearTimeout(this.timer);
    this.server.close();
    // A connection that someone keeps open must not keep us running, nor one that takes nothing of its answer.
    for (const socket of this.connections) {
      socket.destroySoon();
      setTimeout(() => socket.destroy(), LAST_MS).unref();
    }
    rmSync(this.path, { force: true });
    this.resolveClosed(reason);
  }

  private lookLater(): void {
    if (!this.ended) this.timer = setTimeout(() => void this.lookForManager().then(() => this.lookLater()), Math.min(this.options.intervalSeconds * 1000, LONGEST_TIMER_MS));
  }

  private async lookForManager(): Promise<void> {
    try {
      const known = await this.client.extensions();
      this.misses = 0;
      this.isHanging = false;
      if (!(String(this.uuid) in known)) await this.stop('osquery does not list this extension any more');
    } catch (error) {
      // One that hangs may go on; one that does not, and is ended, is not there the next time.
      if (error instanceof TickwardError && error.code === 'TIMEOUT') {
        if (!this.isHanging) this.warn(messageOf(error));
        this.isHanging = true;
        return;
      }
      this.misses += 1;
      if (this.misses >= MISSES) await this.stop(`osquery is gone: ${messageOf(error)}`);
    }
  }

  private responseOf(answer: Answer): ExtensionResponse | EncodedResponse {
    if ('encoded' in answer) return { status: this.status(0, 'OK'), encoded: answer.encoded };
    if ('rows' in answer) return { status: this.status(0, 'OK'), response: answer.rows };
    return { status: this.status(answer.code, answer.message), response: [] };
  }

  private status(code: number, message: string): ExtensionStatus {
    return { code, message, uuid: this.uuid };
  }

  private bad(message: string): ExtensionResponse {
    return { status: this.status(1, message), response: [] };
  }

  private warn(message: string): void {
    this.options.onNotice({ level: 'warn', message });
  }
}

/** The answer, or TIMEOUT: one that never comes would block osquery's query for ever. What comes too late is put away. */
async function withinTime(work: Promise<Answer>, what: string, timeoutMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TickwardError('TIMEOUT', `${what} has no complete answer within ${timeoutMs / 1000} s`));
      work.then((answer) => ('encoded' in answer ? answer.encoded.close() : undefined), () => undefined);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

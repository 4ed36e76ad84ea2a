/** One thread with the engine in it, from outside. */
import { extname } from 'node:path';
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { messageOf, TickwardError } from '../../model/errors.ts';
import type { QueryOptions, QueryResult } from '../engine.ts';
import { DEFAULT_TIMEOUT_MS, tookTooLong } from './deadline.ts';
import { unpacked, type Answer, type Question, type TableSource, type ThreadData } from './messages.ts';

/** How long a query may overrun its deadline before the thread is ended: SQLite looks at the clock between its own steps, but not inside a function such as LIKE or a regular expression. */
const GRACE_MS = 50;
/** A query that does not prepare at once says nothing for this long. */
const PARSE_MS = 5_000;
/** Our own flags may be none for a thread. */
const EXEC_ARGV = ['--disable-warning=ExperimentalWarning'];
/** Beside this file, compiled where this is. */
const WORKER = `worker${extname(import.meta.url)}`;
/** Of JavaScript; SQLite has its own limit. */
const MOST_HEAP_MB = 512;

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export class Thread {
  /** SQLite's version, once it can be asked. */
  readonly ready: Promise<string>;
  private readonly worker: Worker;
  private readonly port: MessagePort;
  private readonly signal = new Int32Array(new SharedArrayBuffer(4));
  private waiting: Waiting | undefined;
  private over: TickwardError | undefined;

  constructor(tables: TableSource | undefined) {
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    const workerData: ThreadData = { tables, port: port2, signal: this.signal };
    this.worker = new Worker(new URL(WORKER, import.meta.url), { workerData, transferList: [port2], execArgv: EXEC_ARGV, resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB } });
    this.worker.on('message', (answer: Answer) => this.waiting?.resolve(answer));
    this.worker.on('error', (error) => this.finish(failureOf(error)));
    this.worker.on('exit', () => this.finish(new TickwardError('FAILED', 'the embedded engine was ended')));
    this.ready = this.next().then((answer) => {
      if (answer.kind !== 'ready') throw new TickwardError('FAILED', 'the embedded engine does not start');
      return answer.version;
    });
    this.ready.catch(() => undefined);
  }

  get ended(): boolean {
    return this.over !== undefined;
  }

  /** One at a time. */
  async query(sql: string, options: QueryOptions): Promise<QueryResult> {
    await this.ready;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = setTimeout(() => void this.end(tookTooLong(timeoutMs)), timeoutMs + GRACE_MS);
    try {
      const answer = this.next();
      this.ask({ kind: 'query', sql, options });
      const said = await answer;
      if (said.kind === 'rows') return said.result;
      throw said.kind === 'failed' ? unpacked(said.error) : new TickwardError('FAILED', 'the embedded engine gave no answer');
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for the thread without letting anything else run here: who asks is in the middle of something. */
  parses(sql: string): string | undefined {
    const before = Atomics.load(this.signal, 0);
    this.ask({ kind: 'parse', sql });
    if (Atomics.wait(this.signal, 0, before, PARSE_MS) === 'timed-out') throw new TickwardError('TIMEOUT', `the embedded engine gave no answer within ${PARSE_MS / 1000} s`);
    return (receiveMessageOnPort(this.port)?.message as string | undefined) ?? undefined;
  }

  /** What it does is ended wherever it is; who waits gets the reason. */
  async end(reason = new TickwardError('FAILED', 'the embedded engine was closed')): Promise<void> {
    this.finish(reason);
    this.port.close();
    await this.worker.terminate();
  }

  private ask(question: Question): void {
    this.worker.postMessage(question);
  }

  /** The program stays alive while an answer is awaited, and only then. */
  private next(): Promise<Answer> {
    if (this.over !== undefined) return Promise.reject(this.over);
    this.worker.ref();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.waiting = { resolve, reject };
    return promise.finally(() => {
      this.waiting = undefined;
      this.worker.unref();
    });
  }

  private finish(reason: TickwardError): void {
    this.over ??= reason;
    this.waiting?.reject(this.over);
  }
}

function failureOf(error: unknown): TickwardError {
  const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (outOfMemory) return new TickwardError('QUERY', 'the query needed more memory than it may have', { hint: 'narrow it, or read fewer columns' });
  return new TickwardError('FAILED', `the embedded engine failed: ${messageOf(error)}`, { cause: error });
}

/** Every process of the bench: those it started are ended with it, and no other. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StartOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** A descriptor that takes the standard output, instead of a pipe or nothing. */
  stdout?: number | 'pipe' | 'ignore';
}

export interface Child {
  readonly pid: number;
  readonly process: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable | undefined;
  /** What it said on the standard error so far. */
  errors(): string;
  readonly ended: boolean;
}

/** The most of the standard error that is kept, in characters. */
const MOST_ERRORS = 1_000_000;

export class Processes {
  readonly #living = new Set<Child>();

  /** The kernel ends it when the bench dies, however it dies: PR_SET_PDEATHSIG, which lasts over exec, so that its pid stays ours to measure. */
  start(argv: readonly string[], options: StartOptions = {}): Child {
    return this.startDirectly(['setpriv', '--pdeathsig', 'KILL', ...argv], options);
  }

  /** The same without setpriv before it, for what is timed from its exec on. */
  startDirectly([program = '', ...args]: readonly string[], { cwd, env, stdout = 'ignore' }: StartOptions = {}): Child {
    const started = spawn(program, args, { stdio: ['pipe', stdout, 'pipe'], cwd, env });
    let errors = '';
    started.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < MOST_ERRORS) errors += text;
    });
    const { stdin, pid } = started;
    if (stdin === null || pid === undefined) throw new Error(`${program} could not be started`);
    // It may end before it has read what we have for it.
    stdin.on('error', () => {});
    const child: Child = {
      pid,
      process: started,
      stdin,
      stdout: started.stdout ?? undefined,
      errors: () => errors,
      get ended() {
        return started.exitCode !== null || started.signalCode !== null;
      },
    };
    this.#living.add(child);
    started.once('exit', () => this.#living.delete(child));
    return child;
  }

  /** Runs a program to its end and gives what it printed. Throws when it fails, and ends it when the signal comes. */
  async finish(argv: readonly string[], signal: AbortSignal, { input = '', ...options }: StartOptions & { input?: string } = {}): Promise<string> {
    const child = this.start(argv, { ...options, stdout: 'pipe' });
    child.stdin.end(input);
    const printed = textOf(child.stdout);
    try {
      const [code, killer] = (await once(child.process, 'close', { signal })) as [number | null, string | null];
      if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code ?? killer}: ${child.errors().trim()}`);
      return await printed;
    } finally {
      await this.end(child);
    }
  }

  /** With SIGTERM, and by force when that does not help. */
  async end(child: Child, signal: NodeJS.Signals = 'SIGTERM', graceMs = 15_000): Promise<void> {
    if (child.ended) return;
    const gone = once(child.process, 'exit');
    child.process.kill(signal);
    // A stopped process takes its signal when it goes on.
    child.process.kill('SIGCONT');
    const grace = new AbortController();
    const late = sleep(graceMs, undefined, { signal: grace.signal }).then(() => child.process.kill('SIGKILL'), () => {});
    await gone;
    grace.abort();
    await late;
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#living].map((child) => this.end(child, 'SIGTERM', 3_000)));
  }
}

async function textOf(stream: Readable | undefined): Promise<string> {
  let text = '';
  if (stream !== undefined) for await (const piece of stream.setEncoding('utf8')) text += String(piece);
  return text;
}

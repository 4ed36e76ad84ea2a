/** The one door to execa and, beside exec-sync.ts, to programs: they run without a shell, with bounded time and output, and an environment of our own making. */
import { spawn, type ChildProcess } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { onExit } from 'signal-exit';
import { environmentOf, SYSTEM_PATH } from './exec-sync.ts';
import { errnoOf, messageOf, TickwardError } from './model/errors.ts';
import { shellLine } from './model/text.ts';

export interface ExecOptions {
  /** Milliseconds, default 10 s; then SIGTERM, and SIGKILL when the grace is over. */
  timeout?: number;
  /** Milliseconds, default 2 s. */
  grace?: number;
  /** Bytes of stdout and of stderr kept, default 16 MiB; more ends the program. */
  maxBuffer?: number;
  input?: string;
  /** Added to the fixed environment (PATH of the system, LC_ALL=C, SYSTEMD_COLORS=0, no pager). */
  env?: Record<string, string>;
  cwd?: string;
  /** Ends the program as a timeout does. */
  signal?: AbortSignal;
}

export interface ExecResult {
  /** undefined when it was ended by a signal. */
  exitCode: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

/** So long its output is still read when it has ended: what is in the pipe is there at once. */
const LINGER_MS = 500;
const GRACE_MS = 2_000;

/** Runs a program to its end. A program that exits non-zero is a result, not an error; one that is missing, hangs or floods is. By Node itself: execa takes 0.1 s to load, and this is all that most starts need. */
export async function run(file: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const timeout = options.timeout ?? 10_000;
  const { child, forget } = started(file, args, options);
  let timedOut = false;
  let force: NodeJS.Timeout | undefined;
  const end = (): void => {
    endGroup(child, 'SIGTERM');
    force ??= setTimeout(() => endGroup(child, 'SIGKILL'), options.grace ?? GRACE_MS);
  };
  const over = setTimeout(() => {
    timedOut = true;
    end();
  }, timeout);
  options.signal?.addEventListener('abort', end);
  // One that was given before tells nobody any more.
  if (options.signal?.aborted === true) end();
  let flooded = false;
  const limit = options.maxBuffer ?? 16 * 1024 * 1024;
  const onFlood = (): void => {
    flooded = true;
    endGroup(child, 'SIGKILL');
  };
  // What it started in the background may keep its output open for ever.
  let lingering: NodeJS.Timeout | undefined;
  child.once('exit', () => {
    lingering = setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()), LINGER_MS);
  });
  try {
    const [ended, stdout, stderr] = await Promise.all([endOf(child), textOf(child.stdout, limit, onFlood), textOf(child.stderr, limit, onFlood)]);
    if (flooded) throw new TickwardError('FAILED', `${file} wrote more than can be kept and was ended`);
    if (timedOut) throw new TickwardError('TIMEOUT', `${file} gave no answer within ${timeout / 1000} s and was ended`, { hint: `run it by hand to see why: ${shellLine([file, ...args])}` });
    return { ...ended, stdout, stderr };
  } catch (error) {
    throw error instanceof TickwardError ? error : notStarted(file, error);
  } finally {
    for (const timer of [over, force, lingering]) clearTimeout(timer);
    options.signal?.removeEventListener('abort', end);
    forget();
  }
}

/** Throws where it cannot even be tried. In a group of its own: Ctrl-C and a lost terminal are told to us alone, and we decide whether a change comes to its end. */
function started(file: string, args: readonly string[], { env, cwd, input }: ExecOptions): { child: ChildProcess; forget: () => void } {
  let child: ChildProcess | undefined;
  // With us it ends, whatever ends us: said before it is started, for a signal in between would leave it behind.
  const forget = onExit(() => {
    if (child !== undefined) endGroup(child, 'SIGTERM');
  });
  try {
    child = spawn(file, args, { detached: true, env: environmentOf(env), stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], ...(cwd === undefined ? {} : { cwd }) });
    // One that reads none of it, or has ended, says so itself.
    child.stdin?.on('error', () => undefined).end(input);
    return { child, forget };
  } catch (error) {
    forget();
    throw notStarted(file, error);
  }
}

/** The program, with what it started; nothing where it has ended by itself, for what it left in the background is meant to stay. */
function endGroup({ pid, exitCode, signalCode }: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended at this moment, or belongs to another user.
  }
}

function endOf(child: ChildProcess): Promise<Pick<ExecResult, 'exitCode' | 'signal'>> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }));
  });
}

function notStarted(file: string, error: unknown): TickwardError {
  if (errnoOf(error) === 'ENOENT') return new TickwardError('UNSUPPORTED', `${file} is not installed`, { hint: `install the package that has ${file}` });
  return new TickwardError('FAILED', `${file} could not be started: ${messageOf(error)}`);
}

/** A quarter of all that an investigation loads: only for programs that tell as they go. */
const loadExeca = async (): Promise<typeof import('execa').execa> => (await import('execa')).execa;

/** Whether `run` would find the program. */
export async function isInstalled(file: string): Promise<boolean> {
  const found = await Promise.all(SYSTEM_PATH.split(':').map((folder) => access(`${folder}/${file}`, constants.X_OK).then(() => true, () => false)));
  return found.includes(true);
}

export interface LineOptions extends Omit<ExecOptions, 'input' | 'signal' | 'grace'> {
  /** Each line of stdout as it comes, without its end. Of one that is longer than 16 MiB only the beginning. What it throws ends the program, and is thrown when that has ended. */
  onLine: (line: string) => void;
  /** Ends the program, with everything that it started. */
  signal?: AbortSignal;
}

/** Runs a program that tells as it goes. Its end is a result, however it ended; one that is missing is an error. stderr is kept as far as `maxBuffer` goes. */
export async function runLines(file: string, args: readonly string[], { onLine, signal, ...options }: LineOptions): Promise<Omit<ExecResult, 'stdout'> & { timedOut: boolean }> {
  const execa = await loadExeca();
  const child = execa(file, args, {
    reject: false,
    buffer: false,
    // A group of its own, so that what it started ends with it.
    detached: true,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
    forceKillAfterDelay: GRACE_MS,
    extendEnv: false,
    env: environmentOf(options.env),
    stdin: 'ignore',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const endAll = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // All of them have ended.
    }
  };
  signal?.addEventListener('abort', endAll, { once: true });
  // One that was given before, or while execa was loaded, tells nobody any more.
  if (signal?.aborted === true) endAll();
  let thrown: { error: unknown } | undefined;
  const tell = (line: string): void => {
    try {
      onLine(line);
    } catch (error) {
      thrown = { error };
      endAll();
      throw error;
    }
  };
  const lines = (async () => {
    let rest = '';
    for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
      const [first = '', ...others] = (chunk as string).split('\n');
      // What is beyond is left out up to the end of the line: never the middle alone.
      if (rest.length < MOST_LINE) rest = (rest + first).slice(0, MOST_LINE);
      for (const line of others) {
        tell(rest);
        rest = line;
      }
    }
    if (rest !== '') tell(rest);
  })();
  // What the stream itself throws is only that it was closed early, by the end of the program: what was told until then stands.
  const [result, stderr] = await Promise.all([child, textOf(child.stderr, options.maxBuffer ?? 16 * 1024 * 1024, endAll), lines.catch(() => undefined)]);
  signal?.removeEventListener('abort', endAll);
  if (result.timedOut || signal?.aborted === true) endAll();
  if (thrown !== undefined) throw thrown.error;
  if (result.code === 'ENOENT') throw new TickwardError('UNSUPPORTED', `${file} is not installed`, { hint: `install the package that has ${file}` });
  return { exitCode: result.exitCode, signal: result.signal, stderr, timedOut: result.timedOut };
}

const MOST_LINE = 16 * 1024 * 1024;

/** What a stream says, up to its end or to more than `limit` bytes. */
async function textOf(stream: Readable | null, limit: number, onFlood: () => void): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream ?? []) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length <= limit) continue;
      onFlood();
      return '';
    }
  } catch {
    // A program that was ended closes its streams early: what it said until then stands.
  }
  return Buffer.concat(chunks).toString();
}

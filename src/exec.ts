/** The one door to execa: programs run without a shell, with bounded time and output, and an environment of our own making. */
import { access, constants } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { environmentOf, SYSTEM_PATH } from './exec-sync.ts';
import { TickwardError } from './model/errors.ts';

export interface ExecOptions {
  /** Milliseconds, default 10 s; then SIGTERM, 2 s later SIGKILL. */
  timeout?: number;
  /** Bytes of stdout and of stderr kept, default 16 MiB; more ends the program. */
  maxBuffer?: number;
  input?: string;
  /** Added to the fixed environment (PATH of the system, LC_ALL=C, SYSTEMD_COLORS=0, no pager). */
  env?: Record<string, string>;
  cwd?: string;
}

export interface ExecResult {
  /** undefined when it was ended by a signal. */
  exitCode: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
}

/** A quarter of all that an investigation loads, and many runs of the program start nothing. */
const loadExeca = async (): Promise<typeof import('execa').execa> => (await import('execa')).execa;

/** So long its output is still read when it has ended: what is in the pipe is there at once. */
const LINGER_MS = 500;

/** Runs a program to its end. A program that exits non-zero is a result, not an error; one that is missing, hangs or floods is. */
export async function run(file: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const timeout = options.timeout ?? 10_000;
  const execa = await loadExeca();
  const child = execa(file, args, {
    reject: false,
    // Collected below: execa would put what overflows into an error message, escaped letter by letter, for seconds.
    buffer: false,
    timeout,
    forceKillAfterDelay: 2_000,
    extendEnv: false,
    env: environmentOf(options.env),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let flooded = false;
  const limit = options.maxBuffer ?? 16 * 1024 * 1024;
  const onFlood = (): void => {
    flooded = true;
    child.kill('SIGKILL');
  };
  // What it started in the background may keep its output open for ever.
  let lingering: NodeJS.Timeout | undefined;
  child.nodeChildProcess.once('exit', () => {
    lingering = setTimeout(() => [child.stdout, child.stderr].forEach((stream) => stream?.destroy()), LINGER_MS);
  });
  const [result, stdout, stderr] = await Promise.all([child, textOf(child.stdout, limit, onFlood), textOf(child.stderr, limit, onFlood)]);
  clearTimeout(lingering);
  if (flooded) throw new TickwardError('FAILED', `${file} wrote more than can be kept and was ended`);
  if (result.timedOut) throw new TickwardError('TIMEOUT', `${file} gave no answer within ${timeout / 1000} s and was ended`, { hint: `run it by hand to see why: ${file} ${args.join(' ')}` });
  if (result.code === 'ENOENT') throw new TickwardError('UNSUPPORTED', `${file} is not installed`, { hint: `install the package that has ${file}` });
  if (result.exitCode === undefined && result.signal === undefined) throw new TickwardError('FAILED', `${file} could not be started: ${result.shortMessage ?? result.code ?? 'unknown'}`);
  return { exitCode: result.exitCode, signal: result.signal, stdout, stderr };
}

/** Whether `run` would find the program. */
export async function isInstalled(file: string): Promise<boolean> {
  const found = await Promise.all(SYSTEM_PATH.split(':').map((folder) => access(`${folder}/${file}`, constants.X_OK).then(() => true, () => false)));
  return found.includes(true);
}

export interface LineOptions extends Omit<ExecOptions, 'input'> {
  /** Each line of stdout as it comes, without its end. Longer than 16 MiB it is cut. */
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
    forceKillAfterDelay: 2_000,
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
  const lines = (async () => {
    let rest = '';
    for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
      const parts = (rest + (chunk as string)).split('\n');
      rest = (parts.pop() ?? '').slice(0, MOST_LINE);
      parts.forEach(onLine);
    }
    if (rest !== '') onLine(rest);
  })();
  const [result, stderr] = await Promise.all([child, textOf(child.stderr, options.maxBuffer ?? 16 * 1024 * 1024, endAll), lines.catch(() => undefined)]);
  signal?.removeEventListener('abort', endAll);
  if (result.timedOut || signal?.aborted === true) endAll();
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

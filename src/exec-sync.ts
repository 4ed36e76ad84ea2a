/** Programs for those who have to wait for them: the tables of the embedded engine, in their own thread. The same bounds as `run` of exec.ts. */
import { spawnSync } from 'node:child_process';
import { errnoOf, messageOf, TickwardError } from './model/errors.ts';
import type { ExecOptions, ExecResult } from './exec.ts';

export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a program of the host needs of ours to find a user's manager; nothing else of our environment reaches it. */
const PASSED_ON = ['HOME', 'USER', 'LOGNAME', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS'] as const;

export function environmentOf(added: Record<string, string> = {}): Record<string, string> {
  const passed = Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  return { PATH: SYSTEM_PATH, LC_ALL: 'C', SYSTEMD_COLORS: '0', SYSTEMD_PAGER: '', ...passed, ...added };
}

/** `run` without a promise: when its time is over the program is killed at once. */
export function runSync(file: string, args: readonly string[], { timeout = 10_000, maxBuffer = 16 * 1024 * 1024, input, env, cwd }: ExecOptions = {}): ExecResult {
  const { error, status, signal, stdout, stderr } = spawnSync(file, args, { timeout, killSignal: 'SIGKILL', maxBuffer, encoding: 'utf8', env: environmentOf(env), stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], ...(input === undefined ? {} : { input }), ...(cwd === undefined ? {} : { cwd }) });
  switch (errnoOf(error)) {
    case undefined:
      return { exitCode: status ?? undefined, signal: signal ?? undefined, stdout, stderr };
    case 'ENOENT':
      throw new TickwardError('UNSUPPORTED', `${file} is not installed`, { hint: `install the package that has ${file}` });
    case 'ETIMEDOUT':
      throw new TickwardError('TIMEOUT', `${file} gave no answer within ${timeout / 1000} s and was ended`);
    case 'ENOBUFS':
      throw new TickwardError('FAILED', `${file} wrote more than can be kept and was ended`);
    default:
      throw new TickwardError('FAILED', `${file} could not be started: ${messageOf(error)}`);
  }
}

/** What every package is made with: where things are, and programs that have to go well. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../exec.ts';
import { TickwardError } from '../model/errors.ts';

export const ROOT = join(import.meta.dirname, '../..');
/** Scripts of the package managers and the default configuration. */
export const FILES = import.meta.dirname;

/** Compressed well, the packages take a minute on a quiet machine and many on a busy one. */
const PATIENCE_MS = 1_800_000;

export interface Build {
  version: string;
  /** Of all files, in Unix seconds: same sources, same bytes. */
  epoch: number;
  /** A directory of ours, to be thrown away. */
  work: string;
  /** Where the packages go. */
  out: string;
  /** Compressed fast instead of well, and types are not checked: to try, not to publish. */
  quick: boolean;
}

/** Debian's and RPM's words for the processor that this runs on. */
const ARCHITECTURE = { x64: { deb: 'amd64', rpm: 'x86_64' }, arm64: { deb: 'arm64', rpm: 'aarch64' } }[process.arch as string];

export function architecture(): { deb: string; rpm: string } {
  if (ARCHITECTURE === undefined) throw new TickwardError('UNSUPPORTED', `packages for ${process.arch} cannot be made`, { hint: 'make them on x86-64 or arm64' });
  return ARCHITECTURE;
}

/** What a program wrote; throws what it said when it failed. */
export async function made(file: string, args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await run(file, args, { timeout: PATIENCE_MS, ...options });
  if (exitCode !== 0) throw new TickwardError('FAILED', `${file} ${args[0] ?? ''} failed (${exitCode ?? 'killed'}): ${(stderr.trim() || stdout.trim()).split('\n').slice(-8).join('\n')}`, { hint: 'apt-get install dpkg-dev rpm binutils npm' });
  return stdout;
}

/** $SOURCE_DATE_EPOCH, else the time of the last commit, else a fixed day. */
export async function epochOf(environment: NodeJS.ProcessEnv): Promise<number> {
  const given = Number(environment['SOURCE_DATE_EPOCH'] || Number.NaN);
  if (Number.isInteger(given)) return given;
  const DAY_WITHOUT_HISTORY = Date.UTC(2026, 0, 1) / 1000;
  try {
    const { exitCode, stdout } = await run('git', ['-c', `safe.directory=${ROOT}`, 'log', '-1', '--format=%ct'], { cwd: ROOT });
    return exitCode === 0 ? Number(stdout.trim()) : DAY_WITHOUT_HISTORY;
  } catch {
    return DAY_WITHOUT_HISTORY;
  }
}

export function readJson<Shape>(path: string): Shape {
  return JSON.parse(readFileSync(path, 'utf8')) as Shape;
}

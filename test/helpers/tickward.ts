/** The program itself, as a person or a script runs it. */
import { spawnSync } from 'node:child_process';
import { built } from './program.ts';

export const PROGRAM = built('src/cli/tickward');

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Only the environment that is given, and never a terminal. */
export function tickward(args: readonly string[], options: { env?: Record<string, string>; input?: string } = {}): Ran {
  const { status, stdout, stderr } = spawnSync('/bin/sh', [PROGRAM, ...args], { encoding: 'utf8', input: options.input ?? '', timeout: 25_000, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/nonexistent', ...options.env } });
  return { code: status, stdout, stderr };
}

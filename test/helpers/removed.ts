/** remove_timer by the program itself on a booted host, and its undo. */
import { expect } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { PROGRAM, type Booted } from './booted.ts';
import { json } from './lines.ts';

export function respond(host: Booted, path: string, ...options: string[]): RunResult {
  return json<RunResult>(host.run([PROGRAM, 'respond', '--file', path, '--only', 'remove', '--json', ...options]));
}

export function undo(host: Booted, { run }: RunResult): RunResult {
  return json<RunResult>(host.run([PROGRAM, 'undo', run ?? '', '--json']));
}

/** Applies, and says why where it did not go well. */
export function remove(host: Booted, path: string): RunResult {
  const done = respond(host, path, '--yes');
  expect(done.steps.map(({ state, summary }) => (state === 'changed' ? state : `${state}: ${summary}`))).toEqual(['changed']);
  return done;
}

export function states(host: Booted, ...units: string[]): string[] {
  return host.run(['systemctl', 'show', '--property=LoadState,ActiveState', '--value', ...units]).stdout.trim().split('\n\n').map((block) => block.replace('\n', ' '));
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run, runLines } from '../src/exec.ts';
import { until } from './helpers/until.ts';

test('a program that fails is a result, with its exit code and both outputs', async () => {
  expect(await run('/bin/sh', ['-c', 'echo out; echo err >&2; exit 7'])).toEqual({ exitCode: 7, signal: undefined, stdout: 'out\n', stderr: 'err\n' });
});

test('a program that hangs is ended and named', async () => {
  await expect(run('/bin/sleep', ['30'], { timeout: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
});

test('how to run it by hand can be pasted, whatever it was given', async () => {
  await expect(run('/bin/sh', ['-c', 'sleep 30', "a'; echo PWNED; '"], { timeout: 0 })).rejects.toMatchObject({ hint: String.raw`run it by hand to see why: /bin/sh -c 'sleep 30' 'a'\''; echo PWNED; '\'''` });
});

test('a program that is not installed says so', async () => {
  await expect(run('tickward-no-such-program', [])).rejects.toMatchObject({ code: 'UNSUPPORTED', message: 'tickward-no-such-program is not installed' });
});

test('a program that floods is ended', async () => {
  await expect(run('/bin/sh', ['-c', 'yes'], { maxBuffer: 10_000 })).rejects.toMatchObject({ code: 'FAILED' });
});

test('nothing of our environment reaches it but what a user manager needs', async () => {
  process.env['LD_PRELOAD_FOR_TEST'] = 'x';
  expect((await run('/usr/bin/env', [])).stdout).not.toContain('LD_PRELOAD_FOR_TEST');
});

test('what it leaves in the background does not keep us waiting, though it holds the output open', async () => {
  const started = performance.now();
  const { stdout, exitCode } = await run('/bin/sh', ['-c', 'sleep 60 & echo $!']);
  expect({ exitCode, isQuick: performance.now() - started < 30_000 }).toEqual({ exitCode: 0, isQuick: true });
  process.kill(Number(stdout), 'SIGKILL');
});

test('one that does not listen to SIGTERM is killed', async () => {
  const started = performance.now();
  await expect(run('/bin/sh', ['-c', "trap '' TERM; while :; do sleep 1; done"], { timeout: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect(performance.now() - started).toBeGreaterThan(2_000);
});

test('what it is given arrives; one that reads none of it is no failure', async () => {
  const input = 'x'.repeat(1_000_000);
  expect((await run('/usr/bin/wc', ['-c'], { input })).stdout.trim()).toBe('1000000');
  expect(await run('/bin/true', [], { input })).toMatchObject({ exitCode: 0 });
});

test('arguments that no program can be given are a failure of their own', async () => {
  await expect(run('/bin/echo', ['a\0b'])).rejects.toMatchObject({ code: 'FAILED' });
});

test('it ends with us, also when a signal ends us', async () => {
  const exec = join(import.meta.dirname, '../src/exec.ts');
  const us = spawn(process.execPath, ['--input-type=module', '-e', `const { run } = await import(${JSON.stringify(exec)}); await run('/bin/sleep', ['60'], { timeout: 60_000 });`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const childOf = async (): Promise<number> => Number((await run('/usr/bin/pgrep', ['-P', String(us.pid)])).stdout.trim().split('\n')[0]);
  let child = 0;
  await until(async () => (child = await childOf()) > 0, () => 'the program that it runs');
  us.kill('SIGTERM');
  expect(await once(us, 'exit')).toEqual([null, 'SIGTERM']);
  await until(async () => (await run('/bin/kill', ['-0', String(child)])).exitCode !== 0, () => 'the end of that program');
});

test('what it started ends with it when its time is over', async () => {
  await expect(run('/bin/sh', ['-c', 'sleep 4711 & wait'], { timeout: 200 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  await until(async () => (await run('/usr/bin/pgrep', ['-f', '^sleep 4711$'])).exitCode !== 0, () => 'the end of what it started');
});

test('a signal that was given before the program runs ends it all the same', { timeout: 20_000 }, async () => {
  expect(await run('/bin/sleep', ['60'], { timeout: 60_000, signal: AbortSignal.abort() })).toMatchObject({ exitCode: undefined, signal: 'SIGTERM' });
  expect(await runLines('/bin/sleep', ['60'], { timeout: 60_000, onLine: () => undefined, signal: AbortSignal.abort() })).toMatchObject({ signal: 'SIGTERM', timedOut: false });
});

test('a signal that is given while execa is loaded ends what tells as it goes', { timeout: 20_000 }, async () => {
  const stop = new AbortController();
  const ended = runLines('/bin/sleep', ['60'], { timeout: 60_000, onLine: () => undefined, signal: stop.signal });
  stop.abort();
  expect(await ended).toMatchObject({ signal: 'SIGTERM', timedOut: false });
});

test('who cannot take a line of a program ends it, with what it started, and is told why; later lines are not given', { timeout: 20_000 }, async () => {
  const lines: string[] = [];
  const taking = runLines('/bin/sh', ['-c', 'sleep 60 & echo $!; echo more; wait'], {
    timeout: 60_000,
    onLine(line) {
      lines.push(line);
      throw new Error('the disk is full');
    },
  });
  await expect(taking).rejects.toThrow('the disk is full');
  expect(lines).toEqual([expect.stringMatching(/^\d+$/)]);
  await until(async () => (await run('/bin/kill', ['-0', lines[0] ?? ''])).exitCode !== 0, () => 'the end of what it started');
});

test('also the last line, which has no end, may be one that cannot be taken', async () => {
  const taking = runLines('/bin/printf', ['whole\\nrest'], {
    onLine(line) {
      if (line === 'rest') throw new Error('no room for the rest');
    },
  });
  await expect(taking).rejects.toThrow('no room for the rest');
});

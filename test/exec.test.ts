import { expect, test } from 'vitest';
import { run } from '../src/exec.ts';

test('a program that fails is a result, with its exit code and both outputs', async () => {
  expect(await run('/bin/sh', ['-c', 'echo out; echo err >&2; exit 7'])).toEqual({ exitCode: 7, signal: undefined, stdout: 'out\n', stderr: 'err\n' });
});

test('a program that hangs is ended and named', async () => {
  await expect(run('/bin/sleep', ['30'], { timeout: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' });
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

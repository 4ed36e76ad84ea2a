import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../helpers/until.ts';

const SOURCES = join(import.meta.dirname, '../../src');

/** A program of our own making that says `ready`, runs and waits. */
function running(script: string, { detached = false } = {}): { child: ChildProcess; output: () => string } {
  const imports = `const { uninterrupted, untilStopped } = await import('${SOURCES}/cli/signals.ts'); const { run } = await import('${SOURCES}/exec.ts');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', `${imports} ${script}`], { detached, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  return { child, output: () => output };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s while another program runs for us stops us in good order: that one comes to its end, and so does what follows', async (signal) => {
  const { child, output } = running(`const stopping = untilStopped(); const other = run('/bin/sh', ['-c', 'sleep 1; echo whole']); console.log('ready'); await stopping.stopped; console.log('stopped', (await other).stdout);`);
  await until(() => output().includes('ready'), output);
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(output()).toBe('ready\nstopped whole\n\n');
});

test.each(['SIGINT', 'SIGHUP'] as const)('%s to all that is in the foreground of the terminal does not cut in two what a program does for us', async (signal) => {
  const { child, output } = running(`await uninterrupted(async (signal) => { const change = run('/bin/sh', ['-c', 'echo begun >&2; sleep 1; echo whole']); console.log('ready'); const { stdout, exitCode } = await change; console.log(stdout.trim(), exitCode, signal.aborted); });`, { detached: true });
  await until(() => output().includes('ready'), output);
  // As the terminal gives it: to the whole group.
  process.kill(-(child.pid ?? 0), signal);
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(output()).toBe('ready\nwhole 0 true\n');
});

test('a second signal ends the program at once', async () => {
  const { child, output } = running(`const stopping = untilStopped(); console.log('ready'); await stopping.stopped; setTimeout(() => {}, 60_000); setTimeout(() => console.log('stopped'), 100);`);
  await until(() => output().includes('ready'), output);
  child.kill('SIGTERM');
  await until(() => output().includes('stopped'), output);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
});

test('a time beyond what a timer takes (24 days) is waited for all the same', async () => {
  const { child, output } = running(`const stopping = untilStopped(30 * 86_400_000); const first = await Promise.race([stopping.stopped.then(() => 'stopped'), new Promise((resolve) => setTimeout(resolve, 300, 'still waiting'))]); console.log(first); stopping.stop();`);
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(output()).toBe('still waiting\n');
});

test('work that changes something is told of a signal, and no other one ends it; when it is done they end the program again', async () => {
  const { child, output } = running(`let count = 0; process.on('SIGINT', () => console.log('signal', ++count)); const said = await uninterrupted(async (signal) => { console.log('ready'); while (count < 3) await new Promise((resolve) => setTimeout(resolve, 10)); return signal.aborted; }); process.removeAllListeners('SIGINT'); console.log('done', said, ['SIGINT', 'SIGTERM', 'SIGHUP'].map((each) => process.listenerCount(each)).join()); setTimeout(() => {}, 60_000);`);
  await until(() => output().includes('ready'), output);
  for (const signal of [1, 2, 3]) {
    child.kill('SIGINT');
    await until(() => output().includes(`signal ${signal}`), output);
  }
  await until(() => output().includes('done true 0,0,0'), output);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([null, 'SIGTERM']);
});

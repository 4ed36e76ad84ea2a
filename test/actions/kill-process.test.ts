import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { ActionContext } from '../../src/actions/index.ts';
import { killProcess } from '../../src/actions/kill-process.ts';
import { argumentsOf, processIds, startedAt, statOf } from '../../src/host/proc.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, hostIn } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';

const isRoot = process.getuid?.() === 0;

function context(changes: Partial<ActionContext> = {}): ActionContext {
  return { ...contextFor(hostIn(temporaryDirectory()), '/etc/systemd/system/evil.timer'), ...changes };
}

/** A process of the test's own that is ready when it is given. */
async function victim(script = 'echo ready; exec sleep 1000'): Promise<{ child: ChildProcess; pid: number; start: string }> {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return { child, pid: child.pid!, start: startedAt(statOf(child.pid!)!) };
}

test('a process is ended by number and start time, announced before', async () => {
  const { child, pid, start } = await victim();
  const plan = await killProcess.plan({ pid, start }, context());
  expect(plan).toMatchObject({ state: 'ready', steps: [{ target: `pid ${pid}`, text: expect.stringContaining('SIGTERM') }] });
  expect(await killProcess.verify(plan, context())).toEqual({ ok: false, text: `process ${pid} still runs` });
  const alive: boolean[] = [];
  const ended = once(child, 'exit');
  await killProcess.apply(plan, context(), () => alive.push(statOf(pid) !== undefined));
  expect(alive).toEqual([true]);
  expect(await ended).toEqual([null, 'SIGTERM']);
  expect(await killProcess.verify(plan, context())).toEqual({ ok: true, text: `process ${pid} is gone` });
});

test('a process that ignores SIGTERM is killed', async () => {
  const { child, pid, start } = await victim('trap "" TERM; echo ready; exec sleep 1000');
  const ended = once(child, 'exit');
  const plan = await killProcess.plan({ pid, start }, context());
  const changes: unknown[] = [];
  expect(await killProcess.apply(plan, context(), (change) => changes.push(change.data['signal']))).toEqual([`process ${pid} did not heed SIGTERM and was killed`]);
  expect(changes).toEqual(['SIGTERM', 'SIGKILL']);
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('another process that has the number now is left alone', async () => {
  const { pid, start } = await victim();
  const before = new Date(Date.parse(start) - 60_000).toISOString();
  expect(await killProcess.plan({ pid, start: before }, context())).toMatchObject({ state: 'nothing-to-do', reason: expect.stringContaining('another one') });
});

test('a process that was exchanged since the plan is not signalled', async () => {
  const { child, pid, start } = await victim();
  const plan = await killProcess.plan({ pid, start }, context());
  const changes: unknown[] = [];
  expect(await killProcess.apply({ ...plan, data: { ...plan.data, startTicks: '1' } }, context(), (change) => changes.push(change))).toEqual([`process ${pid} was gone already`]);
  expect(changes).toEqual([]);
  expect(child.exitCode).toBeNull();
  expect(statOf(pid)?.state).not.toBe('Z');
});

test('a process that is gone leaves nothing to do', async () => {
  const { child, pid, start } = await victim();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await killProcess.plan({ pid, start }, context())).toMatchObject({ state: 'nothing-to-do', steps: [] });
  expect(await killProcess.plan({}, context())).toMatchObject({ state: 'nothing-to-do', reason: 'the alert names no process' });
});

test('the process of the alert is taken when no number is given', async () => {
  const { pid, start } = await victim();
  const given = context();
  expect((await killProcess.plan({}, { ...given, target: { ...given.target, process: { pid, start } } })).steps[0]?.target).toBe(`pid ${pid}`);
});

test('a process that runs another program by now is named with both', async () => {
  const { pid, start } = await victim();
  await until(() => argumentsOf(pid)?.[0] === 'sleep');
  expect((await killProcess.plan({ pid, start, executable: '/tmp/evil' }, context())).notes.join()).toMatch(/ran \/tmp\/evil when it made the file and runs .*sleep now/);
});

test.each([
  ['the system itself', () => 1, /the system itself/],
  ['Tickward', () => process.pid, /Tickward itself/],
  ['what Tickward runs under', () => process.ppid, /runs under process/],
])('%s is never ended', async (_what, pid, reason) => {
  expect(await killProcess.plan({ pid: pid(), start: startedAt(statOf(pid())!) }, context())).toMatchObject({ state: 'blocked', reason: expect.stringMatching(reason) });
});

const kernelThread = processIds().find((pid) => statOf(pid)?.ppid === 2);

test.skipIf(kernelThread === undefined)('a thread of the kernel is never ended (skipped where none can be seen, as in a container)', async () => {
  expect(await killProcess.plan({ pid: kernelThread!, start: startedAt(statOf(kernelThread!)!) }, context())).toMatchObject({ state: 'blocked', reason: expect.stringContaining('thread of the kernel') });
});

test('a number without a start time names no process for sure', async () => {
  const { pid } = await victim();
  expect(await killProcess.plan({ pid }, context())).toMatchObject({ state: 'blocked', reason: expect.stringContaining('not known when') });
});

test('a protected process is refused', async () => {
  const { pid, start } = await victim();
  expect(await killProcess.plan({ pid, start }, context({ protectedPids: [pid] }))).toMatchObject({ state: 'blocked', reason: expect.stringContaining('protected') });
});

test.skipIf(!isRoot)('the process of another user needs root (needs root to look from another uid)', async () => {
  const { pid, start } = await victim();
  expect(await killProcess.plan({ pid, start }, context({ uid: 1234 }))).toMatchObject({ state: 'blocked', reason: expect.stringContaining('run as root') });
});

test('a command line with terminal escapes is shown escaped', async () => {
  const { pid, start } = await victim('echo ready; : "\u001b[2J"; read -r x');
  expect((await killProcess.plan({ pid, start }, context())).steps[0]?.text).toContain('\\e[2J');
});

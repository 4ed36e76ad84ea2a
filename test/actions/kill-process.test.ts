import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { killProcess } from '../../src/actions/kill-process.ts';
import { idOf, membersOf, running, signal, treeOf } from '../../src/actions/processes.ts';
import { processesBelow } from '../../src/host/cgroups.ts';
import { argumentsOf, processIds, startedAt, statOf, type ProcessStat } from '../../src/host/proc.ts';
import { isRoot } from '../helpers/needs.ts';
import { controlGroup, noCgroup, victim } from '../helpers/processes.ts';
import { anyContext } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';


const given = (params: object): ReturnType<typeof killProcess.params.parse> => killProcess.params.parse(params);

/** Live processes of a session. */
function inSession(session: number): ProcessStat[] {
  return processIds().flatMap((pid) => statOf(pid) ?? []).filter((stat) => stat.session === session && stat.state !== 'Z');
}

test('a process is ended by number and start time, announced before', async () => {
  const { child, pid, start } = await victim();
  const plan = await killProcess.plan(given({ pid, start }), anyContext());
  expect(plan).toMatchObject({ state: 'ready', steps: [{ target: `pid ${pid}`, text: expect.stringContaining('stop, then kill process') }] });
  expect(await killProcess.verify(plan, anyContext())).toEqual({ ok: false, text: `process ${pid} still runs` });
  const announced: Change[] = [];
  const ended = once(child, 'exit');
  await killProcess.apply(plan, anyContext(), (change) => {
    expect(statOf(pid)).toBeDefined();
    announced.push(change);
  });
  expect(announced.map(({ text, data }) => [text, data['kind']])).toEqual([[plan.steps[0]?.text, 'kill'], [undefined, 'stop-group'], [undefined, 'end']]);
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(await killProcess.verify(plan, anyContext())).toMatchObject({ ok: true, text: expect.stringContaining(`process ${pid} is gone`) });
});

test('a trap for SIGTERM never runs', async () => {
  const { child, pid, start } = await victim('trap "echo trapped" TERM; echo ready; while :; do sleep 0.01; done');
  let said = '';
  child.stdout?.on('data', (data) => (said += String(data)));
  const closed = once(child.stdout!, 'close');
  await killProcess.apply(await killProcess.plan(given({ pid, start }), anyContext()), anyContext(), () => {});
  await closed;
  expect(said).not.toContain('trapped');
});

test('all that it started is ended, and what forks meanwhile, though its parents end at once', async () => {
  const { pid, start } = await victim('(sh -c "sleep 1001 & exec sleep 1002" & ); chain() { ( sleep 0.002; chain & ) & }; echo ready; chain; chain; exec sleep 1003');
  await until(() => inSession(pid).length >= 3, () => 'its children', 30_000);
  const plan = await killProcess.plan(given({ pid, start }), anyContext());
  expect(plan.steps[0]?.text).toMatch(/and what descends from it$/);
  expect(plan.notes[0]).toMatch(/^with it go \d+ more now: /);
  await killProcess.apply(plan, anyContext(), () => {});
  expect(inSession(pid)).toEqual([]);
  expect(await killProcess.verify(plan, anyContext())).toMatchObject({ ok: true });
});

test('alone, what it started goes on', async () => {
  const { child, pid, start } = await victim('sleep 1001 & echo ready; wait');
  const ended = once(child, 'exit');
  const plan = await killProcess.plan(given({ pid, start, scope: 'process' }), anyContext());
  await killProcess.apply(plan, anyContext(), () => {});
  await ended;
  expect(inSession(pid)).toHaveLength(1);
  await until(() => inSession(pid).map(({ comm }) => comm).join() === 'sleep');
});

describe.skipIf(noCgroup !== undefined)(`with a control group (${noCgroup ?? 'available'})`, () => {
  test('all of a unit is ended, daemons in sessions of their own too', async () => {
    const cgroup = controlGroup();
    const { pid, start } = await victim('setsid sleep 1001 & setsid sh -c "while :; do sleep 0.01 & done" & echo ready; wait', cgroup);
    await until(() => processesBelow(cgroup).length >= 4);
    const plan = await killProcess.plan(given({ pid, start, scope: 'unit' }), anyContext());
    expect(plan).toMatchObject({ state: 'ready', steps: [{ target: cgroup, text: expect.stringContaining(`all of ${cgroup}`) }] });
    await killProcess.apply(plan, anyContext(), () => {});
    expect(processesBelow(cgroup)).toEqual([]);
  });

  test('a process with what descends from it is ended without what else is in its unit', async () => {
    const cgroup = controlGroup();
    const { pid, start } = await victim(undefined, cgroup);
    const other = await victim(undefined, cgroup);
    await killProcess.apply(await killProcess.plan(given({ pid, start, scope: 'tree' }), anyContext()), anyContext(), () => {});
    expect(processesBelow(cgroup)).toEqual([other.pid]);
    expect(statOf(other.pid)?.state).not.toBe('T');
  });

  test('one that is in no unit is not ended as a unit', async () => {
    const { pid, start } = await victim(undefined, '/');
    expect(await killProcess.plan(given({ pid, start, scope: 'unit' }), anyContext())).toMatchObject({ state: 'blocked', reason: `process ${pid} is in no unit of its own` });
  });

  test('the unit that Tickward runs in is never ended', async () => {
    const cgroup = controlGroup();
    const { pid, start } = await victim(undefined, cgroup);
    const other = await victim(undefined, cgroup);
    expect(await killProcess.plan(given({ pid, start, scope: 'unit' }), anyContext({ protectedPids: [other.pid] }))).toMatchObject({ state: 'blocked', reason: `process ${other.pid} is protected` });
  });
});

test('another process that has the number now is left alone', async () => {
  const { pid, start } = await victim();
  const before = new Date(Date.parse(start) - 60_000).toISOString();
  expect(await killProcess.plan(given({ pid, start: before }), anyContext())).toMatchObject({ state: 'nothing-to-do', reason: expect.stringContaining('another one') });
});

test.each(['process', 'tree'] as const)('a process that was exchanged since the plan is not touched (scope %s)', async (scope) => {
  const { child, pid, start } = await victim('sleep 1001 & echo ready; wait');
  const plan = await killProcess.plan(given({ pid, start, scope }), anyContext());
  const announced: Change[] = [];
  const remarks = await killProcess.apply({ ...plan, data: { ...plan.data, root: { pid, startTicks: '1' } } }, anyContext(), (change) => announced.push(change));
  expect(remarks).toEqual([expect.stringContaining(`process ${pid} is gone`)]);
  expect(announced).toEqual([]);
  expect(child.exitCode).toBeNull();
  expect(inSession(pid).map(({ state }) => state)).not.toContain('T');
});

test('a tree is what descends, by parent, session or group; not what has the number of one that is gone', () => {
  const stat = (pid: number, ppid: number, session: number, startTicks = 100n): ProcessStat => ({ pid, comm: 'x', state: 'S', ppid, pgrp: session, session, nice: 0, threads: 1, kernelThread: false, utime: 0n, stime: 0n, startTicks });
  const all = [stat(10, 1, 10), stat(11, 10, 10), stat(12, 1, 10), stat(13, 11, 13), stat(14, 1, 13), stat(20, 1, 20), stat(21, 20, 20)];
  const pids = (roots: { pid: number; startTicks: string }[], of = all): number[] => treeOf(roots, of).map(({ pid }) => pid);
  expect(pids([{ pid: 10, startTicks: '100' }])).toEqual([10, 11, 12, 13, 14]);
  expect(pids([{ pid: 10, startTicks: '99' }])).toEqual([]);
  // Its first process ended; the session lives on.
  expect(pids([{ pid: 10, startTicks: '100' }], all.slice(1))).toEqual([11, 12, 13, 14]);
});

test('a process that is gone leaves nothing to do', async () => {
  const { child, pid, start } = await victim();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await killProcess.plan(given({ pid, start }), anyContext())).toMatchObject({ state: 'nothing-to-do', steps: [] });
  expect(await killProcess.plan(given({}), anyContext())).toMatchObject({ state: 'nothing-to-do', reason: 'the alert names no process' });
});

test('one that has ended, and is only not waited for by its parent yet, is gone', async () => {
  const { pid } = await victim('true & echo ready; exec sleep 1000');
  const ended = (): ProcessStat | undefined => processIds().flatMap((each) => statOf(each) ?? []).find((stat) => stat.session === pid && stat.state === 'Z');
  await until(() => ended() !== undefined);
  const stat = ended();
  expect(await killProcess.plan(given({ pid: stat?.pid, start: startedAt(stat!) }), anyContext())).toMatchObject({ state: 'nothing-to-do', reason: `process ${stat?.pid} is gone` });
  expect([running(idOf(stat!)), signal(idOf(stat!), 'SIGKILL')]).toEqual([undefined, false]);
});

test('no signal reaches another process that has the number by now, nor counts as given when nobody has it', async () => {
  const { child, pid } = await victim();
  const id = idOf(statOf(pid)!);
  expect(signal({ pid, startTicks: '1' }, 'SIGKILL')).toBe(false);
  expect(signal(id, 'SIGSTOP')).toBe(true);
  await until(() => statOf(pid)?.state === 'T', () => 'the one that is meant, alive');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(signal(id, 'SIGKILL')).toBe(false);
});

test('what was found to descend from it is reached still when it has ended itself and nothing else leads there', async () => {
  const { child, pid } = await victim();
  const daemon = await victim('sleep 1001 & echo ready; wait');
  await until(() => inSession(daemon.pid).length === 2);
  const [root, seen] = [pid, daemon.pid].map((each) => idOf(statOf(each)!));
  child.kill('SIGKILL');
  await once(child, 'exit');
  const reached = (before: (typeof root & object)[]): number[] => membersOf({ scope: 'tree', root: root! }, before).map((stat) => stat.pid);
  expect([reached([]), reached([seen!])]).toEqual([[], inSession(daemon.pid).map((stat) => stat.pid)]);
});

test('the process of the alert is taken when no number is given', async () => {
  const { pid, start } = await victim();
  const host = anyContext();
  expect((await killProcess.plan(given({}), { ...host, target: { ...host.target, process: { pid, start } } })).steps[0]?.target).toBe(`pid ${pid}`);
});

test('a process that runs another program by now is named with both', async () => {
  const { pid, start } = await victim();
  await until(() => argumentsOf(pid)?.[0] === 'sleep');
  expect((await killProcess.plan(given({ pid, start, executable: '/tmp/evil' }), anyContext())).notes.join()).toMatch(/ran \/tmp\/evil when it made the file and runs .*sleep now/);
});

test.each([
  ['the system itself', () => 1, /the system itself/],
  ['Tickward', () => process.pid, /Tickward itself/],
  ['what Tickward runs under', () => process.ppid, /runs under process/],
])('%s is never ended', async (_what, pid, reason) => {
  expect(await killProcess.plan(given({ pid: pid(), start: startedAt(statOf(pid())!) }), anyContext())).toMatchObject({ state: 'blocked', reason: expect.stringMatching(reason) });
});

const kernelThread = processIds().find((pid) => statOf(pid)?.kernelThread);

test.skipIf(kernelThread === undefined)('a thread of the kernel is never ended (skipped where none can be seen, as in a container)', async () => {
  expect(await killProcess.plan(given({ pid: kernelThread!, start: startedAt(statOf(kernelThread!)!) }), anyContext())).toMatchObject({ state: 'blocked', reason: expect.stringContaining('thread of the kernel') });
});

test('a number without a start time names no process for sure', async () => {
  const { pid } = await victim();
  expect(await killProcess.plan(given({ pid }), anyContext())).toMatchObject({ state: 'blocked', reason: expect.stringContaining('not known when') });
});

test('a protected process is refused, also below another', async () => {
  const { pid, start } = await victim('sleep 1001 & echo ready; wait');
  await until(() => inSession(pid).length === 2);
  const child = inSession(pid).find((stat) => stat.pid !== pid)?.pid ?? 0;
  for (const each of [pid, child]) expect(await killProcess.plan(given({ pid, start }), anyContext({ protectedPids: [each] }))).toMatchObject({ state: 'blocked', reason: `process ${each} is protected` });
});

test.skipIf(!isRoot)('the process of another user needs root (needs root to look from another uid)', async () => {
  const { pid, start } = await victim();
  expect(await killProcess.plan(given({ pid, start }), anyContext({ uid: 1234 }))).toMatchObject({ state: 'blocked', reason: expect.stringContaining('run as root') });
});

test.skipIf(!isRoot)('root and its owner may end the process of any user (needs root to start one of another user)', async () => {
  const child = spawn('/bin/sleep', ['1000'], { uid: 65_534 });
  onTestFinished(() => void child.kill('SIGKILL'));
  await until(() => argumentsOf(child.pid ?? 0)?.[0] === '/bin/sleep');
  const params = given({ pid: child.pid, start: startedAt(statOf(child.pid!)!) });
  for (const uid of [0, 65_534]) expect(await killProcess.plan(params, anyContext({ uid }))).toMatchObject({ state: 'ready' });
});

test('a command line with terminal escapes is shown escaped', async () => {
  const { pid, start } = await victim('echo ready; : "\u001b[2J"; read -r x');
  expect((await killProcess.plan(given({ pid, start }), anyContext())).steps[0]?.text).toContain('\\e[2J');
});

import { describe, expect, test } from 'vitest';
import type { Change } from '../../src/actions/index.ts';
import { suspendProcess } from '../../src/actions/suspend-process.ts';
import { isFrozen, processesBelow } from '../../src/host/cgroups.ts';
import { processIds, statOf } from '../../src/host/proc.ts';
import { controlGroup, noCgroup, victim } from '../helpers/processes.ts';
import { anyContext } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';

const given = (params: object): ReturnType<typeof suspendProcess.params.parse> => suspendProcess.params.parse(params);
const states = (session: number): string[] => processIds().flatMap((pid) => statOf(pid) ?? []).filter((stat) => stat.session === session).map(({ state }) => state);

async function apply(params: object): Promise<{ plan: Awaited<ReturnType<typeof suspendProcess.plan>>; changes: Change[] }> {
  const plan = await suspendProcess.plan(given(params), anyContext());
  expect(plan.state).toBe('ready');
  const changes: Change[] = [];
  await suspendProcess.apply(plan, anyContext(), (change) => changes.push(change));
  expect(changes.flatMap(({ text }) => text ?? [])).toEqual(plan.steps.map(({ text }) => text));
  return { plan, changes: changes.toReversed() };
}

test('a process stops with all that it started, though that forks without end, and goes on after the undo', async () => {
  const { pid, start } = await victim('(while :; do sleep 0.01; done) & (while :; do sleep 0.01; done) & echo ready; wait');
  const { plan, changes } = await apply({ pid, start });
  // D: it waits in vfork(2) for a child that is stopped.
  expect(states(pid).filter((state) => !['T', 'D', 'Z'].includes(state))).toEqual([]);
  expect(await suspendProcess.verify(plan, anyContext())).toMatchObject({ ok: true, text: expect.stringMatching(/is suspended with [2-9] more/) });
  expect(await suspendProcess.plan(given({ pid, start }), anyContext())).toMatchObject({ state: 'nothing-to-do', reason: expect.stringContaining('suspended already') });
  const report = await suspendProcess.undo(changes, anyContext());
  expect(report).toMatchObject({ already: [], failed: [] });
  expect(report.done).toContain(`process ${pid} goes on`);
  expect(states(pid)).not.toContain('T');
  expect((await suspendProcess.undo(changes, anyContext())).done).toEqual([]);
});

test('what had been stopped before stays so after the undo', async () => {
  const { pid, start } = await victim('sleep 1001 & kill -STOP $!; echo ready; wait');
  await until(() => states(pid).includes('T'));
  const { changes } = await apply({ pid, start });
  await suspendProcess.undo(changes, anyContext());
  expect(states(pid).filter((state) => state === 'T')).toHaveLength(1);
});

test('the undo of a number that another process has by now touches nothing', async () => {
  const { pid } = await victim('echo ready; kill -STOP $$; exec sleep 1000');
  await until(() => statOf(pid)?.state === 'T');
  const report = await suspendProcess.undo([{ data: { kind: 'stop', pid, start_ticks: '1' } }], anyContext());
  expect(report).toEqual({ done: [], already: [`process ${pid} is gone`], failed: [] });
  expect(statOf(pid)?.state).toBe('T');
});

describe.skipIf(noCgroup !== undefined)(`with a control group (${noCgroup ?? 'available'})`, () => {
  test('all of a unit freezes, daemons too, and thaws', async () => {
    const cgroup = controlGroup();
    const { pid, start } = await victim('setsid sh -c "while :; do sleep 0.01; done" & echo ready; wait', cgroup);
    await until(() => processesBelow(cgroup).length >= 2);
    const { plan, changes } = await apply({ pid, start, scope: 'unit' });
    expect(isFrozen(cgroup)).toBe(true);
    expect(await suspendProcess.verify(plan, anyContext())).toMatchObject({ ok: true });
    expect(await suspendProcess.plan(given({ pid, start, scope: 'unit' }), anyContext())).toMatchObject({ state: 'nothing-to-do' });
    expect(await suspendProcess.undo(changes, anyContext())).toEqual({ done: [`the control group ${cgroup} goes on`], already: [], failed: [] });
    await until(() => !isFrozen(cgroup));
    expect((await suspendProcess.undo(changes, anyContext())).already).toEqual([`the control group ${cgroup} is not frozen`]);
  });

  test('a path of a control group that leads elsewhere is not written to', async () => {
    expect(await suspendProcess.undo([{ data: { kind: 'freeze', cgroup: '/../../../etc' } }], anyContext())).toEqual({ done: [], already: ['the control group /../../../etc is not frozen'], failed: [] });
  });
});

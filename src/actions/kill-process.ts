/** Ends the process of an alert with what it started, or all of its unit: stopped first, so that nothing of it forks away meanwhile. */
import { existsCgroup, killAll, setFrozen } from '../host/cgroups.ts';
import { TickwardError } from '../model/errors.ts';
import type { Action } from './action.ts';
import { membersOf, planFor, processParams, running, signal, type Group, type ProcessId, type ProcessParams } from './processes.ts';
import { suspendGroup, waitUntil } from './suspension.ts';

export const killProcess: Action<ProcessParams, Group> = {
  name: 'kill_process',
  summary: 'ends the process that made the file, if it still runs, with all that it started or all of its unit',
  example: 'action: kill_process\nparams: {pid: "{{process.pid}}", start: "{{process.start}}", executable: "{{process.executable}}", scope: tree}',
  needs: [],
  undoable: false,
  reversible: 'not: a process that was ended does not come back',
  params: processParams,

  async plan(given, context) {
    return planFor(given, context, 'stop, then kill');
  },

  async apply(plan, context, record) {
    const { data: group } = plan;
    if (membersOf(group).length === 0) return [goneText(group)];
    const [step] = plan.steps;
    record({ ...(step === undefined ? {} : { text: step.text }), data: { kind: 'kill', scope: group.scope, pid: group.root.pid, start_ticks: group.root.startTicks, ...(group.cgroup === undefined ? {} : { cgroup: group.cgroup }) } });
    const members = await suspendGroup(group, context, {
      process: ({ pid, startTicks }) => record({ data: { kind: 'signal', pid, start_ticks: startTicks, signal: 'SIGKILL' } }),
      processGroup: ({ pgrp }) => record({ data: { kind: 'signal', pgrp, signal: 'SIGKILL' } }),
      cgroup: (cgroup) => record({ data: { kind: 'freeze', cgroup } }),
    });
    if (group.cgroup === undefined || !killAll(group.cgroup)) for (const id of members) signal(id, 'SIGKILL');
    const left = (): ProcessId[] => members.filter((id) => running(id) !== undefined);
    const areGone = await waitUntil(() => left().length === 0);
    // Or what the manager starts in it next would never run.
    if (group.cgroup !== undefined && existsCgroup(group.cgroup)) setFrozen(group.cgroup, false);
    if (areGone) return members.length === 1 ? [] : [`${members.length} processes were ended`];
    const [first] = left();
    throw new TickwardError('FAILED', `process ${first?.pid ?? group.root.pid} still runs after SIGKILL: it waits in the kernel`, { hint: `see where: cat /proc/${first?.pid ?? group.root.pid}/stack` });
  },

  async verify({ data: group }) {
    const left = membersOf(group);
    return left.length === 0 ? { ok: true, text: goneText(group) } : { ok: false, text: left.length === 1 ? `process ${left[0]?.pid} still runs` : `${left.length} processes still run: ${left.map(({ pid }) => pid).join(', ')}` };
  },

  async undo() {
    return { done: [], already: [], failed: [] };
  },
};

function goneText({ scope, root }: Group): string {
  return `process ${root.pid} is gone${scope === 'process' ? '' : scope === 'tree' ? ' with what descended from it' : ' with all of its unit'}`;
}

/** Stops the process of an alert with what it started, or all of its unit, without ending anything: memory, files and sockets stay for whoever looks at them. */
import { z } from 'zod';
import { existsCgroup, isFreezing, isFrozen, setFrozen } from '../host/cgroups.ts';
import { advisedMessageOf } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Action, Change, UndoReport } from './action.ts';
import { membersOf, planFor, processParams, running, signal, type Group, type ProcessId, type ProcessParams } from './processes.ts';
import { isStopped, stoppedBy, suspendGroup, waitUntil } from './suspension.ts';

const stopped = z.object({ kind: z.literal('stop'), pid: z.int(), start_ticks: z.string() });
const processId = z.object({ pid: z.int(), startTicks: z.string() });
const groupStopped = z.object({ kind: z.literal('stop-group'), pgrp: z.int(), started_before: z.string().regex(/^\d+$/), stopped_before: z.array(processId) });
const frozen = z.object({ kind: z.literal('freeze'), cgroup: z.string() });

export const suspendProcess: Action<ProcessParams, Group> = {
  name: 'suspend_process',
  summary: 'stops the process that made the file, with all that it started or all of its unit, and leaves it as it is for evidence',
  example: 'action: suspend_process\nparams: {pid: "{{process.pid}}", start: "{{process.start}}", scope: unit}',
  needs: [],
  undoable: true,
  reversible: 'what was stopped goes on',
  params: processParams,

  async plan(given, context) {
    const plan = planFor(given, context, 'suspend');
    if (plan.state === 'ready' && isSuspended(plan.data)) return { ...plan, state: 'nothing-to-do', reason: `process ${plan.data.root.pid} is suspended already`, steps: [] };
    return plan;
  },

  async apply(plan, context, record) {
    const { data: group } = plan;
    const [step] = plan.steps;
    let text = step?.text;
    // The first change has the words of the plan; those of its members that come to light meanwhile are for the undo.
    const announce = (data: Change['data']): void => {
      record(text === undefined ? { data } : { text, data });
      text = undefined;
    };
    const members = await suspendGroup(group, context, {
      process: ({ pid, startTicks }) => announce({ kind: 'stop', pid, start_ticks: startTicks }),
      processGroup: ({ pgrp, started_before, stopped_before }) => announce({ kind: 'stop-group', pgrp, started_before, stopped_before: stopped_before.map(({ pid, startTicks }) => ({ pid, startTicks })) }),
      cgroup: (cgroup) => announce({ kind: 'freeze', cgroup }),
    });
    if (members.length === 0) return [`process ${group.root.pid} was gone already`];
    await waitUntil(() => isSuspended(group));
    return members.length === 1 ? [] : [`${members.length} processes are suspended`];
  },

  async verify({ data: group }) {
    const left = group.cgroup === undefined ? membersOf(group).filter((stat) => !isStopped(stat)) : [];
    if (isSuspended(group)) return { ok: true, text: membersOf(group).length === 0 ? `process ${group.root.pid} is gone` : `process ${group.root.pid} is suspended${group.scope === 'process' ? '' : ` with ${membersOf(group).length - 1} more`}` };
    return { ok: false, text: left.length === 0 ? `the control group ${printable(group.cgroup ?? '')} does not freeze: a process waits in the kernel` : `process ${left.map(({ pid }) => pid).join(', ')} still runs` };
  },

  /** In the order in which they were stopped: parents before children, as the changes come newest first. */
  async undo(changes) {
    const report: UndoReport = { done: [], already: [], failed: [] };
    for (const { data } of changes) {
      try {
        resume(data, report);
      } catch (error) {
        report.failed.push(advisedMessageOf(error));
      }
    }
    return report;
  },
};

function isSuspended(group: Group): boolean {
  return group.cgroup === undefined ? membersOf(group).every(isStopped) : isFrozen(group.cgroup) || membersOf(group).length === 0;
}

function resume(data: Change['data'], report: UndoReport): void {
  const one = stopped.safeParse(data).data;
  const group = groupStopped.safeParse(data).data;
  const unit = frozen.safeParse(data).data;
  if (one !== undefined) resumeProcess({ pid: one.pid, startTicks: one.start_ticks }, report);
  else if (group !== undefined) {
    const members = stoppedBy(group);
    if (members.length === 0) report.already.push(`nothing of the process group ${group.pgrp} is stopped`);
    for (const id of members) resumeProcess(id, report);
  } else if (unit !== undefined) thaw(unit.cgroup, report);
}

function resumeProcess(id: ProcessId, { done, already }: UndoReport): void {
  const stat = running(id);
  if (stat === undefined) already.push(`process ${id.pid} is gone`);
  else if (!isStopped(stat)) already.push(`process ${id.pid} runs already`);
  else if (signal(id, 'SIGCONT')) done.push(`process ${id.pid} goes on`);
}

function thaw(cgroup: string, { done, already }: UndoReport): void {
  if (!existsCgroup(cgroup) || !isFreezing(cgroup)) {
    already.push(`the control group ${printable(cgroup)} is not frozen`);
    return;
  }
  setFrozen(cgroup, false);
  done.push(`the control group ${printable(cgroup)} goes on`);
}

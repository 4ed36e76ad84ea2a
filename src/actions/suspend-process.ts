/** Stops the process of an alert with what it started, or all of its unit, without ending anything: memory, files and sockets stay for whoever looks at them. */
import { isFrozen } from '../host/cgroups.ts';
import { printable } from '../model/text.ts';
import type { Action, Change } from './action.ts';
import { worded } from './journal-forms.ts';
import { announcing, letGo } from './let-go.ts';
import { membersOf, planFor, processParams, type Group, type ProcessParams } from './processes.ts';
import { isStopped, suspendGroup, waitUntil } from './suspension.ts';

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
      record(worded(text, data));
      text = undefined;
    };
    const members = await suspendGroup(group, context, announcing(announce));
    if (members.length === 0) return [`process ${group.root.pid} was gone already`];
    await waitUntil(() => isSuspended(group));
    return members.length === 1 ? [] : [`${members.length} processes are suspended`];
  },

  async verify({ data: group }) {
    const left = group.cgroup === undefined ? membersOf(group).filter((stat) => !isStopped(stat)) : [];
    if (isSuspended(group)) return { ok: true, text: membersOf(group).length === 0 ? `process ${group.root.pid} is gone` : `process ${group.root.pid} is suspended${group.scope === 'process' ? '' : ` with ${membersOf(group).length - 1} more`}` };
    return { ok: false, text: left.length === 0 ? `the control group ${printable(group.cgroup ?? '')} does not freeze: a process waits in the kernel` : `process ${left.map(({ pid }) => pid).join(', ')} still runs` };
  },

  undo: letGo,
};

function isSuspended(group: Group): boolean {
  return group.cgroup === undefined ? membersOf(group).every(isStopped) : isFrozen(group.cgroup) || membersOf(group).length === 0;
}

/** Ends the process of an alert with what it started, or all of its unit: stopped first, so that nothing of it forks away meanwhile. */
import { killAll, thaw } from '../host/cgroups.ts';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Action } from './action.ts';
import { worded } from './journal-forms.ts';
import { announcing, letGo } from './let-go.ts';
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
    record(worded(step?.text, { kind: 'kill', scope: group.scope, pid: group.root.pid, start_ticks: group.root.startTicks, ...(group.cgroup === undefined ? {} : { cgroup: group.cgroup }) }));
    const members = await suspendGroup(group, context, announcing((data) => record({ data })));
    record({ data: { kind: 'end', processes: members.map(({ pid, startTicks }) => ({ pid, start_ticks: startTicks })) } });
    if (group.cgroup === undefined || !killAll(group.cgroup)) for (const id of rootLast(members, group)) signal(id, 'SIGKILL');
    const left = (): ProcessId[] => members.filter((id) => running(id) !== undefined);
    const areGone = await waitUntil(() => left().length === 0);
    // Or what the manager starts in it next would never run.
    if (group.cgroup !== undefined) thaw(group.cgroup);
    if (areGone) return members.length === 1 ? [] : [`${members.length} processes were ended`];
    const [first] = left();
    throw new TickwardError('FAILED', `process ${first?.pid ?? group.root.pid} still runs after SIGKILL: it waits in the kernel`, { hint: `see where: cat /proc/${first?.pid ?? group.root.pid}/stack` });
  },

  async verify({ data: group }) {
    const left = membersOf(group);
    if (left.length === 0) return { ok: true, text: goneText(group) };
    const numbers = left.map(({ pid }) => pid).join(', ');
    if (group.cgroup !== undefined && running(group.root) === undefined) return { ok: false, text: `process ${group.root.pid} is gone, but ${printable(group.cgroup)} has others by now (${numbers}): the manager started it again, so take the unit out (remove_timer)` };
    return { ok: false, text: left.length === 1 ? `process ${numbers} still runs` : `${left.length} processes still run: ${numbers}` };
  },

  /** What was stopped and not ended, because it was cut off or failed in between, goes on. */
  undo: letGo,
};

/** The youngest first: cut off in between, what is left still descends from the process that is looked for. */
function rootLast(members: readonly ProcessId[], { root }: Group): ProcessId[] {
  const isRoot = ({ pid }: ProcessId): boolean => pid === root.pid;
  return members.toSorted((one, other) => Number(isRoot(one)) - Number(isRoot(other)) || Number(BigInt(other.startTicks) - BigInt(one.startTicks)));
}

function goneText({ scope, root }: Group): string {
  return `process ${root.pid} is gone${scope === 'process' ? '' : scope === 'tree' ? ' with what descended from it' : ' with all of its unit'}`;
}

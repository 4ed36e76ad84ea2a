/** Lets go on what was stopped for a suspension, or for an end that did not come: processes, process groups, control groups. */
import { z } from 'zod';
import { thaw } from '../host/cgroups.ts';
import { advisedMessageOf } from '../model/errors.ts';
import type { JsonObject } from '../model/journal.ts';
import { printable } from '../model/text.ts';
import type { Change, UndoReport } from './action.ts';
import { running, signal, type ProcessId } from './processes.ts';
import { isStopped, stoppedBy, type Announce } from './suspension.ts';

const stopped = z.object({ kind: z.literal('stop'), pid: z.int(), start_ticks: z.string() });
const processId = z.object({ pid: z.int(), startTicks: z.string() });
const groupStopped = z.object({ kind: z.literal('stop-group'), pgrp: z.int(), started_before: z.string().regex(/^\d+$/), stopped_before: z.array(processId) });
const frozen = z.object({ kind: z.literal('freeze'), cgroup: z.string() });

/** How a suspension announces each stop, so that `letGo` can take it back. */
export function announcing(announce: (data: JsonObject) => void): Announce {
  return {
    process: ({ pid, startTicks }) => announce({ kind: 'stop', pid, start_ticks: startTicks }),
    processGroup: ({ pgrp, started_before, stopped_before }) => announce({ kind: 'stop-group', pgrp, started_before, stopped_before: stopped_before.map(({ pid, startTicks }) => ({ pid, startTicks })) }),
    cgroup: (cgroup) => announce({ kind: 'freeze', cgroup }),
  };
}

/** Newest first, as the changes come: parents go on before their children. */
export function letGo(changes: readonly Change[]): UndoReport {
  const report: UndoReport = { done: [], already: [], failed: [] };
  for (const { data } of changes) {
    try {
      resume(data, report);
    } catch (error) {
      report.failed.push(advisedMessageOf(error));
    }
  }
  return report;
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
  } else if (unit !== undefined) {
    if (thaw(unit.cgroup)) report.done.push(`the control group ${printable(unit.cgroup)} goes on`);
    else report.already.push(`the control group ${printable(unit.cgroup)} is not frozen`);
  }
}

function resumeProcess(id: ProcessId, { done, already }: UndoReport): void {
  const stat = running(id);
  if (stat === undefined) already.push(`process ${id.pid} is gone`);
  else if (!isStopped(stat)) already.push(`process ${id.pid} runs already`);
  else if (signal(id, 'SIGCONT')) done.push(`process ${id.pid} goes on`);
}

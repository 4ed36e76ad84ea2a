/** Lets go on what was stopped for a suspension, or for an end that did not come: processes, process groups, control groups. */
import { z } from 'zod';
import { thaw } from '../host/cgroups.ts';
import type { JsonObject } from '../model/journal.ts';
import { printable } from '../model/text.ts';
import type { Change, UndoReport } from './action.ts';
import { running, signal, type ProcessId } from './processes.ts';
import { isStopped, stoppedBy, type Announce } from './suspension.ts';
import { undoEach } from './undoing.ts';

const processId = z.object({ pid: z.int(), startTicks: z.string() });
const stopChange = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stop'), pid: z.int(), start_ticks: z.string() }),
  z.object({ kind: z.literal('stop-group'), pgrp: z.int(), started_before: z.string().regex(/^\d+$/), stopped_before: z.array(processId) }),
  z.object({ kind: z.literal('freeze'), cgroup: z.string() }),
]);

/** How a suspension announces each stop, so that `letGo` can take it back. */
export function announcing(announce: (data: JsonObject) => void): Announce {
  return {
    process: ({ pid, startTicks }) => announce({ kind: 'stop', pid, start_ticks: startTicks }),
    processGroup: ({ pgrp, started_before, stopped_before }) => announce({ kind: 'stop-group', pgrp, started_before, stopped_before: stopped_before.map(({ pid, startTicks }) => ({ pid, startTicks })) }),
    cgroup: (cgroup) => announce({ kind: 'freeze', cgroup }),
  };
}

/** Newest first, as the changes come: parents go on before their children. Other changes stopped nothing. */
export function letGo(changes: readonly Change[]): Promise<UndoReport> {
  return undoEach(changes, ({ data }, report) => {
    const { data: change } = stopChange.safeParse(data);
    if (change !== undefined) resume(change, report);
  });
}

function resume(change: z.infer<typeof stopChange>, report: UndoReport): void {
  if (change.kind === 'stop') resumeProcess({ pid: change.pid, startTicks: change.start_ticks }, report);
  else if (change.kind === 'stop-group') {
    const members = stoppedBy(change);
    if (members.length === 0) report.already.push(`nothing of the process group ${change.pgrp} is stopped`);
    for (const id of members) resumeProcess(id, report);
  } else if (thaw(change.cgroup)) report.done.push(`the control group ${printable(change.cgroup)} goes on`);
  else report.already.push(`the control group ${printable(change.cgroup)} is not frozen`);
}

function resumeProcess(id: ProcessId, { done, already }: UndoReport): void {
  const stat = running(id);
  if (stat === undefined) already.push(`process ${id.pid} is gone`);
  else if (!isStopped(stat)) already.push(`process ${id.pid} runs already`);
  else if (signal(id, 'SIGCONT')) done.push(`process ${id.pid} goes on`);
}

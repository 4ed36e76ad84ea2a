/** Takes a timer, its service and all that pulls them in out of a host, with copies of everything, and gives them back on undo. */
import { z } from 'zod';
import { look } from '../host/files.ts';
import { show } from '../host/paths.ts';
import { printable, textOfBytes } from '../model/text.ts';
import type { Action } from './action.ts';
import { isActive, managersOf, processesIn } from './manager.ts';
import type { Removal } from './removal.ts';
import { applyRemoval } from './removal-apply.ts';
import { planRemoval, targetPath, type RemovalParams } from './removal-plan.ts';
import { undoRemoval } from './removal-undo.ts';
import { findUnitFiles } from './unit-files.ts';

const params = z.strictObject({
  /** Take away the timer only. */
  keep_service: z.boolean().default(false),
  /** Leave the units masked until the next boot, so that a file that is dropped again cannot start. */
  keep_mask: z.boolean().default(true),
});

export const removeTimer: Action<RemovalParams, Removal> = {
  name: 'remove_timer',
  summary: 'stops the timer and its service and moves their files into the quarantine',
  example: 'action: remove_timer\nparams: {keep_service: false, keep_mask: true}',
  needs: [],
  undoable: true,
  reversible: 'the files come back from the quarantine with owner, mode and times, and what was active is started again',
  params,

  plan: planRemoval,

  apply: (plan, context, record) => applyRemoval(plan.data, context, record),

  async verify(plan, context) {
    const { units, present, otherNames, operations, kept, directories, cgroups } = plan.data;
    const taken = operations.flatMap((operation) => (operation.kind === 'file' || operation.kind === 'link' ? [operation.path] : []));
    const back = [...taken.filter((path) => look(path) !== undefined), ...findUnitFiles(units, directories).files.filter((file) => file.role !== 'directory' && !kept.includes(textOfBytes(file.path))).map((file) => file.path)];
    if (back[0] !== undefined) return { ok: false, text: `${show(back[0])} is there (again): something makes it anew, look for it` };
    for (const manager of managersOf(context)) {
      const running = (await manager.states(units)).find(isActive);
      if (running !== undefined) return { ok: false, text: `${printable(running.id)} is still ${printable(running.active)} for ${manager.name}` };
    }
    const left = cgroups.find((cgroup) => processesIn(cgroup) > 0);
    if (left !== undefined) return { ok: false, text: `processes are left in ${printable(left)}` };
    const gone = present.length === 0 ? `${show(targetPath(context.target))} is gone` : `${present.map(printable).join(' and ')} ${present.length === 1 ? 'is' : 'are'} gone`;
    return { ok: true, text: otherNames.length === 0 ? gone : `${gone}; what stays: ${otherNames.join('; ')}` };
  },

  undo: undoRemoval,
};

/** Takes a timer, its service and all that pulls them in out of a host, with copies of everything, and gives them back on undo. */
import { z } from 'zod';
import type { Action } from './action.ts';
import type { Removal } from './removal.ts';
import { applyRemoval } from './removal-apply.ts';
import { planRemoval, type RemovalParams } from './removal-plan.ts';
import { undoRemoval } from './removal-undo.ts';
import { verifyRemoval } from './removal-verify.ts';

const params = z.strictObject({
  /** Take away the timer only. */
  keep_service: z.boolean().default(false),
  /** Leave the units masked until the next boot, so that a file that is dropped again cannot start. */
  keep_mask: z.boolean().default(true),
});

export const removeTimer: Action<RemovalParams, Removal> = {
  name: 'remove_timer',
  summary: 'stops the timer and its service and moves their files into the quarantine; of a generator the file, and what it made is stopped',
  example: 'action: remove_timer\nparams: {keep_service: false, keep_mask: true}',
  needs: [],
  undoable: true,
  reversible: 'the files come back from the quarantine with owner, mode and times, and what was active is started again',
  params,

  plan: planRemoval,

  apply: (plan, context, record) => applyRemoval(plan.data, context, record),

  verify: (plan, context) => verifyRemoval(plan.data, context),

  undo: undoRemoval,
};

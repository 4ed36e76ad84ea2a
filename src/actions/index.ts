/** The only list of actions. A new one is a file here and a line below. */
import type { Action } from './action.ts';
import { blockIoc } from './block-ioc.ts';
import { confirmIsolation } from './confirm-isolation.ts';
import { isolate } from './isolate.ts';
import { killProcess } from './kill-process.ts';
import { quarantineFile } from './quarantine-file.ts';
import { release } from './release.ts';
import { removeTimer } from './remove-timer.ts';
import { restoreTimer } from './restore-timer.ts';
import { suspendProcess } from './suspend-process.ts';

export type { Action, ActionContext, Change, HostContext, Need, Plan, PlanStep, Target, UndoReport, Verdict } from './action.ts';
export { createHostContext } from './host-context.ts';

export const actions: readonly Action[] = [isolate, confirmIsolation, release, suspendProcess, killProcess, blockIoc, quarantineFile, removeTimer, restoreTimer];

export function actionNamed(name: string): Action | undefined {
  return actions.find((action) => action.name === name);
}

/** The only list of actions. A new one is a file here and a line below. */
import type { Action } from './action.ts';
import { blockIoc } from './block-ioc.ts';
import { collectEvidence } from './collect-evidence.ts';
import { confirmIsolation } from './confirm-isolation.ts';
import { isolate } from './isolate.ts';
import { killProcess } from './kill-process.ts';
import { lockAccount } from './lock-account.ts';
import { notify } from './notify.ts';
import { quarantineFile } from './quarantine-file.ts';
import { release } from './release.ts';
import { removeCronEntry } from './remove-cron-entry.ts';
import { removeTimer } from './remove-timer.ts';
import { restoreTimer } from './restore-timer.ts';
import { revokeSshKey } from './revoke-ssh-key.ts';
import { scan } from './scan.ts';
import { suspendProcess } from './suspend-process.ts';
import { sweepLocal } from './sweep-local.ts';
import { unlockAccount } from './unlock-account.ts';

export type { Action, ActionContext, Change, HostContext, Need, Plan, PlanStep, Target, UndoReport, Verdict } from './action.ts';
export { createHostContext } from './host-context.ts';
export { quarantinedIn, type Kept, type Quarantined } from './quarantined.ts';

export const actions: readonly Action[] = [isolate, confirmIsolation, release, suspendProcess, killProcess, blockIoc, quarantineFile, removeTimer, restoreTimer, lockAccount, unlockAccount, revokeSshKey, removeCronEntry, scan, collectEvidence, sweepLocal, notify];

export function actionNamed(name: string): Action | undefined {
  return actions.find((action) => action.name === name);
}

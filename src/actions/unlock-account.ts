/** Opens an account again that lock_account or somebody else had locked. */
import { z } from 'zod';
import { printable } from '../model/text.ts';
import { accountChange, accountOf, difference, entryOf, fieldsOf, refuseIfChanged, setFields, undoAccount, type AccountChange, type AccountFields } from './account.ts';
import { forget, keepBefore, rememberedOf } from './account-memory.ts';
import type { Action } from './action.ts';
import { worded } from './journal-forms.ts';

const params = z.strictObject({
  /** Without it the user whose unit the alert is about. */
  user: z.exactOptional(z.string()),
});

type Params = z.infer<typeof params>;

interface Data {
  user: string;
  uid: number;
  before: AccountFields;
  after: AccountFields;
}

const FIELDS: AccountFields = { locked: false, expires: '', last_change: '' };
const NO_DATA: Data = { user: '', uid: 0, before: FIELDS, after: FIELDS };

export const unlockAccount: Action<Params, Data> = {
  name: 'unlock_account',
  summary: 'opens an account again, as it was before lock_account locked it',
  example: 'action: unlock_account\nparams: {user: alice}',
  needs: ['root'],
  undoable: true,
  reversible: 'it is locked again as it was',
  params,

  async plan(given, context) {
    const user = accountOf(given.user, context);
    if (typeof user === 'string') return { state: given.user === undefined ? 'nothing-to-do' : 'blocked', reason: user, steps: [], notes: [], data: NO_DATA };
    const shown = printable(user.name);
    const entry = context.uid === 0 ? entryOf(user) : 'only root may unlock an account: run as root';
    if (typeof entry === 'string') return { state: 'blocked', reason: entry, steps: [{ text: `unlock ${shown}`, target: `account ${shown}` }], notes: [], data: NO_DATA };
    const before = fieldsOf(entry);
    const remembered = rememberedOf(context, user.name);
    const hasEnded = before.expires !== '' && Number(before.expires) <= Date.now() / 86_400_000;
    // A password that was set to expire stays so: whoever has it should not go on with it.
    const after = { locked: remembered?.locked ?? false, expires: remembered?.expires ?? (hasEnded ? '' : before.expires), last_change: before.last_change };
    const data: Data = { user: user.name, uid: user.uid, before, after };
    if (difference(user.name, after) === undefined) return { state: 'nothing-to-do', reason: `${shown} is not locked`, steps: [], notes: [], data };
    const steps = [{ text: `${after.locked ? 'leave the password of' : 'unlock the password of'} ${shown}${after.locked ? ' locked, as it was,' : ''} and let the account ${after.expires === '' ? 'not end' : `end on day ${after.expires}`} (usermod ${after.locked ? '' : '--unlock '}--expiredate '${after.expires}')`, target: `account ${shown}` }];
    const notes = remembered === undefined ? ['it was not locked by Tickward: that it should not end is assumed'] : [];
    if (before.locked && !after.locked && entry.password === 'empty') return { state: 'blocked', reason: `${shown} has no password: whoever asks would get in (set one with passwd ${shown}, that unlocks it)`, steps, notes, data };
    return { state: 'ready', steps, notes, data };
  },

  async apply(plan, context, record) {
    const { user, uid, before, after } = plan.data;
    refuseIfChanged(user, before);
    const data: AccountChange = { kind: 'account', user, uid, before, after };
    record(worded(plan.steps[0]?.text, data));
    await setFields(user, after);
    forget(context, user);
    return [];
  },

  async verify(plan) {
    const wrong = difference(plan.data.user, plan.data.after);
    return wrong === undefined ? { ok: true, text: `${printable(plan.data.user)} is as it was before it was locked` } : { ok: false, text: wrong };
  },

  async undo(changes, context) {
    const report = await undoAccount(changes, context);
    for (const { data } of changes) {
      const { success, data: change } = accountChange.safeParse(data);
      if (success) keepBefore(context, change.user, change.after);
    }
    return report;
  },
};

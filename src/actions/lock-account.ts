/** Keeps an account from being logged in to, by password and by key. */
import { z } from 'zod';
import { run } from '../exec.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import { printable } from '../model/text.ts';
import { accountChange, accountOf, difference, entryOf, fieldsOf, isShut, LONG_AGO, refuseIfChanged, setFields, undoAccount, whyInUse, type AccountChange, type AccountFields } from './account.ts';
import { endProcessesOf } from './account-end.ts';
import { forget, keepBefore } from './account-memory.ts';
import { processesOf, sessionsOf, standingOf } from './account-standing.ts';
import type { Action, ActionContext, Plan } from './action.ts';
import { worded } from './journal-forms.ts';

const params = z.strictObject({
  /** Without it the user whose unit the alert is about. */
  user: z.exactOptional(z.string()),
  /** The password has to be changed at the first login after the unlock. */
  expire_password: z.boolean().default(false),
  /** End what it has running: sessions, its manager, every process. */
  end_sessions: z.boolean().default(false),
  /** Also root, and also the account that this response is run from. */
  force: z.boolean().default(false),
});

type Params = z.infer<typeof params>;

interface Data {
  user: string;
  uid: number;
  before: AccountFields;
  after: AccountFields;
  end: boolean;
}

const FIELDS: AccountFields = { locked: true, expires: LONG_AGO, last_change: '' };
const NO_DATA: Data = { user: '', uid: 0, before: FIELDS, after: FIELDS, end: false };
const TERMINATE_MS = 15_000;

export const lockAccount: Action<Params, Data> = {
  name: 'lock_account',
  summary: 'locks an account so that neither a password nor a key opens it',
  example: 'action: lock_account\nparams: {user: mallory, end_sessions: true}',
  needs: ['root'],
  undoable: true,
  reversible: 'the lock, the day on which the account ends and the age of the password become what they were; sessions that were ended do not come back',
  params,

  async plan(given, context) {
    const user = accountOf(given.user, context);
    if (typeof user === 'string') return { state: given.user === undefined ? 'nothing-to-do' : 'blocked', reason: user, steps: [], notes: [], data: NO_DATA };
    const shown = printable(user.name);
    const target = `account ${shown}`;
    if (context.uid !== 0) return blocked('only root may lock an account: run as root', [{ text: `lock ${shown}`, target }]);
    const entry = entryOf(user);
    if (typeof entry === 'string') return blocked(entry, [{ text: `lock ${shown}`, target }]);
    const before = fieldsOf(entry);
    const after = { locked: true, expires: LONG_AGO, last_change: given.expire_password ? '0' : before.last_change };
    const processes = processesOf(user.uid).length;
    const end = given.end_sessions && processes > 0;
    const data: Data = { user: user.name, uid: user.uid, before, after, end };
    const steps = [
      ...(difference(user.name, after) === undefined ? [] : [{ text: `lock the password of ${shown} and let the account end (usermod --lock --expiredate 1)${given.expire_password ? '; the password expires (chage --lastday 0)' : ''}`, target }]),
      ...(end ? [{ text: `end the ${sessionsOf(user.name).length} sessions and ${processes} processes of ${shown}`, target }] : []),
    ];
    const notes = [...(await standingOf(user)), ...sharedNumber(user, context), ...(entry.password === 'empty' && !entry.locked ? [`${shown} has an empty password: the undo will not give that back`] : []), ...(given.end_sessions || processes === 0 ? [] : [`its sessions and processes go on: end_sessions ends them`])];
    const inUse = given.force ? undefined : whyInUse(user, context);
    if (user.uid === 0 && given.end_sessions) return { state: 'blocked', reason: `${shown} is root, as which the services of this host run: none of that is ended (leave out end_sessions, end what is the attacker's with kill_process)`, steps, notes, data };
    if (inUse !== undefined) return { state: 'blocked', reason: `${inUse}: it is locked with force only`, steps, notes, data };
    if (steps.length === 0) return { state: 'nothing-to-do', reason: `${shown} is locked already`, steps, notes, data };
    return { state: 'ready', steps, notes, data };
  },

  async apply(plan, context, record) {
    const { user, uid, before, after, end } = plan.data;
    const texts = plan.steps.map((step) => step.text);
    refuseIfChanged(user, before);
    if (difference(user, after) !== undefined) {
      const data: AccountChange = { kind: 'account', user, uid, before, after };
      record(worded(texts.shift(), data));
      keepBefore(context, user, before);
      await setFields(user, after);
    }
    if (!end) return [];
    record(worded(texts.shift(), { kind: 'sessions', user, uid }));
    // What logind does not know, or does not end in time, is ended below.
    if (context.systemd === 'running') await run('loginctl', ['--no-ask-password', 'terminate-user', '--', user], { timeout: TERMINATE_MS }).catch(() => undefined);
    const left = await endProcessesOf(uid, context);
    return left.length === 0 ? [] : [`${left.length} processes of ${printable(user)} are left: ${left.join(', ')}`];
  },

  async verify(plan) {
    const { user, uid, after, end } = plan.data;
    const wrong = difference(user, after);
    if (wrong !== undefined) return { ok: false, text: wrong };
    const left = end ? processesOf(uid).length : 0;
    return left === 0 ? { ok: true, text: `${printable(user)} is locked${end ? ' and has nothing running' : ''}` } : { ok: false, text: `${printable(user)} is locked, but ${left} of its processes run` };
  },

  async undo(changes, context) {
    const report = await undoAccount(changes, context);
    for (const { data } of changes) {
      const { success, data: change } = accountChange.safeParse(data);
      // What an earlier lock remembers is of use as long as that one lasts.
      if (success && !isShut(change.before)) forget(context, change.user);
    }
    return report;
  },
};

/** Whoever logs in as the other is the same user to the kernel: a door that the lock does not close. */
function sharedNumber({ name, uid }: PasswdEntry, { users }: ActionContext): string[] {
  const others = users.filter((each) => each.uid === uid && each.name !== name).map((each) => printable(each.name));
  return others.length === 0 ? [] : [`${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} the same number (uid ${uid}) and can still log in as the same user: lock that too; end_sessions ends the processes of all of them`];
}

function blocked(reason: string, steps: Plan['steps']): Plan<Data> {
  return { state: 'blocked', reason, steps, notes: [], data: NO_DATA };
}

/** Accounts as lock_account and unlock_account see them: which one is meant, whose it is, and how its fields of shadow(5) are set. */
import { z } from 'zod';
import { run } from '../exec.ts';
import { userOf, type PasswdEntry } from '../host/passwd.ts';
import { ancestorsOf, loginUidOf, ownerOf } from '../host/proc.ts';
import { shadowOf, type ShadowEntry } from '../host/shadow.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { firstLineOf, printable } from '../model/text.ts';
import type { ActionContext, Change, HostContext, UndoReport } from './action.ts';
import { known } from './journal-forms.ts';
import { emptyReport } from './undoing.ts';

const fields = z.strictObject({ locked: z.boolean(), expires: z.string().regex(/^\d*$/), last_change: z.string().regex(/^\d*$/) });
export type AccountFields = z.infer<typeof fields>;

/** As the journal keeps it; never with a hash. */
export const accountChange = z.strictObject({ kind: z.literal('account'), user: z.string(), uid: z.int(), before: fields, after: fields });
export type AccountChange = z.infer<typeof accountChange>;

const TIMEOUT_MS = 20_000;

/** usermod(8): an account that ended on the second day of 1970 has ended, and 0 would read as never in places. */
export const LONG_AGO = '1';

/** As lock_account leaves it. */
export function isShut({ locked, expires }: AccountFields): boolean {
  return locked && expires === LONG_AGO;
}

/** The account that is meant: the one that is named, else the one whose unit the alert is about. */
export function accountOf(name: string | undefined, context: ActionContext): PasswdEntry | string {
  const wanted = name ?? context.target.user;
  if (wanted === undefined) return 'no account was named, and the alert is about no user\'s unit';
  return context.users.find((user) => user.name === wanted) ?? `there is no account ${printable(wanted)}`;
}

export function fieldsOf(entry: ShadowEntry): AccountFields {
  return { locked: entry.locked, expires: entry.expires, last_change: entry.lastChange };
}

/** The shadow entry, or why there is none to work on. */
export function entryOf(user: PasswdEntry): ShadowEntry | string {
  try {
    return shadowOf(user.name) ?? `${printable(user.name)} is not in /etc/shadow: its account is kept elsewhere (a directory service), lock it there`;
  } catch (error) {
    return `/etc/shadow cannot be read: ${messageOf(error)}`;
  }
}

/** Why nobody should be locked out by this without having said so; undefined where that cannot happen. */
export function whyInUse(user: PasswdEntry, context: HostContext): string | undefined {
  if (user.uid === 0) return `${printable(user.name)} is root`;
  return usedUids(context).has(user.uid) ? `${printable(user.name)} is the account that this response is run from` : undefined;
}

/** Who we are, who logged in, who called sudo or su, and whoever's shell we run under. */
function usedUids(context: HostContext): Set<number> {
  const sudo = context.users.find((user) => user.name === process.env['SUDO_USER'])?.uid;
  const all = [context.uid, loginUidOf(process.pid), sudo, ...ancestorsOf(process.pid).map(ownerOf)];
  return new Set(all.filter((uid) => uid !== undefined));
}

/** Throws when usermod or chage do not do it. */
export async function setFields(name: string, wanted: AccountFields): Promise<void> {
  const now = shadowOf(name);
  if (now === undefined) throw new TickwardError('NOT_FOUND', `${printable(name)} is no longer in /etc/shadow`);
  const options = [...(wanted.locked === now.locked ? [] : [wanted.locked ? '--lock' : '--unlock']), ...(wanted.expires === now.expires ? [] : ['--expiredate', wanted.expires])];
  if (options.length > 0) await command('usermod', [...options, '--', name]);
  if (wanted.last_change !== now.lastChange) await command('chage', ['--lastday', wanted.last_change === '' ? '-1' : wanted.last_change, '--', name]);
}

async function command(program: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await run(program, args, { timeout: TIMEOUT_MS });
  if (exitCode !== 0) throw new TickwardError('FAILED', `${program} did not change the account: ${firstLineOf(stderr)}`, { hint: `try it by hand: ${[program, ...args].map(printable).join(' ')}` });
}

/** What differs from what is wanted, in words; undefined where nothing does. */
export function difference(name: string, wanted: AccountFields): string | undefined {
  const entry = shadowOf(name);
  if (entry === undefined) return `${printable(name)} is not in /etc/shadow`;
  const now = fieldsOf(entry);
  if (now.locked !== wanted.locked) return `the password of ${printable(name)} is ${now.locked ? 'locked' : 'not locked'}`;
  if (now.expires !== wanted.expires) return `${printable(name)} ${now.expires === '' ? 'does not expire' : `expires on day ${now.expires}`}`;
  return now.last_change === wanted.last_change ? undefined : `the password of ${printable(name)} was changed on day ${now.last_change}`;
}

export function refuseIfChanged(user: string, planned: AccountFields): void {
  if (difference(user, planned) !== undefined) throw new TickwardError('REFUSED', `${printable(user)} was changed since the plan was made`, { hint: 'plan again' });
}

/** Each field that still is as we set it becomes what it was before; what somebody else set since stays. */
export async function undoAccount(changes: readonly Change[], context: ActionContext): Promise<UndoReport> {
  const report = emptyReport();
  for (const change of changes) {
    if (change.data['kind'] === 'sessions') continue;
    try {
      await giveBack(known(accountChange, change), context, report);
    } catch (error) {
      report.failed.push(messageOf(error));
    }
  }
  return report;
}

async function giveBack({ user, uid, before, after }: AccountChange, context: ActionContext, report: UndoReport): Promise<void> {
  const shown = printable(user);
  const entry = shadowOf(user);
  const account = context.users.find((each) => each.name === user) ?? userOf(uid);
  if (entry === undefined || account?.name !== user || account.uid !== uid) throw new TickwardError('REFUSED', `${shown} is not the account any more that it was`, { hint: 'look at it by hand' });
  const now = fieldsOf(entry);
  const back = <Value>(is: Value, was: Value, set: Value): Value => (is === set ? was : is);
  const wanted = { locked: back(now.locked, before.locked, after.locked), expires: back(now.expires, before.expires, after.expires), last_change: back(now.last_change, before.last_change, after.last_change) };
  const isOpen = wanted.locked === false && now.locked && entry.password === 'empty';
  if (isOpen) wanted.locked = true;
  if (difference(user, wanted) !== undefined) {
    await setFields(user, wanted);
    report.done.push(`${shown} is as it was before`);
  } else if (!isOpen) report.already.push(`${shown} is as it was, or was changed since`);
  if (isOpen) report.failed.push(`the password of ${shown} stays locked: it was empty, and whoever asks would get in (passwd ${shown} sets one)`);
}

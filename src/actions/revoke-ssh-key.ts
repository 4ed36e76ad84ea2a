/** Takes a key out of every file from which sshd would accept it. */
import { z } from 'zod';
import { fingerprintOf, keyFilesOf, parseAuthorizedKey, type AuthorizedKey } from '../host/authorized-keys.ts';
import { readRegular } from '../host/files.ts';
import { toBytes } from '../host/paths.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable, shorten } from '../model/text.ts';
import type { Action, ActionContext, Plan } from './action.ts';
import { applyEdit, describeEdit, planEdit, type FileEdit, type Line } from './file-edit.ts';
import { editUndoer } from './file-edit-undo.ts';
import { worded } from './journal-forms.ts';
import { ownKeys } from './own-key.ts';
import { undoEach } from './undoing.ts';

const params = z.strictObject({
  /** `SHA256:…`, as sshd logs it. */
  fingerprint: z.exactOptional(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'a fingerprint is SHA256: and 43 characters of base64 (ssh-keygen -l)')),
  /** A line of authorized_keys or of an id_….pub, or only its base64. */
  key: z.exactOptional(z.string()),
  /** The whole comment of a key. */
  comment: z.exactOptional(z.string().min(1)),
  /** Only in the files of this user. */
  user: z.exactOptional(z.string()),
  /** Also the key with which whoever responds has logged in. */
  force: z.boolean().default(false),
});

type Params = z.infer<typeof params>;

interface Data {
  edits: FileEdit[];
  fingerprint: string;
  comment: string;
  users: string[];
}

const NO_DATA: Data = { edits: [], fingerprint: '', comment: '', users: [] };

export const revokeSshKey: Action<Params, Data> = {
  name: 'revoke_ssh_key',
  summary: 'takes an ssh key out of the authorized_keys of all users',
  example: 'action: revoke_ssh_key\nparams: {fingerprint: "SHA256:uNiVztksCsDhcc0u9e8BrrJXhoHhN0JMjVmiyVYcsYc"}',
  needs: [],
  undoable: true,
  reversible: 'the files come back byte for byte, with owner, mode and times, unless somebody changed them since',
  params,

  async plan(given, context) {
    const wanted = wantedOf(given);
    if (typeof wanted === 'string') return { state: given.key === undefined ? 'nothing-to-do' : 'blocked', reason: wanted, steps: [], notes: [], data: NO_DATA };
    const users = given.user === undefined ? context.users : context.users.filter((user) => user.name === given.user);
    if (given.user !== undefined && users.length === 0) return { state: 'blocked', reason: `there is no account ${printable(given.user)}`, steps: [], notes: [], data: NO_DATA };
    const { files, notes } = await keyFilesOf(users);
    const data: Data = { edits: [], ...wanted, users: users.map((user) => user.name) };
    const unread: string[] = [];
    const found: AuthorizedKey[] = [];
    const steps: Plan['steps'] = [];
    for (const { path } of files) {
      try {
        const edit = planEdit(toBytes(path), (line) => isWanted(line, wanted));
        if (edit === undefined) continue;
        data.edits.push(edit);
        found.push(...edit.lines.flatMap(({ text }) => parseAuthorizedKey(text) ?? []));
        steps.push(...describeEdit(edit, edit.lines.map(describe).join(' and ')));
      } catch (error) {
        if (!(error instanceof TickwardError && error.code === 'NOT_FOUND')) unread.push(messageOf(error));
      }
    }
    const planned = { steps, notes: [...notes, ...unread, ...(await warnings(given, found, context))], data };
    const own = given.force ? undefined : (await ownKeys(context)).find((fingerprint) => found.some((key) => key.fingerprint === fingerprint));
    if (own !== undefined) return { ...planned, state: 'blocked', reason: `you have logged in with the key ${own} yourself: it is revoked with force only` };
    if (data.edits.length > 0) return { ...planned, state: 'ready' };
    if (unread.length > 0) return { ...planned, state: 'blocked', reason: `the key is in no file that could be looked into, but not all could: ${unread[0]}` };
    return { ...planned, state: 'nothing-to-do', reason: 'no file lets this key in' };
  },

  async apply(plan, context, record) {
    const remarks: string[] = [];
    const texts = plan.steps.map((step) => step.text);
    for (const edit of plan.data.edits) {
      const own = texts.splice(0, edit.flags.length + 1);
      const made = applyEdit(edit, own, context, (data, text) => record(worded(text, data)));
      if (!made) remarks.push(`the key was gone already from ${printable(edit.path.toString())}`);
    }
    return remarks;
  },

  async verify(plan, context) {
    const { files } = await keyFilesOf(context.users.filter((user) => plan.data.users.includes(user.name)));
    const left = files.find(({ path }) => linesIn(path).some((text) => isWanted({ number: 0, text }, plan.data)));
    return left === undefined ? { ok: true, text: 'no file that could be read lets the key in' } : { ok: false, text: `the key is in ${printable(left.path)} (again)` };
  },

  undo: (changes) => undoEach(changes, editUndoer()),
};

interface Wanted {
  /** Empty where any will do. */
  fingerprint: string;
  comment: string;
}

function wantedOf(given: Params): Wanted | string {
  const base64 = given.key === undefined ? undefined : parseAuthorizedKey(given.key)?.key ?? (/^AAAA[A-Za-z0-9+/]{16,}={0,2}$/.test(given.key.trim()) ? given.key.trim() : undefined);
  if (given.key !== undefined && base64 === undefined) return 'the key is no public key of ssh: give the line of authorized_keys, or its part that begins with AAAA';
  const fingerprint = given.fingerprint?.replace(/=$/, '') ?? '';
  const ofKey = base64 === undefined ? '' : fingerprintOf(base64);
  if (fingerprint !== '' && ofKey !== '' && fingerprint !== ofKey) return 'the key and the fingerprint are of two different keys';
  if (fingerprint === '' && ofKey === '' && given.comment === undefined) return 'no key was named, by fingerprint, key or comment';
  return { fingerprint: fingerprint === '' ? ofKey : fingerprint, comment: given.comment ?? '' };
}

function isWanted({ text }: Line, { fingerprint, comment }: Wanted): boolean {
  const key = parseAuthorizedKey(text);
  return key !== undefined && (fingerprint === '' || key.fingerprint === fingerprint) && (comment === '' || key.comment.trim() === comment);
}

function describe({ number, text }: Line): string {
  const key = parseAuthorizedKey(text);
  return `the key ${key?.fingerprint ?? ''} "${shorten(key?.comment ?? '', 60)}"${key?.options === '' ? '' : ` with the options ${shorten(key?.options ?? '', 80)}`} (line ${number})`;
}

async function warnings(given: Params, found: readonly AuthorizedKey[], context: ActionContext): Promise<string[]> {
  const different = new Set(found.map((key) => key.fingerprint));
  return [
    ...(given.comment !== undefined && different.size > 1 ? [`${different.size} different keys have this comment`] : []),
    ...(found.length > 0 ? ['a session that is open with this key goes on: lock_account with end_sessions ends it'] : []),
    ...(context.sshConnection !== undefined && (await ownKeys(context)).length === 0 ? ['it is not known whether you have logged in with a key of your own: make sure that it is not this one'] : []),
  ];
}

const MOST_BYTES = 4 * 1024 ** 2;

function linesIn(path: string): string[] {
  try {
    return readRegular(toBytes(path), MOST_BYTES).content.toString().split('\n');
  } catch {
    return [];
  }
}

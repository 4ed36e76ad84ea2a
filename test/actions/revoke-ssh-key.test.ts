/** revoke_ssh_key on homes of the test's own, also as a plain user; with a real sshd in test/system/accounts.test.ts. */
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import type { ActionContext, Change, Plan } from '../../src/actions/index.ts';
import { revokeSshKey } from '../../src/actions/revoke-ssh-key.ts';
import { fingerprintOf } from '../../src/host/authorized-keys.ts';
import type { RunResult } from '../../src/respond/run.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { programOf } from '../helpers/program.ts';
import { contextFor, hostIn, plant, snapshot } from '../helpers/response.ts';
import { EVIL_KEY as EVIL, GOOD_KEY as GOOD } from '../helpers/ssh-keys.ts';
import { until } from '../helpers/until.ts';

const NODE = join(import.meta.dirname, '../../src/node.sh');
const ACT = programOf('test/helpers/act');

const KEYS = `# mine\nssh-ed25519 ${GOOD} alice@desk\r\n  from="*",command="a \\"b\\" #" ssh-ed25519 ${EVIL} \u001b[31mmallory $(id)\n\n#ssh-ed25519 ${EVIL} off\nssh-ed25519 ${EVIL} again`;

function setUp(files: Record<string, string> = { 'home/.ssh/authorized_keys': KEYS }): { root: string; keys: string; context: ActionContext } {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'home/.ssh'), { recursive: true });
  plant(root, files);
  const users = [{ name: 'alice', uid: process.getuid?.() ?? 0, gid: 0, gecos: '', home: join(root, 'home'), shell: '/bin/sh' }];
  return { root, keys: join(root, 'home/.ssh/authorized_keys'), context: contextFor({ ...hostIn(root), users }, '/etc/systemd/system/evil.timer') };
}

const plan = (params: object, context: ActionContext): Promise<Plan<never>> => revokeSshKey.plan(revokeSshKey.params.parse(params), context) as Promise<Plan<never>>;

async function apply(params: object, context: ActionContext): Promise<Change[]> {
  const ready = await plan(params, context);
  const changes: Change[] = [];
  await revokeSshKey.apply(ready, context, (change) => changes.push(change));
  expect(await revokeSshKey.verify(ready, context)).toMatchObject({ ok: true });
  expect(changes.map((change) => change.text)).toEqual(ready.steps.map((step) => step.text));
  return changes;
}

test.each([
  ['its fingerprint', { fingerprint: fingerprintOf(EVIL) }],
  ['its text', { key: EVIL }],
  ['a line of it', { key: `ssh-ed25519 ${EVIL} other comment` }],
])('a key is taken out by %s, every line of it and nothing else, and given back exactly', async (_how, params) => {
  const { root, keys, context } = setUp();
  chmodSync(keys, 0o640);
  const before = snapshot(root);
  const changes = await apply(params, context);
  expect(readFileSync(keys, 'utf8')).toBe(`# mine\nssh-ed25519 ${GOOD} alice@desk\r\n\n#ssh-ed25519 ${EVIL} off\n`);
  expect(lstatSync(keys).mode & 0o777).toBe(0o640);
  expect(changes[0]?.text).toContain('\\e[31mmallory $(id)');
  expect(await plan(params, context)).toMatchObject({ state: 'nothing-to-do' });
  const report = await revokeSshKey.undo(changes.toReversed(), context);
  expect(report).toEqual({ done: [`gave back ${keys}`], already: [], failed: [] });
  const { 'home/.ssh': _folder, ...after } = snapshot(root);
  expect(after).toEqual(Object.fromEntries(Object.entries(before).filter(([name]) => name !== 'home/.ssh')));
  expect((await revokeSshKey.undo(changes.toReversed(), context)).done).toEqual([]);
});

test('a comment names the whole comment, never a pattern', async () => {
  const { context } = setUp({ 'home/.ssh/authorized_keys': `ssh-ed25519 ${EVIL} a.*\nssh-ed25519 ${GOOD} abc\n` });
  expect((await plan({ comment: 'a.*' }, context)).steps).toHaveLength(1);
  expect((await plan({ comment: 'a' }, context)).state).toBe('nothing-to-do');
});

test('of a file that is longer than what is read at once every other line stays', async () => {
  const others = Array.from({ length: 2_000 }, (_, n) => `ssh-ed25519 ${GOOD} number-${n}\n`).join('');
  const { keys, context } = setUp({ 'home/.ssh/authorized_keys': `${others}ssh-ed25519 ${EVIL} mallory\n` });
  const changes = await apply({ key: EVIL }, context);
  expect(readFileSync(keys, 'utf8') === others).toBe(true);
  await revokeSshKey.undo(changes.toReversed(), context);
  expect(readFileSync(keys, 'utf8') === `${others}ssh-ed25519 ${EVIL} mallory\n`).toBe(true);
});

test('what names no key, or two, is refused', async () => {
  const { context } = setUp();
  expect((await plan({}, context)).state).toBe('nothing-to-do');
  expect(await plan({ key: '; rm -rf /' }, context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('no public key') });
  expect(await plan({ key: EVIL, fingerprint: fingerprintOf(GOOD) }, context)).toMatchObject({ state: 'blocked', reason: expect.stringContaining('two different keys') });
  expect(await plan({ key: EVIL, user: 'nobody-here' }, context)).toMatchObject({ state: 'blocked', reason: 'there is no account nobody-here' });
  expect(revokeSshKey.params.safeParse({ fingerprint: 'MD5:aa:bb' }).success).toBe(false);
});

test.each([
  ['a symbolic link', (at: string, root: string) => (writeFileSync(join(root, 'elsewhere'), KEYS), symlinkSync(join(root, 'elsewhere'), at)), /symbolic link/],
  ['a hard link', (at: string, root: string) => (writeFileSync(join(root, 'elsewhere'), KEYS), linkSync(join(root, 'elsewhere'), at)), /hard link/],
  ['a directory', (at: string) => mkdirSync(at), /is a directory/],
])('%s in its place is left alone, and nobody is told that the key is gone', async (_what, make, reason) => {
  const { root, keys, context } = setUp({});
  make(keys, root);
  const before = snapshot(root);
  expect(await plan({ key: EVIL }, context)).toMatchObject({ state: 'blocked', reason: expect.stringMatching(reason) });
  expect(snapshot(root)).toEqual(before);
});

test('a file that was changed since the plan is not written, and none that was changed since the run is overwritten by the undo', async () => {
  const { keys, context } = setUp();
  const ready = await plan({ key: EVIL }, context);
  writeFileSync(keys, `${KEYS}\nssh-ed25519 ${GOOD} new`);
  const changes: Change[] = [];
  await expect(revokeSshKey.apply(ready, context, (change) => changes.push(change))).rejects.toThrow(/was changed since it was looked at/);
  expect(changes).toEqual([]);
  expect(readFileSync(keys, 'utf8')).toBe(`${KEYS}\nssh-ed25519 ${GOOD} new`);
  const made = await apply({ key: EVIL }, context);
  writeFileSync(keys, 'somebody else');
  expect((await revokeSshKey.undo(made, context)).failed.join()).toMatch(/is not given back: it was changed since/);
  expect(readFileSync(keys, 'utf8')).toBe('somebody else');
});

test('the key that whoever responds has logged in with goes with force only, also below a sudo that hides it', () => {
  const { root, keys, context } = setUp();
  writeFileSync(join(root, 'auth'), `publickey ssh-ed25519 ${EVIL}\n`);
  // What sshd gives to the login shell; of what is called below it, the variable is gone.
  const act = (params: object): RunResult => JSON.parse(execFileSync('sh', ['-c', 'env -u SSH_USER_AUTH sh "$@"; :', 'sh', NODE, ACT, join(root, 'state'), 'revoke_ssh_key', JSON.stringify(params), JSON.stringify({ users: context.users })], { encoding: 'utf8', env: { ...process.env, SSH_USER_AUTH: join(root, 'auth') } })) as RunResult;
  expect(act({ key: EVIL }).steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining(`you have logged in with the key ${fingerprintOf(EVIL)} yourself`) }]);
  expect(readFileSync(keys, 'utf8')).toBe(KEYS);
  expect(act({ key: GOOD }).steps).toMatchObject([{ state: 'changed' }]);
  expect(act({ key: EVIL, force: true }).steps).toMatchObject([{ state: 'changed' }]);
});

test('a file that is gone by now comes back whole, and none from a copy that was tampered with', async () => {
  const { keys, context } = setUp();
  chmodSync(keys, 0o640);
  const made = await apply({ key: EVIL }, context);
  const left = readFileSync(keys, 'utf8');
  rmSync(keys);
  expect((await revokeSshKey.undo(made, context)).done).toEqual([`gave back ${keys}`]);
  expect([readFileSync(keys, 'utf8'), lstatSync(keys).mode & 0o777]).toEqual([KEYS, 0o640]);
  writeFileSync(keys, left);
  const copy = made[0]?.data['copy'] as { file: string };
  writeFileSync(copy.file, `ssh-ed25519 ${EVIL} more\n`);
  expect((await revokeSshKey.undo(made, context)).failed.join()).toMatch(/the copy .* in the quarantine was changed/);
  expect(readFileSync(keys, 'utf8')).toBe(left);
});

test('a run that was cut off after it was announced leaves the file whole, and is undone', async () => {
  const { root, keys, context } = setUp();
  const ready = await plan({ key: EVIL }, context);
  const changes: Change[] = [];
  await expect(revokeSshKey.apply(ready, context, (change) => {
    changes.push(change);
    throw new Error('cut off');
  })).rejects.toThrow('cut off');
  expect(readFileSync(keys, 'utf8')).toBe(KEYS);
  expect(await revokeSshKey.undo(changes, context)).toEqual({ done: [], already: [`${keys} is as it was`], failed: [] });
  expect(readdirSync(join(root, 'home/.ssh'))).toEqual(['authorized_keys']);
});

/** Puts a link to the victim's directory in place of .ssh and takes it away, as fast as it can. */
const ATTACKER = `
const { workerData: { root, running } } = require('node:worker_threads');
const fs = require('node:fs');
const flag = new Int32Array(running);
while (Atomics.load(flag, 0) === 1) {
  try {
    fs.renameSync(root + '/home/.ssh', root + '/home/aside');
    fs.symlinkSync(root + '/victim', root + '/home/.ssh');
    fs.unlinkSync(root + '/home/.ssh');
    fs.renameSync(root + '/home/aside', root + '/home/.ssh');
  } catch {}
  Atomics.add(flag, 1, 1);
}
`;

test('a directory that is exchanged for a link all the time never leads to another file', async () => {
  const { root, context } = setUp({ 'home/.ssh/authorized_keys': KEYS, 'victim/authorized_keys': KEYS });
  const running = new SharedArrayBuffer(8);
  const flag = new Int32Array(running);
  flag[0] = 1;
  const worker = new Worker(ATTACKER, { eval: true, workerData: { root, running } });
  onTestFinished(async () => {
    flag[0] = 0;
    await worker.terminate();
  });
  await until(() => Atomics.load(flag, 1) > 0, () => 'the first exchange');
  for (let round = 0; round < 60; round += 1) {
    try {
      const ready = await plan({ key: EVIL }, context);
      if (ready.state !== 'ready') continue;
      const changes: Change[] = [];
      await revokeSshKey.apply(ready, context, (change) => changes.push(change)).catch(() => undefined);
      await revokeSshKey.undo(changes, context);
    } catch {
      // Refused: the path was a link just then.
    }
    expect(readFileSync(join(root, 'victim/authorized_keys'), 'utf8')).toBe(KEYS);
  }
  expect(readdirSync(join(root, 'victim'))).toEqual(['authorized_keys']);
}, 60_000);

/** Entries of the journal as they have been written since the first version, and how an undo goes through them. */
import { expect, test } from 'vitest';
import { accountChange } from '../../src/actions/account.ts';
import { editChange } from '../../src/actions/file-edit.ts';
import { known, pathFromJson, pathToJson, worded } from '../../src/actions/journal-forms.ts';
import { removalChange } from '../../src/actions/removal.ts';
import { undoAtOnce, undoEach } from '../../src/actions/undoing.ts';
import { TickwardError } from '../../src/model/errors.ts';

const manager = { scope: 'user', user: 'alice' };
const at = { path: '/etc/systemd/system/a.timer' };
const odd = { path: '/etc/\ufffd', bytes: 'L2V0Yy//' };
const copy = { file: '/var/lib/tickward/quarantine/0a', sha256: '0a' };
const owned = { mode: 0o100644, uid: 0, gid: 0, atime_ns: '1', mtime_ns: '2' };
const xattrs = { 'user.a': 'YQ==' };

test.each([
  { kind: 'freeze', manager: { scope: 'system' }, unit: 'a.service', cgroup: '/system.slice/a.service' },
  { kind: 'wake', manager, active: ['a.timer'] },
  { kind: 'mask', manager, unit: 'a.timer', active: true, at, made_directory: false },
  { kind: 'unmask', manager, units: ['a.timer'] },
  { kind: 'stop', manager, unit: 'a.timer', active: true },
  { kind: 'attributes', at, flags: 'i' },
  { kind: 'file', at: odd, copy, owned, xattrs },
  { kind: 'file', at, copy, owned, xattrs, names: 2 },
  { kind: 'aside', at, to: odd, inode: '7' },
  { kind: 'link', at, target: { path: '/dev/null' }, owned },
  { kind: 'directory', at, owned, xattrs },
  { kind: 'original', at, sha256: '0a' },
  { kind: 'reload', manager, restart: [] },
  { kind: 'regenerate', manager, active: [] },
  { kind: 'times', directories: [{ at, before: '1', after: null }] },
])('a removal is read: $kind', (data) => {
  expect(known(removalChange, { data })).toEqual(data);
});

test.each([
  { kind: 'lines', at: odd, copy, owned, xattrs, after: '0b' },
  { kind: 'attributes', at, flags: 'ia' },
])('lines that were taken out are read: $kind', (data) => {
  expect(known(editChange, { data })).toEqual(data);
});

test('a locked account is read', () => {
  const data = { kind: 'account', user: 'alice', uid: 1000, before: { locked: false, expires: '', last_change: '19000' }, after: { locked: true, expires: '1', last_change: '19000' } };
  expect(known(accountChange, { data })).toEqual(data);
});

test.each([Buffer.from('/etc/é'), Buffer.from([0x2f, 0xff, 0x0a])])('a path comes back byte for byte: %s', (path) => {
  expect(pathFromJson(JSON.parse(JSON.stringify(pathToJson(path))) as { path: string }).equals(path)).toBe(true);
});

test('what cannot be taken back is said, with what to do, and the rest is taken back all the same', async () => {
  const changes = [worded('take \u001b[2Jit', { kind: 'stop', manager, unit: 'a.timer', active: 'maybe' }), worded(undefined, { kind: 'stop', manager, unit: 'b.timer', active: true })];
  const report = await undoEach(changes, (change, { done }) => void done.push(JSON.stringify(known(removalChange, change))));
  expect(report).toEqual({ done: [JSON.stringify(changes[1]?.data)], already: [], failed: ['the journal has a change that this version does not know: take \\e[2Jit — undo it with the version that made it'] });
});

test('of what is taken back at once it is said as well', async () => {
  expect(await undoAtOnce(async ({ done }) => {
    done.push('a part');
    throw new TickwardError('FAILED', 'no', { hint: 'look' });
  })).toEqual({ done: ['a part'], already: [], failed: ['no — look'] });
});

test('the changes are taken back one after the other', async () => {
  const order: string[] = [];
  const slow = (what: string): Promise<void> => new Promise((resolve) => setImmediate(() => {
    order.push(what);
    resolve();
  }));
  const report = await undoEach([{ data: { n: 1 } }, { data: { n: 2 } }], async ({ data }) => {
    order.push(`begin ${String(data['n'])}`);
    await slow(`end ${String(data['n'])}`);
    if (data['n'] === 1) throw new TickwardError('FAILED', 'no', { hint: 'look' });
  });
  expect([order, report.failed]).toEqual([['begin 1', 'end 1', 'begin 2', 'end 2'], ['no — look']]);
});

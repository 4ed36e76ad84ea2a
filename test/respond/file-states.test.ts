/** What the record says of files before and after a step. */
import { chmodSync, mkdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileStates } from '../../src/respond/file-states.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const states = (...targets: string[]): object => fileStates(targets.map((target) => ({ text: 'change it', target })));

test('a file with its hash, a link with its target, a directory, and what is not there', () => {
  const root = temporaryDirectory();
  const [file, link, directory, none] = ['file', 'link', 'directory', 'none'].map((name) => join(root, name)) as [string, string, string, string];
  writeFileSync(file, 'evil');
  chmodSync(file, 0o4755);
  symlinkSync('/nowhere', link);
  mkdirSync(directory, { mode: 0o700 });
  const { uid, gid, mtimeNs } = statSync(file, { bigint: true });
  const owner = { uid: Number(uid), gid: Number(gid) };
  expect(states(file, link, directory, none, file)).toEqual({
    [file]: { kind: 'file', mode: '4755', ...owner, size: 4, mtime_ns: String(mtimeNs), sha256: createHash('sha256').update('evil').digest('hex') },
    [link]: { kind: 'link', mode: '0777', ...owner, size: 8, mtime_ns: expect.stringMatching(/^\d+$/), target: '/nowhere' },
    [directory]: { kind: 'directory', mode: '0700', ...owner, size: expect.any(Number), mtime_ns: expect.stringMatching(/^\d+$/) },
    [none]: 'absent',
  });
});

test('a large file has no hash, one that is just not large has', () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  truncateSync(file, 16 * 1024 ** 2);
  expect(states(file)).toEqual({ [file]: expect.objectContaining({ size: 16 * 1024 ** 2, sha256: expect.any(String) }) });
  truncateSync(file, 16 * 1024 ** 2 + 1);
  expect(states(file)).toEqual({ [file]: expect.not.objectContaining({ sha256: expect.anything() }) });
});

test('what is no path is passed over, also one that can only be shown, and two hundred are enough', () => {
  expect(states('evil.timer', 'packet filter', String.raw`/etc/\xff`)).toEqual({});
  const many = Array.from({ length: 201 }, (_, n) => `/nowhere/${n}`);
  expect(Object.keys(states(...many))).toEqual(many.slice(0, 200));
});

test('a link on the way is said, not followed', () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'real'));
  writeFileSync(join(root, 'real/file'), '');
  symlinkSync('real', join(root, 'link'));
  const path = join(root, 'link/file');
  expect(states(path)).toEqual({ [path]: expect.stringMatching(/^not readable: .*link/) });
});

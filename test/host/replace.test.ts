import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkReplaceable, replaceFile } from '../../src/host/replace.ts';
import { temporaryDirectory } from '../helpers/events.ts';

function directory(): string {
  return realpathSync(temporaryDirectory());
}

test('what is written is there whole, for its owner alone, and nothing else is left', () => {
  const root = directory();
  const file = join(root, 'a.html');
  replaceFile(file, 'first');
  writeFileSync(join(root, 'open.html'), 'old', { mode: 0o644 });
  replaceFile(join(root, 'open.html'), 'second 漢');
  expect([readFileSync(file, 'utf8'), readFileSync(join(root, 'open.html'), 'utf8')]).toEqual(['first', 'second 漢']);
  expect(['a.html', 'open.html'].map((name) => lstatSync(join(root, name)).mode & 0o777)).toEqual([0o600, 0o600]);
  expect(readdirSync(root)).toEqual(['a.html', 'open.html']);
});

test('a link with that name is refused, and what it leads to stays', () => {
  const root = directory();
  writeFileSync(join(root, 'precious'), 'mine');
  symlinkSync('precious', join(root, 'a.html'));
  symlinkSync('nowhere', join(root, 'b.html'));
  for (const name of ['a.html', 'b.html']) {
    expect(() => checkReplaceable(join(root, name))).toThrow(/a symbolic link/);
    expect(() => replaceFile(join(root, name), 'x')).toThrow(/a symbolic link/);
  }
  expect(readFileSync(join(root, 'precious'), 'utf8')).toBe('mine');
  expect(readdirSync(root)).toEqual(['a.html', 'b.html', 'precious']);
});

test('a link on the way, a directory, a FIFO and a directory that is not there are refused', () => {
  const root = directory();
  mkdirSync(join(root, 'real'));
  symlinkSync('real', join(root, 'way'));
  mkdirSync(join(root, 'd.html'));
  spawnSync('mkfifo', [join(root, 'f.html')]);
  expect(() => replaceFile(join(root, 'way/a.html'), 'x')).toThrow(/way on the way is a symbolic link/);
  expect(() => replaceFile(join(root, 'd.html'), 'x')).toThrow(/a directory/);
  expect(() => replaceFile(join(root, 'f.html'), 'x')).toThrow(/no regular file/);
  expect(() => replaceFile(join(root, 'none/a.html'), 'x')).toThrow(/is not there/);
  expect(readdirSync(join(root, 'real'))).toEqual([]);
});

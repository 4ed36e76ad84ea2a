import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEnd, readStart } from '../../src/host/read.ts';
import { temporaryDirectory } from '../helpers/events.ts';

test.each([
  [3, 'abc', 'def'],
  [6, 'abcdef', 'abcdef'],
  [10, 'abcdef', 'abcdef'],
])('of a file no more than %i bytes are read, from its start or its end', (limit, start, end) => {
  const path = join(temporaryDirectory(), 'file');
  writeFileSync(path, 'abcdef');
  expect([readStart(path, limit)?.toString(), readEnd(path, limit)?.toString()]).toEqual([start, end]);
});

test('files of the kernel say nothing of their size and are read all the same', () => {
  expect(readStart('/proc/self/cmdline', 4)).toHaveLength(4);
});

test('what is no regular file, or is not there, is nothing, and nobody waits for it', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'folder'));
  spawnSync('mkfifo', [join(directory, 'fifo')]);
  for (const name of ['folder', 'fifo', 'none']) expect([readStart(join(directory, name), 4), readEnd(join(directory, name), 4)]).toEqual([undefined, undefined]);
});

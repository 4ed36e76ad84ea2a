/** What was done in a directory that is gone when its turn comes to be told. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lookAt } from '../../src/sensor/document.ts';
import { temporaryDirectory } from '../helpers/events.ts';

test('where a directory was, and a file or a link to itself is now, there is nothing in it', () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'there'));
  writeFileSync(join(root, 'there/x'), '');
  writeFileSync(join(root, 'file'), '');
  symlinkSync('loop', join(root, 'loop'));
  expect(['there', 'none', 'file', 'loop'].map((name) => lookAt(join(root, name, 'x'))?.isFile())).toEqual([true, undefined, undefined, undefined]);
  expect(() => lookAt(join(root, 'n'.repeat(300)))).toThrow('ENAMETOOLONG');
});

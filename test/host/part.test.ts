/** An attacker who owns the directory puts something in the place of the names that a file could have until it is complete. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentOf, exchange, type Expected } from '../../src/host/exchange.ts';
import { look, openFile, type FileState } from '../../src/host/files.ts';
import { copyToQuarantine, prepareQuarantine, unlinkFile } from '../../src/host/quarantine.ts';
import { placeFile, restoreFile } from '../../src/host/restore.ts';
import { temporaryDirectory } from '../helpers/events.ts';

/** By all that the attacker knows: the content and the number of the process. */
function occupy(directory: string, content: string): string[] {
  const names = [createHash('sha256').update(content).digest('hex').slice(0, 16), process.pid].map((each) => `.tickward-${each}.part`);
  for (const name of names) mkdirSync(join(directory, name));
  return names;
}

test('no directory that somebody made before keeps a file from being exchanged, restored or made', () => {
  const root = temporaryDirectory();
  const directory = join(root, 'home');
  mkdirSync(directory);
  const names = occupy(directory, 'new');
  const file = join(directory, 'keys');
  writeFileSync(file, 'old');
  const { state } = look(file) as { state: FileState };
  exchange(Buffer.from(file), contentOf(Buffer.from(file)) as Expected, Buffer.from('new'), state, () => {});
  expect(readFileSync(file, 'utf8')).toBe('new');
  using opened = openFile(file);
  const copy = copyToQuarantine(opened, prepareQuarantine(join(root, 'quarantine'), process.getuid?.() ?? 0));
  unlinkFile(opened);
  restoreFile(file, copy, opened.state, {});
  placeFile(join(directory, 'more'), { content: Buffer.from('new'), ...opened.state });
  expect(readdirSync(directory).sort()).toEqual([...names, 'keys', 'more'].sort());
});

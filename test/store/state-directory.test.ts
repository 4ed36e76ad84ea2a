/** What a state directory must be, and what in it is trusted. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { defaultStateDirectory } from '../../src/store/state-directory.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';

const STORE = new URL('../../src/store/index.ts', import.meta.url).pathname;

test('a directory of other things is not closed to others: it is refused and stays as it is', () => {
  const directory = join(temporaryDirectory(), 'work');
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(join(directory, 'notes.txt'), '');
  expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringContaining("holds what is not Tickward's (notes.txt)"), hint: expect.stringContaining('--state-dir DIR') }));
  expect(execFileSync('stat', ['-c', '%a', directory]).toString()).toBe('755\n');
  expect(readdirSync(directory)).toEqual(['notes.txt']);
});

test('a link in its place is refused, also with a slash at its end', () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'real'), { mode: 0o700 });
  symlinkSync('real', join(root, 'link'));
  for (const path of [join(root, 'link'), `${root}/link/`, `${root}/link//`]) expect(() => openStore(path)).toThrow('is a link');
});

test('where no directory can be made that is said at once', () => {
  expect(() => openStore('/proc/tickward/state')).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringMatching(/cannot be made: (?:that file system takes no directories|no permission)/) }));
});

test('a user without a home is asked for a directory', () => {
  for (const environment of [{}, { HOME: '' }, { XDG_STATE_HOME: 'relative' }]) expect(() => defaultStateDirectory(1000, environment)).toThrow(expect.objectContaining({ code: 'USAGE', hint: 'give --state-dir DIR' }));
});

test('every directory on the way is made, for its owner only', () => {
  const root = temporaryDirectory();
  openStore(join(root, 'a/b/state')).close();
  expect(execFileSync('stat', ['-c', '%a', join(root, 'a'), join(root, 'a/b'), join(root, 'a/b/state')]).toString()).toBe('700\n700\n700\n');
});

describe('a file in it that others may have put there is refused', () => {
  const names = ['events.db', 'events.db-wal', 'journal.db', 'journal.db-shm', 'sensor.lock', 'readers.lock', 'quarantine'];
  const cases: [what: string, message: RegExp, make: (path: string) => void][] = [
    ['a link', /is a link/, (path) => symlinkSync('/etc/passwd', path)],
    ['something else', /is no (?:regular file|directory)/, (path) => (path.endsWith('quarantine') ? writeFileSync(path, '') : mkdirSync(path))],
    ['written by anyone', /can be written by others/, (path) => {
      if (path.endsWith('quarantine')) mkdirSync(path);
      else writeFileSync(path, '');
      chmodSync(path, 0o777);
    }],
    ['a second name', /one of 2 names|is no directory/, (path) => {
      writeFileSync(`${path}.other`, '');
      linkSync(`${path}.other`, path);
    }],
  ];
  test.each(names.flatMap((name) => cases.map(([what, message, make]) => ({ name, what, message, make }))))('$name: $what', ({ name, message, make }) => {
    const directory = temporaryDirectory();
    make(join(directory, name));
    expect(() => openStore(directory)).toThrow(expect.objectContaining({ code: 'STATE', message: expect.stringMatching(message), hint: expect.stringContaining('mv ') }));
  });

  test.skipIf(!isRoot)('of another owner (needs root to make one)', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'journal.db'), '');
    chownSync(join(directory, 'journal.db'), 4711, 4711);
    expect(() => openStore(directory)).toThrow('journal.db belongs to uid 4711');
  });
});

test('what Tickward leaves in it is trusted again, also after it was killed', async () => {
  const directory = temporaryDirectory();
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', `import { openStore } from ${JSON.stringify(STORE)}; globalThis.store = openStore(${JSON.stringify(directory)}); console.log('open'); setInterval(() => {}, 1000);`], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(readdirSync(directory)).toContain('events.db-wal');
  openStore(directory).close();
});

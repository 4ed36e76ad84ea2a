import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../helpers/events.ts';
import { PROGRAM } from '../helpers/tickward.ts';

test('in a directory that was removed it answers all the same, and says where names are looked for', () => {
  const root = temporaryDirectory();
  const inLost = (...args: string[]): { status: number | null; stdout: string; stderr: string } => spawnSync('/bin/sh', ['-ec', 'mkdir lost; cd lost; rmdir ../lost; exec "$@"', 'sh', PROGRAM, ...args, '--state-dir', join(root, 'state')], { cwd: root, encoding: 'utf8', timeout: 25_000 });
  const answered = inLost('query', '--engine', 'embedded', '--json', "SELECT path FROM file WHERE path = '/etc/passwd'");
  expect(answered).toMatchObject({ status: 0, stderr: expect.stringContaining('the current directory is gone or cannot be reached: names that do not begin with / are looked for in /\n') });
  expect(JSON.parse(answered.stdout)).toEqual([{ path: '/etc/passwd' }]);
  expect(inLost('investigate', '--file', 'lost.timer', '--no-input').stderr).toMatch(/tickward: .*\/lost\.timer/);
});

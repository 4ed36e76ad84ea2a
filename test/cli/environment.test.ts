/** Users without an environment, on a host of the test's own. */
import { expect, test } from 'vitest';
import { notRoot, ownHost, TICKWARD, USER } from '../helpers/host.ts';

const bare = (uid: number, ...args: string[]): string[] => ['setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', 'env', '-i', TICKWARD, ...args];

test.skipIf(notRoot !== undefined)(`a user without HOME and without an entry runs what needs no state, and is told where there is nowhere to keep it (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  expect(host.run(bare(4711, 'query', '--engine', 'embedded', '--json', 'SELECT 1 AS one'))).toMatchObject({ status: 0, stdout: '[{"one":"1"}]\n', stderr: '' });
  expect(host.run(bare(4711, 'rule', 'list')).status).toBe(0);
  expect(host.run(bare(4711, 'alerts'))).toMatchObject({ status: 2, stderr: expect.stringContaining('give --state-dir DIR') });
  expect(host.run(bare(4711, 'doctor')).stdout).toMatch(/state directory +no home directory/);
});

test.skipIf(notRoot !== undefined)(`a user without HOME keeps state in the home of the user database (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  expect(host.run(bare(USER.uid, 'alerts')).status).toBe(0);
  expect(host.run(['ls', `${USER.home}/.local/state/tickward`]).stdout).toContain('events.db');
});

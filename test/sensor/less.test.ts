/** That of a process the certain is said and the uncertain is not: its program without its arguments, its program without its user. */
import { chmodSync, realpathSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { notPrivileged, perform, PYTHON, sense, type Sensing } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const SH = realpathSync('/bin/sh');

/** On a directory that everybody may write to, and there for a while: what is opened within 200 ms of its start need not be in its log. */
async function settledIn(): Promise<Sensing> {
  const started = performance.now();
  const sensing = await sense('auto', { before: (root) => chmodSync(root, 0o777) });
  chmodSync(join(sensing.root, '..'), 0o755);
  await until(() => performance.now() - started > 400);
  return sensing;
}

const BECOME = 'import ctypes, threading\nbecome = lambda: ctypes.CDLL(None).syscall(ctypes.c_long(117), 65534, 65534, 65534)\nmake = lambda: open("a.timer", "w").close()\n';

describe.skipIf(notPrivileged !== undefined)(`what is certain and what is not (${notPrivileged ?? 'as root'})`, () => {
  test('a program that runs itself again is named, and not with which arguments it was', async () => {
    const sensing = await settledIn();
    // While it runs, the sensor in this process reads nothing.
    const { pid } = spawnSync('/bin/sh', ['-c', 'echo x > a.timer; exec /bin/sh -c :'], { cwd: sensing.root });
    const { process: maker, user, tickward } = await sensing.line('creation a.timer');
    expect(maker).toMatchObject({ pid, executable: SH, parent: { pid: process.pid } });
    expect([maker?.command_line, maker?.args, user?.id]).toEqual([undefined, undefined, '0']);
    expect([tickward.attribution, tickward.attribution_note]).toEqual(['bpf', expect.stringContaining('with which arguments is not known')]);
  });

  test.skipIf(process.arch !== 'x64').for([
    ['a thread that became another user', 'threading.Thread(target=lambda: (become(), make(), threading.Event().wait(0.2))).start()'],
    ['a process that became another user and has ended', 'become(); make(); import os; os._exit(0)'],
  ])('%s is not said to be the user that the process began as (x86-64)', async ([what, code]) => {
    const sensing = await settledIn();
    const pid = what?.startsWith('a thread') === true ? await perform(PYTHON, ['-c', BECOME + code], { cwd: sensing.root }) : spawnSync(PYTHON, ['-c', BECOME + code], { cwd: sensing.root }).pid;
    const { process: maker, user, file, tickward } = await sensing.line('creation a.timer');
    expect([file.uid, user, maker?.user]).toEqual(['65534', undefined, undefined]);
    expect(maker).toMatchObject({ pid, executable: PYTHON });
    expect(tickward.attribution_note).toContain('another user');
  });
});

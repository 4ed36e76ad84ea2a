/** Processes of a user of the test's own, whom no account has. */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { endProcessesOf } from '../../src/actions/account-end.ts';
import { processesOf } from '../../src/actions/account-standing.ts';
import * as processes from '../../src/actions/processes.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { hostIn } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';

const UID = 471_100 + (process.pid % 100);

vi.mock('../../src/actions/processes.ts', { spy: true });
afterEach(() => void vi.restoreAllMocks());

function start(script: string): ChildProcess {
  const child = spawn('/bin/sh', ['-c', script], { uid: UID, gid: UID, cwd: '/', stdio: 'ignore', detached: true });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    } catch {
      // All of it is gone.
    }
  });
  return child;
}

describe.skipIf(!isRoot)('needs root', () => {
  test('all that a user has running is ended, also what starts more all the time', async () => {
    start('sleep 1000 & exec sleep 1000');
    start('while :; do sleep 1000 & sleep 0.01; done');
    await until(() => processesOf(UID).length > 5, () => 'more were started');
    expect(await endProcessesOf(UID, hostIn(temporaryDirectory()))).toEqual([]);
    expect(processesOf(UID)).toEqual([]);
  });

  test('one that does not end, as in D state, is waited for without taking a processor, and everything else goes on', async () => {
    const pid = start('exec sleep 1000').pid ?? 0;
    await until(() => processesOf(UID).length > 0, () => 'it runs');
    const signal = vi.spyOn(processes, 'signal').mockReturnValue(true);
    const before = process.cpuUsage();
    let ticks = 0;
    const ended = endProcessesOf(UID, hostIn(temporaryDirectory()));
    const isOver = ended.then(() => true);
    while (!(await Promise.race([isOver, setTimeout(50, false)]))) ticks += 1;
    expect(await ended).toEqual([pid]);
    expect(ticks).toBeGreaterThan(20);
    expect(process.cpuUsage(before).user + process.cpuUsage(before).system).toBeLessThan(4_000_000);
    expect(signal).toHaveBeenCalledWith({ pid, startTicks: expect.any(String) }, 'SIGKILL');
  });
});

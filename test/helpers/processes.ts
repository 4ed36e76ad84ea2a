/** Processes of a test's own, and control groups for them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { killAll, processesBelow, unifiedMount } from '../../src/host/cgroups.ts';
import { startedAt, statOf } from '../../src/host/proc.ts';
import { until } from './until.ts';

export interface Victim {
  child: ChildProcess;
  pid: number;
  start: string;
}

/** Ready when it is given: the script says a line first. In a session of its own, and all of that is ended with the test. */
export async function victim(script = 'echo ready; exec sleep 1000', cgroup?: string): Promise<Victim> {
  const child = cgroup === undefined ? spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'], detached: true }) : spawn('/bin/sh', ['-c', 'echo $$ > "$1"; eval "$2"', 'sh', join(unifiedMount() ?? '', cgroup, 'cgroup.procs'), script], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  const pid = child.pid ?? 0;
  onTestFinished(async () => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // All of it is gone.
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  if (child.stdout !== null) await once(child.stdout, 'data');
  const stat = statOf(pid);
  if (stat === undefined) throw new Error('the process has ended already');
  return { child, pid, start: startedAt(stat) };
}

/** Why there can be no control group here; undefined where there can. */
export const noCgroup: string | undefined = reason();

function reason(): string | undefined {
  const mount = unifiedMount();
  if (mount === undefined) return 'needs control groups of version 2';
  try {
    const probe = join(mount, `tickward-probe-${process.pid}.service`);
    mkdirSync(probe);
    rmdirSync(probe);
    return undefined;
  } catch {
    return 'needs control groups that can be written: sudo npm test';
  }
}

/** One of its own, called like a unit; what is in it is ended with the test. */
export function controlGroup(): string {
  const path = `/tickward-test-${randomBytes(3).toString('hex')}.service`;
  const directory = join(unifiedMount() ?? '', path);
  mkdirSync(directory);
  onTestFinished(async () => {
    if (!killAll(path)) for (const pid of processesBelow(path)) process.kill(pid, 'SIGKILL');
    writeFileSync(join(directory, 'cgroup.freeze'), '0');
    await until(() => processesBelow(path).length === 0);
    rmdirSync(directory);
  });
  return path;
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { argumentsOf, containerOf, effectiveIdsOf, parseStat, startedAt, statOf, toldExecutableOf } from '../../src/host/proc.ts';
import { noMounts, printedAmongMounts } from '../helpers/mounts.ts';
import { isRoot } from '../helpers/needs.ts';
import { REPOSITORY } from '../helpers/program.ts';

test('a process name with parentheses and newlines does not shift the fields', () => {
  const rest = 'S 7 8 9 0 -1 4194560 1 0 0 0 11 12 0 0 20 -5 3 0 4242 1 1';
  expect(parseStat(`42 (a) S 1 (\n) ${rest}`)).toMatchObject({ pid: 42, comm: 'a) S 1 (\n', state: 'S', ppid: 7, nice: -5, threads: 3, startTicks: 4242n });
});

test('our own process reads as what it is', () => {
  const stat = statOf(process.pid);
  expect(stat?.ppid).toBe(process.ppid);
  expect(toldExecutableOf(process.pid)).toBe(process.execPath);
  expect(argumentsOf(process.pid)?.length).toBeGreaterThan(0);
  expect(stat && Math.abs(Date.parse(startedAt(stat)) - (Date.now() - process.uptime() * 1000))).toBeLessThan(3_000);
});

test.skipIf(noMounts !== undefined)(`when it started is known also where /proc has nothing but processes (${noMounts ?? 'among mounts of its own'})`, () => {
  const program = `import { startedAt } from ${JSON.stringify(join(REPOSITORY, 'src/host/proc.ts'))}; console.log(JSON.stringify(startedAt({ startTicks: 0n })));`;
  const told = printedAmongMounts('mount -t proc -o subset=pid proc /proc; [ ! -e /proc/stat ]', program);
  expect(Math.abs(Date.parse(String(told)) - Date.parse(startedAt({ startTicks: 0n })))).toBeLessThan(2_000);
});

test.skipIf(noMounts !== undefined)(`when it started follows the clock, which is often set right after the boot (${noMounts ?? 'among mounts of its own'})`, () => {
  // The clock of this machine is not for tests to set: what the program reads is an hour more from then on.
  const program = `import { startedAt } from ${JSON.stringify(join(REPOSITORY, 'src/host/proc.ts'))}; const before = Date.parse(startedAt({ startTicks: 0n })); const now = Date.now; Date.now = () => now() + 3_600_000;
    console.log(JSON.stringify(Date.parse(startedAt({ startTicks: 0n })) - before));`;
  expect(Math.abs(Number(printedAmongMounts('mount -t proc -o subset=pid proc /proc', program)) - 3_600_000)).toBeLessThanOrEqual(1_000);
});

test('a process acts as its effective user and group', () => {
  expect(effectiveIdsOf(process.pid)).toEqual({ uid: process.geteuid?.(), gid: process.getegid?.() });
});

test.skipIf(!isRoot)('whatever it calls itself (as root)', async () => {
  const code = 'import os, sys\nopen("/proc/self/comm", "w").write("x\\nUid:\\t7\\t7")\nos.setresgid(7, 65534, 7); os.setresuid(7, 65533, 7)\nprint("ready", flush=True); sys.stdin.read()';
  const child = spawn('python3', ['-c', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  expect(effectiveIdsOf(child.pid ?? 0)).toEqual({ uid: 65_533, gid: 65_534 });
});

test('a process that is gone is undefined, not an error', () => {
  expect(statOf(4194305)).toBeUndefined();
  expect(effectiveIdsOf(4194305)).toBeUndefined();
});

test.each([
  [`/system.slice/docker-${'a1'.repeat(32)}.scope`, 'a1'.repeat(32)],
  [`/kubepods/besteffort/pod1/${'0f'.repeat(32)}`, '0f'.repeat(32)],
  ['/system.slice/cron.service', undefined],
])('the container of cgroup %s', (cgroup, id) => {
  expect(containerOf(cgroup)).toBe(id);
});

/** That of a process the certain is said and the uncertain is not: its program without its arguments, its program without its user. */
import { chmodSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { processNumbers } from '../helpers/numbers.ts';
import { notPrivileged, perform, PYTHON, python, sense, senseThrough, settledIn, type Sensing, units } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const SH = realpathSync('/bin/sh');

/** On a directory that everybody may write to. */
async function settledOpen(): Promise<Sensing> {
  return settledIn((root) => {
    chmodSync(root, 0o777);
    chmodSync(join(root, '..'), 0o755);
  });
}

/** The number after which the kernel goes on: it is written back as it is. */
function canChooseNumbers(): boolean {
  try {
    writeFileSync('/proc/sys/kernel/ns_last_pid', readFileSync('/proc/sys/kernel/ns_last_pid'));
    return true;
  } catch {
    return false;
  }
}

const BECOME = 'import ctypes, threading\nbecome = lambda: ctypes.CDLL(None).syscall(ctypes.c_long(117), 65534, 65534, 65534)\nmake = lambda: open("a.timer", "w").close()\n';

describe.skipIf(notPrivileged !== undefined)(`what is certain and what is not (${notPrivileged ?? 'as root'})`, () => {
  test('a program that runs itself again is named, and not with which arguments it was', async () => {
    const sensing = await settledOpen();
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
    const sensing = await settledOpen();
    const pid = what?.startsWith('a thread') === true ? await perform(PYTHON, ['-c', BECOME + code], { cwd: sensing.root }) : spawnSync(PYTHON, ['-c', BECOME + code], { cwd: sensing.root }).pid;
    const { process: maker, user, file, tickward } = await sensing.line('creation a.timer');
    expect([file.uid, user, maker?.user]).toEqual(['65534', undefined, undefined]);
    expect(maker).toMatchObject({ pid, executable: PYTHON });
    expect(tickward.attribution_note).toContain('another user');
  });

  test('what a process did to a file before it became another user is not said to be of that one, nor what it does afterwards of the first', async () => {
    const sensing = await settledOpen();
    writeFileSync(join(sensing.root, 'a.timer'), 'x');
    writeFileSync(join(sensing.root, 'b.timer'), 'x');
    await sensing.count(2);
    const maker = await python({ cwd: sensing.root });
    await maker.order('os.unlink("a.timer")');
    expect(await sensing.line('deletion a.timer')).toMatchObject({ user: { id: '0' } });
    await maker.order('os.setresuid(65534, 65534, 65534); os.unlink("b.timer")');
    const { process: known, user, tickward } = await sensing.line('deletion b.timer');
    expect([known?.executable, user, tickward.attribution_note]).toEqual([PYTHON, undefined, expect.stringContaining('became another user since its program began')]);
  });

  test.for(['a program', 'a fork'])('%s that had the number of a process before it is not named as that one, though the sensor only looks afterwards', async (maker, { skip }) => {
    skip(!canChooseNumbers(), 'needs to write /proc/sys/kernel/ns_last_pid');
    onTestFinished(await processNumbers());
    const { root } = await sense('scan', { rescanSeconds: 30 });
    const told = await senseThrough([], { directories: units(root), root });
    process.kill(told.pid, 'SIGSTOP');
    try {
      // The maker ends, and a fork of an innocent shell, which runs another program, gets its number.
      const code = `import os, subprocess, sys\nroot, what = sys.argv[1:]\nfor turn in range(200):\n  maker = os.fork()\n  if maker == 0:\n    if what == "a program": os.execv("/bin/sh", ["sh", "-c", "echo x > $0", f"{root}/{turn}.timer"])\n    open(f"{root}/{turn}.timer", "w").close(); os._exit(0)\n  os.waitpid(maker, 0)\n  open("/proc/sys/kernel/ns_last_pid", "w").write(str(maker - 2))\n  innocent = subprocess.run(["/bin/bash", "-c", "sleep 0 & echo $!; wait"], stdout=subprocess.PIPE).stdout\n  if int(innocent) == maker: sys.exit(0)\nsys.exit(1)`;
      const { status, stderr } = spawnSync(PYTHON, ['-c', code, root, maker], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
    } finally {
      process.kill(told.pid, 'SIGCONT');
    }
    await told.count(1);
    await until(() => told.events.length === readdirSync(root).filter((name) => name !== 'canary.timer').length);
    const right = maker === 'a program' ? SH : PYTHON;
    expect(told.events.map(({ process: by }) => by?.executable ?? right).filter((executable) => executable !== right)).toEqual([]);
  });
});

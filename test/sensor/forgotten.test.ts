/** Processes of which the kernel's map has nothing any more, since another one that shares their place there ran something: any user can have two such. */
import { realpathSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SLOTS } from '../../src/sensor/bpf/record.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { notPrivileged, perform, PYTHON, settledIn } from '../helpers/sensing.ts';

const SH = realpathSync('/bin/sh');
const SLEEP = realpathSync('/usr/bin/sleep');

/**
 * `start` runs what it is given in a process with whose number this one's shares its place, and `forgotten` has the map forget that.
 * `vainly` opens a program to run it, with its loader, and only asks whether it would (AT_EXECVE_CHECK).
 */
const PAIR = `
import ctypes, glob, os, struct, sys, time
libc = ctypes.CDLL(None)
while True:
  other = os.getpid() ^ ${SLOTS}
  if 300 < other < int(open("/proc/sys/kernel/pid_max").read()) and not os.path.exists(f"/proc/{other}"): break
  if os.fork():
    os.wait()
    os._exit(0)

def start(work):
  number = ctypes.c_int(other)
  arguments = ctypes.create_string_buffer(struct.pack("10Q", 0, 0, 0, 0, 17, 0, 0, 0, ctypes.addressof(number), 1), 80)
  made = libc.syscall(435, arguments, 80)
  if made < 0: sys.exit("clone3 makes no process of this number")
  if made == 0:
    for descriptor in 1, 2: os.dup2(os.open("/dev/null", os.O_RDWR), descriptor)
    work()
    os._exit(0)
  print(other, flush=True)

def vainly(program):
  execveat = {"x86_64": 322, "aarch64": 281}[os.uname().machine]
  words = (ctypes.c_char_p * 2)(program.encode(), None)
  for path in [program, *glob.glob("/lib*/ld-linux*.so.*")]: libc.syscall(execveat, -100, path.encode(), words, words, 0x10000)

def forgotten(then=":"):
  os.execv("/bin/sh", ["sh", "-c", 'exec sh -c "$@"', "sh", 'exec sh -c "$@"', "sh", then])

def becomes(program):
  while os.readlink(f"/proc/{other}/exe") != program: pass
`;

/** While it runs, the sensor in this process reads nothing. Gives the number of the process that was started. */
function pair(script: string, cwd: string): number {
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', `${PAIR}\n${script}`], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const pid = Number(stdout);
  onTestFinished(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  return pid;
}

describe.skipIf(notPrivileged !== undefined)(`what the map has forgotten (${notPrivileged ?? 'as root'})`, () => {
  const said = ({ process: maker, tickward }: FileEvent): (number | string | undefined)[] => [maker?.pid, maker?.executable, tickward.attribution];

  test('a program that it opened in vain is not taken for what it was when it ended', async () => {
    const sensing = await settledIn();
    pair(`start(lambda: [vainly("${SLEEP}"), open("a.timer", "w").close()]); os.wait(); forgotten()`, sensing.root);
    const event = await sensing.line('creation a.timer');
    expect([event.process?.executable, event.tickward.attribution]).toEqual([undefined, 'none']);
    // The companion for what nobody is known to have made tells of it.
    expect(event.tickward.attribution_note).toMatch(/had ended before it could be read, and the kernel's map has nothing of it any more$/);
  });

  test('a program that it only became afterwards is not taken for what it was', async () => {
    const sensing = await settledIn();
    const pid = pair(`start(lambda: [vainly("${SLEEP}"), open("a.timer", "w").close(), os.execv("${SLEEP}", ["sleep", "20"])]); becomes("${SLEEP}"); forgotten()`, sensing.root);
    expect(said(await sensing.line('creation a.timer'))).toEqual([pid, undefined, 'none']);
  });

  test('a program that it only became afterwards is not taken for what it was as a parent', async () => {
    const sensing = await settledIn();
    const pid = pair(`start(lambda: [os.fork() or [open("a.timer", "w").close(), os._exit(0)], os.wait(), os.execv("${SLEEP}", ["sleep", "20"])]); becomes("${SLEEP}"); forgotten()`, sensing.root);
    const { process: maker, tickward } = await sensing.line('creation a.timer');
    expect([maker?.executable, maker?.parent, tickward.ancestry[0]]).toEqual([PYTHON, { pid }, { pid }]);
  });

  test('one that is there for longer is known by /proc', async () => {
    const sensing = await settledIn();
    const pid = pair(`start(lambda: [time.sleep(1), open("a.timer", "w").close(), time.sleep(20)]); forgotten()`, sensing.root);
    expect(said(await sensing.line('creation a.timer'))).toEqual([pid, PYTHON, expect.stringMatching(/^(?:proc|exact)$/)]);
  });

  test('one that has become another program is not taken for what it was known as a moment ago', async () => {
    const sensing = await settledIn();
    const then = ['sh', '-c', 'sleep 0.4; echo x > b.timer'];
    await perform(PYTHON, ['-c', `${PAIR}\nstart(lambda: [time.sleep(0.3), open("a.timer", "w").close(), time.sleep(0.2), os.execv("/bin/sh", ${JSON.stringify(then)})]); forgotten("sleep 0.7; exec sh -c 'exec sh -c \\"sleep 0.6\\"'")`], { cwd: sensing.root });
    const executables = ['a.timer', 'b.timer'].map((name) => sensing.shown.find(({ file }) => file.name === name)?.process?.executable);
    expect([executables[0], executables[1] ?? SH]).toEqual([PYTHON, SH]);
  });
});

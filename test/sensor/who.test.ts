/** That the process that is named is the one that did it, whatever it does to hide. Against the real kernel, with programs that do what an attacker's do. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readMountInfo } from '../../src/host/mounts.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { noSetpriv } from '../helpers/needs.ts';
import { makerOf, notPrivileged, obedient, perform, PYTHON, sense, settledIn, SHELL, type Sensing } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const SH = realpathSync('/bin/sh');
const TOUCH = realpathSync('/usr/bin/touch');
/** Where control groups of version 2 are. */
const groups = readMountInfo().find(({ type }) => type === 'cgroup2')?.path;
const noAudit = existsSync('/proc/self/loginuid') ? undefined : 'needs a kernel with CONFIG_AUDIT';

/** The only event: of a file that this made. */
async function made(sensing: Sensing, name = 'a.timer'): Promise<FileEvent> {
  return sensing.line(`creation ${name}`);
}

/** A program of the test's own, in a directory that is not watched. */
function program(outside: string, name: string, from = TOUCH): string {
  const path = join(outside, name);
  copyFileSync(from, path);
  chmodSync(path, 0o755);
  return path;
}

/** While it runs, the sensor in this process reads nothing: it has ended when its deed is read. */
function performUnseen(path: string, args: readonly string[], cwd: string): number {
  const { pid, status, stderr } = spawnSync(path, args, { cwd, encoding: 'utf8' });
  expect({ path, status, stderr }).toEqual({ path, status: 0, stderr: '' });
  return pid;
}

function script(outside: string, name: string, text: string): string {
  const path = join(outside, name);
  writeFileSync(path, text, { mode: 0o755 });
  return path;
}

describe.skipIf(notPrivileged !== undefined)(`who made it (${notPrivileged ?? 'as root'})`, () => {
  test('a script: the interpreter is the executable, the script is in the command line', async () => {
    const sensing = await sense('auto');
    const path = script(sensing.outside, 'evil.sh', '#!/bin/sh\necho x > "$1"\n');
    await perform(path, [join(sensing.root, 'a.timer')]);
    expect(await made(sensing)).toMatchObject({ process: { executable: SH, args: ['/bin/sh', path, join(sensing.root, 'a.timer')] }, tickward: { attribution: 'exact' } });
  });

  test('a script by env: the interpreter that env found', async () => {
    const sensing = await sense('auto');
    const path = script(sensing.outside, 'evil', '#!/usr/bin/env sh\necho x > "$1"\n');
    await perform(path, [join(sensing.root, 'a.timer')]);
    expect(await made(sensing)).toMatchObject({ process: { executable: SH, args: ['sh', path, join(sensing.root, 'a.timer')] }, tickward: { attribution: 'exact' } });
  });

  const memory = (then: string): string => `import os\nfd = os.memfd_create("innocent", 0)\nos.write(fd, open(${JSON.stringify(SH)}, "rb").read())\nos.execv(f"/proc/self/fd/{fd}", ["[kworker]", "-c", '${then}'])`;

  test('a program from memory (memfd) is said to be one', async () => {
    const sensing = await sense('auto');
    const { order, pid } = await obedient(PYTHON, ['-c', memory('read line; echo ready; read line; echo x > a.timer; echo done; read line')], { cwd: sensing.root });
    await order('');
    await sensing.settled();
    await sensing.settled();
    await order('go');
    expect(await made(sensing)).toMatchObject({ process: { pid, executable: '/memfd:innocent', args: ['[kworker]', '-c', expect.any(String)] }, tickward: { attribution_note: expect.stringContaining('runs from memory') } });
  });

  test('of a program from memory that acted in its first moment and ended, nothing wrong is said: nothing logs when it is opened', async () => {
    const sensing = await sense('auto');
    const pid = await perform(PYTHON, ['-c', memory('echo x > a.timer; :')], { cwd: sensing.root });
    const { process: maker, tickward } = await made(sensing);
    expect(maker?.pid).toBe(pid);
    expect(maker?.executable ?? '/memfd:innocent').toBe('/memfd:innocent');
    expect(tickward.attribution_note).toContain('memfd');
  });

  test('a program that deletes itself is named by the path it had, and said to be deleted while it lives', async () => {
    const sensing = await sense('auto');
    const path = program(sensing.outside, 'evil', SH);
    const { order, pid } = await obedient(path, ['-c', 'rm "$0"; read line; echo x > "$1"; echo done; read line', path, join(sensing.root, 'a.timer')]);
    await until(() => !existsSync(path));
    await order('go');
    expect(await made(sensing)).toMatchObject({ process: { pid, executable: path }, tickward: { attribution: 'exact', attribution_note: expect.stringContaining('deleted') } });
  });

  test('a program that was deleted and has ended is named by the path it had', async () => {
    const sensing = await sense('auto');
    const path = program(sensing.outside, 'evil', SH);
    await perform(path, ['-c', 'rm "$0"; echo x > "$1"; :', path, join(sensing.root, 'a.timer')]);
    expect(await made(sensing)).toMatchObject({ process: { executable: path }, tickward: { attribution: 'exact' } });
  });

  test('a program whose file was replaced by another is never named as that one', async () => {
    const sensing = await sense('auto');
    const path = program(sensing.outside, 'evil', SH);
    await perform(path, ['-c', 'mv "$0" "$0.away"; cp /bin/true "$0"; echo x > "$1"; :', path, join(sensing.root, 'a.timer')]);
    const { process: maker } = await made(sensing);
    expect([path, `${path}.away`]).toContain(maker?.executable);
    expect(maker?.args?.slice(0, 2)).toEqual([path, '-c']);
  });

  test('a relative path is made absolute, from the directory it was started in', async () => {
    const sensing = await sense('auto');
    program(sensing.outside, 'evil');
    await perform('./evil', [join(sensing.root, 'a.timer')], { cwd: sensing.outside });
    expect(await made(sensing)).toMatchObject({ process: { executable: join(sensing.outside, 'evil'), args: ['./evil', join(sensing.root, 'a.timer')] }, tickward: { attribution: 'exact' } });
  });

  test('a program that is run by calling the loader of shared libraries is told with its name in the command line', async ({ skip }) => {
    const loader = ['/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1'].find((path) => existsSync(path));
    if (loader === undefined) return skip('needs the loader of glibc');
    const sensing = await settledIn();
    program(sensing.outside, 'evil');
    performUnseen(loader, ['./evil', join(sensing.root, 'a.timer')], sensing.outside);
    expect(await made(sensing)).toMatchObject({ process: { executable: realpathSync(loader), args: [loader, './evil', join(sensing.root, 'a.timer')] } });
  });

  test('a program that is reached by a link is named by its own path', async () => {
    const sensing = await sense('auto');
    const path = program(sensing.outside, 'evil');
    mkdirSync(join(sensing.outside, 'bin'));
    symlinkSync('../evil', join(sensing.outside, 'bin/innocent'));
    await perform(join(sensing.outside, 'bin/innocent'), [join(sensing.root, 'a.timer')]);
    expect(await made(sensing)).toMatchObject({ process: { executable: path, args: [join(sensing.outside, 'bin/innocent'), join(sensing.root, 'a.timer')] }, tickward: { attribution: 'exact' } });
  });

  test.for(['with blank', 'new\nline', "quote'"])('a program named %j is named whole', async (name) => {
    const sensing = await sense('auto');
    const path = program(sensing.outside, name);
    performUnseen(`./${name}`, [join(sensing.root, 'a.timer')], sensing.outside);
    expect(await made(sensing)).toMatchObject({ process: { executable: path, name }, tickward: { attribution: 'exact' } });
  });

  test.for(['évil', 'n'.repeat(200)])('a program named %j is named whole', async (name) => {
    const sensing = await sense('auto');
    const path = program(sensing.outside, name);
    performUnseen(`./${name}`, [join(sensing.root, 'a.timer')], sensing.outside);
    expect(await made(sensing)).toMatchObject({ process: { executable: path, name }, tickward: { attribution: 'exact' } });
  });

  test.skipIf(noSetpriv !== undefined)(`the user is the one it had become by then (${noSetpriv ?? 'setpriv is there'})`, async () => {
    const sensing = await sense('auto', { before: (root) => chmodSync(root, 0o777) });
    chmodSync(join(sensing.root, '..'), 0o755);
    await perform('setpriv', ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'touch', join(sensing.root, 'a.timer')]);
    expect(await made(sensing)).toMatchObject({ process: { executable: TOUCH, group: { id: '65534' } }, user: { id: '65534', name: 'nobody' }, file: { uid: '65534' }, tickward: { attribution: 'exact' } });
  });

  test('a program that lowers its rights without running another is never said to have those it never had', async () => {
    const sensing = await sense('auto', { before: (root) => chmodSync(root, 0o777) });
    chmodSync(join(sensing.root, '..'), 0o755);
    await perform(PYTHON, ['-c', `import os; os.setresuid(65534, 65534, 65534); open(${JSON.stringify(join(sensing.root, 'a.timer'))}, "w").close()`]);
    const { user, file } = await made(sensing);
    expect(file.uid).toBe('65534');
    // Alive, it is known as it is; dead, only that the file is another one's.
    expect(['65534', undefined]).toContain(user?.id);
  });

  test('a daemon whose parents are dead still tells who started it', async () => {
    const sensing = await sense('auto');
    const target = join(sensing.root, 'a.timer');
    const path = script(sensing.outside, 'dropper', `#!/bin/sh\n(${PYTHON} -c 'import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\nwhile os.getppid() != 1 and os.path.exists("/proc/" + str(os.getppid())): time.sleep(0.001)\nos.execv("${TOUCH}", ["innocent", "${target}"])')\n:\n`);
    const pid = await perform(path, []);
    const event = await made(sensing);
    expect(event).toMatchObject({ process: { executable: TOUCH, args: ['innocent', target] }, tickward: { attribution: 'exact' } });
    expect(event.tickward.ancestry.map(({ pid: ancestor }) => ancestor)).toEqual(expect.arrayContaining([pid, process.pid]));
    expect(event.tickward.ancestry.find(({ pid: ancestor }) => ancestor === pid)).toMatchObject({ command_line: `/bin/sh ${path}` });
  });

  test.skipIf(groups === undefined)(`the container is read from the control group, also of a process that has ended (${groups === undefined ? 'needs control groups of version 2' : groups})`, async () => {
    const id = 'c0ffee'.padEnd(64, '0');
    const group = join(groups ?? '', `docker-${id}.scope`);
    mkdirSync(group);
    onTestFinished(() => rmdirSync(group));
    const sensing = await sense('auto');
    await perform('/bin/sh', ['-c', 'echo $$ > "$1/cgroup.procs"; touch a.timer; :', 'sh', group], { cwd: sensing.root });
    expect(await made(sensing)).toMatchObject({ container: { id }, tickward: { cgroup: `/docker-${id}.scope` } });
  });

  test.skipIf(noAudit !== undefined)(`the login user stays known behind setuid (${noAudit ?? 'CONFIG_AUDIT'})`, async () => {
    const sensing = await sense('auto');
    await perform('/bin/sh', ['-c', 'echo 4242 > /proc/self/loginuid; touch "$1"; :', 'sh', join(sensing.root, 'a.timer')]);
    expect((await made(sensing)).tickward.auid).toBe('4242');
  });

  const long = Array.from({ length: 40 }, (_, n) => `argument-${n}-${'x'.repeat(10)}`);

  test('a command line that is longer than the map keeps is whole while the process lives', async () => {
    const sensing = await sense('auto');
    const { order } = await obedient('/bin/sh', ['-c', 'read line; echo x > "$0"; echo done; read line', join(sensing.root, 'a.timer'), ...long]);
    await order('go');
    const { process: maker, tickward } = await made(sensing);
    expect(maker?.args?.slice(-40)).toEqual(long);
    expect(tickward.attribution_note).toBe('behind its first 511 bytes the command line is what the process itself says it is');
  });

  test('it is cut, and said to be, when the process has ended', async () => {
    const sensing = await sense('auto');
    await perform('/bin/sh', ['-c', 'echo x > "$0"; :', join(sensing.root, 'a.timer'), ...long]);
    const { process: maker, tickward } = await made(sensing);
    const whole = ['/bin/sh', '-c', 'echo x > "$0"; :', join(sensing.root, 'a.timer'), ...long].join(' ');
    expect(whole.startsWith(maker?.command_line ?? 'nothing')).toBe(true);
    expect(maker?.command_line === whole || tickward.attribution_note?.includes('cut') === true).toBe(true);
  });

  test('two megabytes of arguments are no event of two megabytes', async () => {
    const sensing = await sense('auto');
    const args = Array.from({ length: 20 }, () => 'y'.repeat(100_000));
    const { order } = await obedient('/bin/sh', ['-c', 'read line; echo x > "$0"; echo done; read line', join(sensing.root, 'a.timer'), ...args]);
    await order('go');
    expect(JSON.stringify(await made(sensing)).length).toBeLessThan(200_000);
  });

  test('a process that writes over its own name and arguments is named by its program all the same', async () => {
    const sensing = await sense('auto');
    const target = join(sensing.root, 'a.timer');
    const code = 'import ctypes, sys\nlibc = ctypes.CDLL(None)\nlibc.prctl(15, b"kworker/0:1", 0, 0, 0)\nargs = open("/proc/self/stat").read().rsplit(")", 1)[1].split()\nstart, end = int(args[45]), int(args[46])\nctypes.memset(start, 107, end - start - 1)\nopen(sys.argv[1], "w").close()\nprint("done", flush=True)\nsys.stdin.read()';
    const { order, pid } = await obedient(PYTHON, ['-c', code, target]);
    await order('');
    expect(await made(sensing)).toMatchObject({ process: { pid, executable: PYTHON, name: basename(PYTHON), args: [PYTHON, '-c', code, target] }, tickward: { attribution: 'exact' } });
  });

  test('a program that is run right after the file was made is never named as its maker', async () => {
    const sensing = await settledIn();
    for (let n = 0; n < 20; n += 1) performUnseen('/bin/sh', ['-c', `echo x > ${n}.timer; exec /bin/true`], sensing.root);
    await sensing.count(20);
    expect(sensing.shown.map((event) => [makerOf(event), event.tickward.attribution, event.tickward.attribution_note])).toEqual(Array.from({ length: 20 }, () => [SHELL, 'exact', undefined]));
  });

  test('of two programs of one process, one that made a file and one that removed it, neither is named as the other', async () => {
    const sensing = await settledIn();
    for (let n = 0; n < 20; n += 1) await perform('/bin/sh', ['-c', `echo x > ${n}.timer; exec rm ${n}.timer`], { cwd: sensing.root });
    for (let n = 20; n < 40; n += 1) performUnseen('/bin/sh', ['-c', `echo x > ${n}.timer; exec rm ${n}.timer`], sensing.root);
    await sensing.count(80);
    const makers = (action: string): string[] => [...new Set(sensing.shown.filter(({ event }) => event.action === action).map(makerOf))].filter((name) => name !== '');
    expect(makers('creation')).toEqual([SHELL]);
    expect(makers('deletion').filter((name) => name !== 'rm')).toEqual([]);
  });

  test('what a chain of programs in one process did is told of each, or of none', async () => {
    const sensing = await settledIn();
    const names = ['one', 'two', 'three', 'four', 'five', 'six'];
    for (const name of names) program(sensing.outside, name, SH);
    const chain = names.reduceRight((next, name) => `echo x > ${name}.timer; exec "$0/${name}" -c '${next.replaceAll("'", String.raw`'\''`)}' "$0"`, ':');
    performUnseen('/bin/sh', ['-c', chain, sensing.outside], sensing.root);
    await sensing.count(names.length);
    // The first is made by the shell that started it all, each other by the one before it.
    const right = new Map(names.map((name, index) => [`${name}.timer`, index === 0 ? SH : join(sensing.outside, names[index - 1] ?? '')]));
    expect(sensing.shown.filter(({ file, process: maker }) => maker?.executable !== undefined && maker.executable !== right.get(file.name)).map(({ file, process: maker }) => [file.name, maker?.executable])).toEqual([]);
  });

  test('a shell that ran another program and then itself again is not named as that program, though the log has each but once', async () => {
    const sensing = await settledIn();
    program(sensing.outside, 'one', SH);
    script(sensing.outside, 'first', 'exec ./one second\n');
    script(sensing.outside, 'second', 'exec /bin/sh third\n');
    script(sensing.outside, 'third', 'echo x > ../units/a.timer\nexec /bin/sh fourth\n');
    script(sensing.outside, 'fourth', 'exec /bin/sh fifth\n');
    script(sensing.outside, 'fifth', ':\n');
    performUnseen('/bin/sh', ['first'], sensing.outside);
    const { process: maker } = await made(sensing);
    expect(maker?.executable ?? SH).toBe(SH);
  });

  test('a process that does it in a thread is named as the process', async () => {
    const sensing = await sense('auto');
    const pid = await perform(PYTHON, ['-c', 'import threading\nt = threading.Thread(target=lambda: open("a.timer", "w").close()); t.start(); t.join()'], { cwd: sensing.root });
    expect(await made(sensing)).toMatchObject({ process: { pid, executable: PYTHON }, tickward: { attribution: 'exact' } });
  });

  test('what a rename leaves in the place of the file (RENAME_WHITEOUT) is told with who renamed it', async () => {
    const sensing = await sense('auto', { rescanSeconds: 60, before: (root) => writeFileSync(join(root, 'a.timer'), 'x') });
    await perform(PYTHON, ['-c', 'import ctypes, sys; sys.exit(ctypes.CDLL(None).renameat2(-100, b"a.timer", -100, b"b.timer", 4))'], { cwd: sensing.root });
    expect((await made(sensing)).process?.executable).toBe(PYTHON);
    expect(sensing.lines()).toEqual(['rename b.timer from a.timer', 'creation a.timer']);
  });

  test('what was written by another that inherited the open file is not put on the one that opened it', async () => {
    const sensing = await sense('auto', { before: (root) => writeFileSync(join(root, 'a.timer'), 'x') });
    await perform('/bin/sh', ['-c', 'exec 3>> a.timer; /bin/cat /proc/self/comm >&3; :'], { cwd: sensing.root });
    const event = await sensing.line('modification a.timer');
    expect(readFileSync(join(sensing.root, 'a.timer'), 'utf8')).toBe('xcat\n');
    // cat wrote, and the shell closed: both touched it, and the writer is the one to name.
    expect(basename(event.process?.executable ?? '')).toBe('cat');
  });

  test('what was written through memory is not said to be the work of a program that only inherited the open file', async () => {
    const sensing = await sense('auto', { rescanSeconds: 60, before: (root) => writeFileSync(join(root, 'a.timer'), 'old') });
    await perform(PYTHON, ['-c', 'import mmap, os, subprocess\nf = os.open("a.timer", os.O_RDWR)\nm = mmap.mmap(f, 3); m[0:3] = b"new"; m.close()\nchild = subprocess.Popen(["sleep", "0.8"], pass_fds=[f])\nos.close(f); child.wait()'], { cwd: sensing.root });
    const { process: maker, tickward } = await sensing.line('modification a.timer');
    expect([basename(maker?.executable ?? ''), tickward.attribution, tickward.attribution_note]).toEqual(['sleep', 'inferred', expect.stringContaining('need not be the one that wrote')]);
  });
});

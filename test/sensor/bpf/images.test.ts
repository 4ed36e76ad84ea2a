/** Against the real kernel, with processes that do what an attacker's do. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, rmdirSync, statfsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openImages, type Image, type Images } from '../../../src/sensor/bpf/images.ts';
import { noBpf, noTries } from '../../helpers/bpf.ts';
import { temporaryDirectory } from '../../helpers/events.ts';
import { processNumbers } from '../../helpers/numbers.ts';
import { inVain } from '../../helpers/vain.ts';

const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const noPython = !has('python3', '-c', '');
const PYTHON = noPython ? '' : spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout.trim();
const noSetpriv = !has('setpriv', '--version');
const TRUE = realpathSync('/bin/true');
const SHELL = basename(realpathSync('/bin/sh'));

let images: Images;

interface Ran {
  pid: number;
  stdout: string;
  current: Image;
  previous: Image;
}

/** Runs it to its end; its images are there all the same. */
function run(program: string, args: readonly string[] = [], options: { cwd?: string } = {}): Ran {
  const { pid, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', ...options });
  if (error !== undefined) throw error;
  const { current, previous } = images.lookup(pid);
  if (current === undefined || previous === undefined) throw new Error(`no images of ${program}: ${stderr}`);
  return { pid, stdout, current, previous };
}

function imageOf(pid: number): Image {
  const { current } = images.lookup(pid);
  if (current === undefined) throw new Error(`no image of ${pid}`);
  return current;
}

/** A copy of true(1) in a directory of the test's own. */
function tool(name = 'tool'): { directory: string; path: string } {
  const directory = temporaryDirectory();
  const path = join(directory, name);
  copyFileSync(TRUE, path);
  chmodSync(path, 0o755);
  return { directory, path };
}

describe.skipIf(noBpf !== undefined)(`images of processes (${noBpf ?? 'as root'})`, () => {
  let giveBack: () => Promise<void>;
  beforeAll(async () => {
    giveBack = await processNumbers();
    images = openImages();
  });
  afterAll(async () => {
    images.close();
    await giveBack();
  });

  test('an exec tells program, arguments, parent and user', () => {
    const before = process.hrtime.bigint();
    const { pid, current } = run('/bin/sh', ['-c', ':']);
    expect(current).toMatchObject({ how: 'exec', pid, parent: process.pid, uid: 0, gid: process.getgid?.(), ruid: 0, name: SHELL, nlink: statSync('/bin/sh').nlink, path: '/bin/sh', comm: 'sh', args: ['/bin/sh', '-c', ':'], argsTruncated: false, inode: BigInt(statSync('/bin/sh').ino) });
    expect(current.since).toBeGreaterThan(before);
    expect(current.since).toBeLessThan(process.hrtime.bigint());
  });

  test('the device is that of the file system', ({ skip }) => {
    const { directory, path } = tool();
    const type = statfsSync(directory).type;
    if (type === 0x9123_683e || type === 0x794c_7630) skip('btrfs and overlay tell stat(2) another device');
    const { dev, ino } = statSync(path);
    expect(run(path).current).toMatchObject({ device: { major: (dev >>> 8) & 0xfff, minor: (dev & 0xff) | ((dev >>> 12) & 0xfff00) }, inode: BigInt(ino) });
  });

  test('the programs of one process are counted, and each leaves a bit of its name', () => {
    const { pid, current } = run('/bin/sh', ['-c', 'exec /usr/bin/env /usr/bin/nice /bin/true']);
    const { previous } = images.lookup(pid);
    expect([previous?.name, previous?.generation, current.name, current.generation]).toEqual(['nice', 3, 'true', 4]);
    expect(current.ran).toBe((previous?.ran ?? 0n) | (previous?.mark ?? 0n));
    expect(current.mark & (current.mark - 1n)).toBe(0n);
    expect(run('/bin/true', []).current.mark).toBe(current.mark);
  });

  test('a fork without exec is what its parent is', () => {
    const { pid, stdout, current } = run('/bin/sh', ['-c', '(/bin/sh -c \'echo $PPID\'; :); :']);
    const fork = imageOf(Number(stdout));
    expect(fork).toEqual({ ...current, how: 'fork', generation: 0, ran: 0n, mark: 0n, pid: Number(stdout), parent: pid, since: fork.since, start: fork.start });
    expect(fork.since).toBeGreaterThan(current.since);
    expect(fork.start).toBeGreaterThan(current.start);
  });

  test('a fork of a process that was there before us is described from its parent', () => {
    const { previous } = run('/bin/true');
    expect(previous).toMatchObject({ how: 'fork', parent: process.pid, path: '', name: basename(realpathSync(process.execPath)), inode: BigInt(statSync(process.execPath).ino), uid: 0 });
    expect(previous.args[0]).toBe(readFileSync('/proc/self/cmdline', 'utf8').split('\0')[0]);
  });

  test.skipIf(noPython)('an exec of a process that had threads is told from one that had none (needs python3)', () => {
    const execAfter = (before: string): boolean => run(PYTHON, ['-c', `import os, threading\n${before}\nos.execv("/bin/true", ["true"])`]).current.afterThreads;
    expect([execAfter(''), execAfter('threading.Thread(target=lambda: None).start()')]).toEqual([false, true]);
    expect(run('/bin/sh', ['-c', ':']).current.afterThreads).toBe(false);
  });

  test.skipIf(noPython)('what was there before us in a user namespace proves nothing, and what it runs does (needs python3)', async () => {
    const child = spawn('unshare', ['--user', '--map-root-user', PYTHON, '-c', 'import os, sys\nprint("there", flush=True)\nsys.stdin.readline()\nif os.fork() == 0: os.fork() or os.execv("/bin/sh", ["sh", "-c", "echo $PPID $$"])\nos.wait()'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const said = text(child.stdout);
    await once(child.stdout, 'readable');
    const later = openImages();
    onTestFinished(() => later.close());
    child.stdin.end('\n');
    const [fork, shell] = (await said).trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
    expect([later.lookup(fork ?? 0).current, later.lookup(shell ?? 0).previous, later.lookup(shell ?? 0).current].map((image) => [image?.how, image?.isUnproven])).toEqual([['fork', true], ['fork', true], ['exec', false]]);
  });

  test('an exec after an exec keeps the image before', () => {
    const { pid, current, previous } = run('/bin/sh', ['-c', 'exec /bin/true second']);
    expect(current).toMatchObject({ pid, parent: process.pid, path: '/bin/true', args: ['/bin/true', 'second'] });
    expect(previous).toMatchObject({ how: 'exec', pid, parent: process.pid, path: '/bin/sh', start: current.start });
    expect(current.since).toBeGreaterThan(previous.since);
  });

  test('a script is its interpreter, with the script in the arguments', () => {
    const script = join(temporaryDirectory(), 'script');
    writeFileSync(script, '#!/bin/sh -e\n:\n', { mode: 0o755 });
    expect(run(script, ['one']).current).toMatchObject({ name: SHELL, path: '/bin/sh', comm: 'script', args: ['/bin/sh', '-e', script, 'one'] });
  });

  test('a path is as it was passed: relative, or a link', () => {
    const { directory, path } = tool();
    symlinkSync(path, join(directory, 'link'));
    expect(run('/bin/sh', ['-c', 'exec ./tool'], { cwd: directory }).current).toMatchObject({ path: './tool', name: 'tool' });
    expect(run(join(directory, 'link')).current).toMatchObject({ path: join(directory, 'link'), name: 'tool' });
  });

  test.skipIf(noPython)('a program in memory is told by its name and by having no link (needs python3)', () => {
    const { current } = run(PYTHON, ['-c', `import os; f = os.memfd_create('hidden', 0); os.write(f, open('${TRUE}', 'rb').read()); os.execve(f, ['innocent'], {})`]);
    expect(current).toMatchObject({ name: 'memfd:hidden', nlink: 0, args: ['innocent'] });
    expect(current.path).toMatch(/^\/dev\/fd\/\d+$/);
  });

  test.skipIf(noPython)('a deleted program is told by having no link (needs python3)', () => {
    const { path } = tool('gone');
    const { current } = run(PYTHON, ['-c', `import os; f = os.open('${path}', os.O_RDONLY); os.unlink('${path}'); os.execve(f, ['gone'], {})`]);
    expect(current).toMatchObject({ name: 'gone', nlink: 0 });
  });

  test.skipIf(noSetpriv)('users are those after setuid (needs setpriv: apt-get install util-linux)', () => {
    expect(run('setpriv', ['--reuid=65534', '--regid=65533', '--clear-groups', '/bin/true'])).toMatchObject({ current: { uid: 65534, ruid: 65534, gid: 65533 }, previous: { uid: 0, gid: 0 } });
  });

  test.skipIf(noSetpriv)('the effective user is told beside the real one (needs setpriv: apt-get install util-linux)', () => {
    expect(run('setpriv', ['--euid=65534', '/bin/true']).current).toMatchObject({ uid: 65534, ruid: 0 });
  });

  test.skipIf(noPython)('the parent is that of the fork, though it ended before the exec (needs python3)', () => {
    const orphan = ['import os, time', 'if os.fork() != 0: os._exit(0)', 'parent = os.getpid()', 'if os.fork() != 0: os._exit(0)', 'while os.getppid() == parent: time.sleep(0.001)', "os.write(1, f'{os.getpid()} {parent}'.encode())", "os.execv('/bin/true', ['true'])"].join('\n');
    const [pid = 0, parent = 0] = run(PYTHON, ['-c', orphan]).stdout.split(' ').map(Number);
    // The pipe is closed by the exec or the end of the process.
    expect(imageOf(pid)).toMatchObject({ how: 'exec', args: ['true'], parent });
  });

  test.skipIf(noPython)('a thread that executes makes the process what it executed (needs python3)', () => {
    const { current, previous } = run(PYTHON, ['-c', "import os, threading, time\nthreading.Thread(target=lambda: os.execv('/bin/true', ['true', 'from a thread'])).start()\ntime.sleep(30)"]);
    expect(current).toMatchObject({ how: 'exec', args: ['true', 'from a thread'], parent: process.pid, start: previous.start });
  });

  test('the start is that of /proc', async () => {
    const child = spawn('/bin/sleep', ['30']);
    onTestFinished(() => void child.kill('SIGKILL'));
    const pid = child.pid ?? 0;
    const ticks = Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[19]);
    const hertz = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
    expect(Number((imageOf(pid).start * BigInt(hertz)) / 1_000_000_000n)).toBe(ticks);
  });

  test('arguments that are empty, no UTF-8 or too many', () => {
    expect(run('/bin/true', ['', 'x', '']).current.args).toEqual(['/bin/true', '', 'x', '']);
    expect(run('/bin/sh', ['-c', 'exec /bin/true "$(printf \'\\377\')"']).current.args).toEqual(['/bin/true', '\ufffd']);
    expect(run('/bin/true', ['y'.repeat(500)]).current).toMatchObject({ argsTruncated: false, args: ['/bin/true', 'y'.repeat(500)] });
    expect(run('/bin/true', ['y'.repeat(501)]).current).toMatchObject({ argsTruncated: true, args: ['/bin/true', 'y'.repeat(501)] });
    expect(run('/bin/true', ['z'.repeat(100_000)]).current).toMatchObject({ argsTruncated: true, args: ['/bin/true', 'z'.repeat(501)] });
  });

  test('a long name is cut to 63 bytes, a long path to 159', () => {
    const { path } = tool('n'.repeat(200));
    expect(run(path).current).toMatchObject({ name: 'n'.repeat(63), path: path.slice(0, 159) });
  });

  const cgroups = readFileSync('/proc/mounts', 'utf8').split('\n').map((line) => line.split(' ')).find((fields) => fields[2] === 'cgroup2')?.[1];
  test.skipIf(cgroups === undefined)('the control group is told by the inode of its directory (needs cgroup2)', () => {
    const group = join(cgroups ?? '', `tickward-images-${process.pid}`);
    mkdirSync(group);
    onTestFinished(() => rmdirSync(group));
    expect(run('/bin/sh', ['-c', `echo $$ >${group}/cgroup.procs && exec /bin/true`]).current.cgroup).toBe(BigInt(statSync(group).ino));
  });

  test.skipIf(!existsSync('/proc/self/loginuid'))('who logged in is told, and nobody is nobody (needs CONFIG_AUDIT)', () => {
    expect(run('/bin/sh', ['-c', 'echo 4242 >/proc/self/loginuid && exec /bin/true']).current).toMatchObject({ auid: 4242, session: expect.any(Number) });
    expect(Object.hasOwn(run('/bin/sh', ['-c', 'echo 4294967295 >/proc/self/loginuid; exec /bin/true']).current, 'auid')).toBe(false);
  });

  test.skipIf(!existsSync('/proc/sys/kernel/ns_last_pid'))('of an older process with the same pid the last image stays (needs CONFIG_CHECKPOINT_RESTORE)', () => {
    const old = run('/bin/true', ['old']);
    // Another process of the host may take the number: tried until it is ours.
    for (let i = 0; i < 100 && imageOf(old.pid).start === old.current.start; i++) run('/bin/sh', ['-c', `echo ${old.pid - 1} >/proc/sys/kernel/ns_last_pid; (:); :`]);
    const { current, previous } = images.lookup(old.pid);
    expect(current?.start).toBeGreaterThan(old.current.start);
    expect([current?.how, previous]).toEqual(['fork', old.current]);
  });

  test('of hundreds of processes at once each is itself', async () => {
    const shells = Array.from({ length: 4 }, () => spawn('/bin/sh', ['-c', 'i=0; while [ $i -lt 100 ]; do /bin/true $i & echo $! $i; wait; i=$((i + 1)); done'], { stdio: ['ignore', 'pipe', 'inherit'] }));
    const told = await Promise.all(shells.map(async ({ stdout, pid }) => (await text(stdout)).trim().split('\n').map((line) => ({ parent: pid, line: line.split(' ') }))));
    const seen = told.flat().map(({ parent, line: [pid, number] }) => ({ parent, number, image: imageOf(Number(pid)) }));
    expect(seen).toHaveLength(400);
    expect(seen.filter(({ parent, number, image }) => image.parent !== parent || image.args[1] !== number)).toEqual([]);
  });

  test('an image that is replaced all the time is never mixed with another', async () => {
    const script = join(temporaryDirectory(), 'script');
    writeFileSync(script, '#!/bin/sh\n[ $1 = 400 ] && exit\nn=$(($1 + 1))\nexec "$0" $n $n $n $n $n $n $n $n\n', { mode: 0o755 });
    const child = spawn(script, ['0', '0']);
    const ended = once(child, 'exit').then(() => true);
    const seen = new Set<string>();
    while (!(await Promise.race([ended, setImmediate(false)]))) {
      for (let i = 0; i < 50; i++) {
        const { current, previous } = images.lookup(child.pid ?? 0);
        for (const image of [current, previous]) if (image?.path === '/bin/sh') seen.add([...new Set(image.args.slice(2))].join());
      }
    }
    expect(seen.size).toBeGreaterThan(10);
    expect([...seen].filter((numbers) => !/^\d+$/.test(numbers))).toEqual([]);
  });

  const without = noTries();
  describe.skipIf(without !== undefined)(`programs that were opened and not run (${without ?? 'as root'})`, () => {
    /** Steps of Python, and true(1) at the end. */
    const ran = (steps: string, last = 'os.execv("/bin/true", ["true"])'): Ran => run(PYTHON, ['-Sc', `import os\n${steps}\n${last}`]);
    const tries = (program: string): string => `try: os.execv(${JSON.stringify(inVain(program))}, ["x"])\nexcept OSError as error: assert error.errno == ${constants.errno.ELOOP}`;

    test('a program that runs leaves no other', () => {
      expect(run('/bin/true').current).toMatchObject({ name: 'true', tried: 0n });
    });

    test.skipIf(noPython)('one that was tried in vain is kept with the one that runs then', () => {
      const { mark } = run('/bin/cp', ['--version']).current;
      const { tried, ran: before } = ran(tries('/bin/cp')).current;
      expect([tried & mark, before & mark]).toEqual([mark, mark]);
    });

    test.skipIf(noPython)('with the very program that runs then, and not with the one after it', () => {
      const { current, previous } = ran(tries('/bin/sh'), 'os.execv("/bin/sh", ["sh", "-c", "exec /bin/true"])');
      expect([previous.name, previous.tried & previous.mark, current.name, current.tried]).toEqual([SHELL, previous.mark, 'true', 0n]);
    });

    test.skipIf(noPython)('of what is not there nothing was opened', () => {
      expect(ran('try: os.execv("/none", ["none"])\nexcept OSError: pass').current.tried).toBe(0n);
    });

    test.skipIf(noPython)('of one that a thread runs nothing is left over', () => {
      expect(ran('import threading; threading.Thread(target=lambda: os.execv("/bin/true", ["true"])).start(); import time; time.sleep(9)').current.tried).toBe(0n);
    });
  });

  test('since tells whether the image is still the same', () => {
    const { pid, current } = run('/bin/true');
    expect(images.since(pid)).toBe(current.since);
  });

  test('of a process that was never made or executed there is nothing', () => {
    for (const pid of [-1, 0, 1, process.pid, 4_194_305]) expect([images.lookup(pid), images.since(pid)]).toEqual([{}, 0n]);
  });
});

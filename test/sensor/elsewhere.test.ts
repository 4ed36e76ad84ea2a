/** That no program passes for another by having its name where only it sees it: in a mount namespace (any user can have one), below another root, in a directory that is gone. */
import { copyFileSync, chmodSync, mkdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';
import { hasTasks } from '../helpers/bpf.ts';
import { noStrace } from '../helpers/needs.ts';
import { notPrivileged, obedient, perform, PYTHON, python, sense, senseThrough, settledIn, units, WITHOUT_IMAGES, type Sensing } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

/** A program that rules leave alone. */
const TRUSTED = realpathSync('/usr/bin/env');
const SH = realpathSync('/bin/sh');
const TRUE = realpathSync('/bin/true');

const WRITE = 'echo x > "$0"; sleep 0.2; :';

/** A program of the attacker's own, in a directory that is not watched. */
function evil({ outside }: Sensing, path = 'evil'): string {
  const own = join(outside, path);
  mkdirSync(join(own, '..'), { recursive: true });
  copyFileSync(SH, own);
  chmodSync(own, 0o755);
  return own;
}

/** While it runs, the sensor in this process reads nothing. */
function unseen(script: string, ...args: string[]): void {
  const { status, stderr } = spawnSync('/bin/sh', ['-ec', script, ...args], { encoding: 'utf8' });
  expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: '' });
}

/** Nothing logs what is run from there, so that it is certain only some time after its beginning. */
async function performFromOwnFileSystem({ root, outside }: Sensing): Promise<void> {
  const wait = 'read -t 1.3 line <> "$1/fifo"';
  await perform('unshare', ['--mount', 'sh', '-ec', `mount -t tmpfs tmpfs "$1"; mkfifo "$1/fifo"; cp /bin/bash "$1/${basename(TRUSTED)}"; mount --bind "$1" ${dirname(TRUSTED)}; exec ${TRUSTED} -c '${wait}; echo x > "$0"; ${wait}; :' "$0" "$1"`, join(root, 'a.timer'), outside]);
}

async function made(sensing: Sensing): Promise<FileEvent> {
  return sensing.line('creation a.timer');
}

describe.skipIf(notPrivileged !== undefined)(`programs that only the process itself has by their name (${notPrivileged ?? 'as root'})`, () => {
  test('one that is mounted over a trusted one in a mount namespace is named by its own path', async () => {
    const sensing = await settledIn();
    const own = evil(sensing);
    await perform('unshare', ['--mount', 'sh', '-ec', `mount --bind "$1" ${TRUSTED}; exec ${TRUSTED} -c '${WRITE}' "$0"`, join(sensing.root, 'a.timer'), own]);
    expect(await made(sensing)).toMatchObject({ process: { executable: own, name: 'evil' }, tickward: { attribution: 'exact' } });
  });

  test('the same of one whose file has no name any more', async () => {
    const sensing = await settledIn();
    const own = evil(sensing);
    await perform('unshare', ['--mount', 'sh', '-ec', `mount --bind "$1" ${TRUSTED}; rm "$1"; exec ${TRUSTED} -c '${WRITE}' "$0"`, join(sensing.root, 'a.timer'), own]);
    expect((await made(sensing)).process?.executable).toBe(own);
  });

  test('one on a file system that only its mount namespace has is named by a path that nobody takes for one of the host', async () => {
    const sensing = await settledIn();
    await performFromOwnFileSystem(sensing);
    const { process: maker, tickward } = await made(sensing);
    expect([maker?.executable, tickward.attribution_note]).toEqual([`/proc/${maker?.pid ?? 0}/root${TRUSTED}`, expect.stringContaining('as the process had it')]);
  });

  test.skipIf(noStrace !== undefined)(`the same without the map of images (${noStrace ?? 'strace is there'})`, async () => {
    const base = await sense('scan', { rescanSeconds: 30 });
    const told = await senseThrough(WITHOUT_IMAGES, { directories: units(base.root), root: base.root });
    expect(told.ready.attribution).toBe('proc');
    await performFromOwnFileSystem(base);
    const { process: maker, tickward } = await told.line('creation a.timer');
    expect([maker?.executable, tickward.attribution_note]).toEqual([`/proc/${maker?.pid ?? 0}/root${TRUSTED}`, expect.stringContaining('as the process had it')]);
  });

  test('one below another root that is gone when it is looked for is not named as the one that has its path here', async () => {
    const sensing = await settledIn();
    const own = evil(sensing, `root${TRUSTED}`);
    spawnSync('sh', ['-c', 'for f in $(ldd /bin/sh | grep -o "/[^ ]*"); do mkdir -p "$0$(dirname $f)"; cp -L $f "$0$f"; done', join(sensing.outside, 'root')]);
    unseen(`mkdir "$1/units"; unshare --mount sh -ec 'mount --bind "$0" "$1/units"; chroot "$1" ${TRUSTED} -c "echo x > /units/a.timer; :"' "$0" "$1"; rm -r "$1"`, sensing.root, join(sensing.outside, 'root'));
    const { process: maker, tickward } = await made(sensing);
    expect(own.endsWith(TRUSTED)).toBe(true);
    expect([maker?.executable, tickward.attribution_note]).toEqual([`/proc/${maker?.pid ?? 0}/root${TRUSTED}`, expect.stringContaining('as the process had it')]);
  });

  test('one whose directory is gone is named as it was called, and no other way to write a trusted path makes it one', async () => {
    const sensing = await settledIn();
    const own = evil(sensing, 'gone/evil');
    unseen(`/usr/bin/../..${own} -c 'echo x > "$0"; :' "$0"; rm -r "$1"`, join(sensing.root, 'a.timer'), join(sensing.outside, 'gone'));
    const { process: maker } = await made(sensing);
    expect(maker?.executable).toBe(`/proc/${maker?.pid ?? 0}/root/usr/bin/../..${own}`);
  });

  test('one whose name ends as the kernel marks what was deleted is named whole', async () => {
    const sensing = await settledIn();
    const own = evil(sensing, 'true (deleted)');
    await perform(own, ['-c', WRITE, join(sensing.root, 'a.timer')]);
    const { process: maker, tickward } = await made(sensing);
    expect([maker?.executable, tickward.attribution_note]).toEqual([own, undefined]);
  });

  test('of two with one name that a process ran in turn, the one is not named as the other', async () => {
    const sensing = await settledIn();
    const own = evil(sensing, 'env');
    // The log has each once, however often it was opened: the attacker's before the host's.
    unseen(`exec "$1" -c 'exec env "$1" -c "echo x > \\"\\$0\\"; :" "$0"' "$0" "$1"`, join(sensing.root, 'a.timer'), own);
    const { process: maker } = await made(sensing);
    expect(maker?.executable ?? own).toBe(own);
  });

  test('a program in a mount namespace with the number of the host’s program at its path is none of the host', async () => {
    const sensing = await settledIn();
    const place = join(sensing.outside, 'place');
    // The first file of a tmpfs always has the same number.
    const fill = (program: string): string => `mount -t tmpfs tmpfs "$1"; cp ${program} "$1/tool"`;
    onTestFinished(() => void spawnSync('umount', [place]));
    unseen(`mkdir "$1"; ${fill(TRUSTED)}`, '', place);
    unseen(`unshare --mount sh -ec '${fill(SH)}; "$1/tool" -c "sleep 0.1; echo x > $0; sleep 0.1; :"' "$0" "$1"`, join(sensing.root, 'a.timer'), place);
    const { process: maker, tickward } = await made(sensing);
    expect([maker?.executable, tickward.attribution_note]).toEqual([`/proc/${maker?.pid ?? 0}/root${place}/tool`, expect.stringContaining('as the process had it')]);
  });

  test('one of another mount namespace, run from the host and removed, is not named as the one that has its path here', async () => {
    const sensing = await settledIn();
    const own = evil(sensing, `bin/${basename(TRUSTED)}`);
    const holder = await obedient('unshare', ['--user', '--map-root-user', '--mount', '/bin/sh', '-c', 'while read line; do eval "$line"; echo done; done']);
    await holder.order(`mount --bind ${dirname(own)} ${dirname(TRUSTED)}`);
    await perform(`/proc/${holder.pid}/root${TRUSTED}`, ['-c', `rm ${own}; sleep 0.2; ${WRITE}`, join(sensing.root, 'a.timer')]);
    const { process: maker, tickward } = await made(sensing);
    expect([maker?.executable, tickward.attribution_note]).toEqual([own, 'the program was deleted while it ran']);
  });

  test('one in memory that is named like a path is called by all of its name', async () => {
    const sensing = await settledIn();
    const name = `memfd:x${TRUSTED}`;
    await perform(PYTHON, ['-c', `import os, sys\nfile = os.memfd_create(sys.argv[2], 0)\nos.write(file, open("${SH}", "rb").read())\nos.execve(file, ["env", "-c", sys.argv[3], sys.argv[1]], os.environ)`, join(sensing.root, 'a.timer'), `x${TRUSTED}`, `sleep 0.2; ${WRITE}`]);
    expect((await made(sensing)).process).toMatchObject({ executable: `/${name}`, name });
  });

  test('what calls itself another program, and has none any more, is called nothing', async () => {
    const old = await python();
    await old.order('import ctypes, platform, threading, time; libc = ctypes.CDLL(None)');
    const sensing = await settledIn();
    await old.order(`exec(${JSON.stringify(`def work():\n  time.sleep(0.2); open("${join(sensing.root, 'a.timer')}", "w").close(); time.sleep(0.3); os._exit(0)`)})`);
    // Its first thread ends, and with it what /proc knows of its program. No answer comes.
    void old.order(`libc.prctl(15, b"${basename(TRUSTED)}"); threading.Thread(target=work).start(); libc.syscall(93 if platform.machine() == "aarch64" else 60, 0)`);
    const { process: maker, tickward } = await made(sensing);
    expect([maker?.pid, maker?.executable, maker?.name, tickward.attribution]).toEqual([old.pid, undefined, undefined, 'none']);
  });

  test('what was there before the sensor in a user namespace is named as nothing, and what it runs as what that is', async () => {
    const script = 'while read line; do eval "$line"; echo done; done';
    const alice = await obedient('unshare', ['--user', '--map-root-user', '/bin/sh', '-c', script]);
    const sensing = await sense('auto', { before: (root) => chmodSync(root, 0o777) });
    const at = (name: string): string => join(sensing.root, name);
    for (const line of [`echo x > ${at('own.timer')}`, `(echo x > ${at('fork.timer')})`, `/usr/bin/touch ${at('run.timer')}`]) await alice.order(line);
    const [own, fork, run] = await Promise.all(['own', 'fork', 'run'].map((name) => sensing.line(`creation ${name}.timer`)));
    await alice.end();
    for (const event of [own, fork]) expect([event?.tickward.attribution, event?.process?.executable, event?.process?.name, event?.process?.command_line, event?.tickward.attribution_note]).toEqual(['none', undefined, undefined, undefined, expect.stringContaining('in a user namespace of its own')]);
    expect([run?.process?.executable, run?.tickward.ancestry[0]]).toEqual([realpathSync('/usr/bin/touch'), { pid: alice.pid }]);
  });

  const noCc = spawnSync('cc', ['--version']).status === 0 ? undefined : 'needs cc: apt-get install gcc';
  test.skipIf(noCc !== undefined).each([['one thread', 'thread-exec', []], ['a worker of io_uring', 'uring-exec', []], ['a worker of the io_uring that a thread of the kernel polls', 'uring-exec', ['poll']]])(`what %s does while another thread runs a program is never that program’s (${noCc ?? 'cc is there'})`, { timeout: 30_000 }, async (_, fixture, mode) => {
    const sensing = await settledIn();
    const own = join(sensing.outside, 'evil');
    expect(spawnSync('cc', ['-O1', '-pthread', '-o', own, join(import.meta.dirname, `../fixtures/${fixture}.c`)], { encoding: 'utf8' })).toMatchObject({ status: 0 });
    const tries = 120;
    for (let each = 0; each < tries; each += 1) await perform(own, [join(sensing.root, `${each}.timer`), String((each % 30) * (fixture === 'uring-exec' ? 3 : 20)), TRUE, ...mode]);
    await perform('/bin/sh', ['-c', 'echo x > "$0"', join(sensing.root, 'a.timer')]);
    await made(sensing);
    const makers = sensing.shown.flatMap(({ event, file, process: maker }) => (event.action === 'creation' && file.name !== 'a.timer' ? [maker?.executable ?? own] : []));
    expect(makers.length).toBeGreaterThan(0);
    expect(new Set(makers)).toEqual(new Set([own]));
  });

  const compiled = (directory: string): string => {
    const own = join(directory, 'evil');
    expect(spawnSync('cc', ['-O1', '-static', '-no-pie', '-fno-stack-protector', '-fcf-protection=none', '-o', own, join(import.meta.dirname, '../fixtures/other-executable.c')], { encoding: 'utf8' })).toMatchObject({ status: 0 });
    return own;
  };
  const cannot = process.arch !== 'x64' ? 'is for x86-64' : noCc ?? noStrace;
  test.skipIf(cannot !== undefined).for([['with', 'exact', []], ['without', 'proc', WITHOUT_IMAGES]] as const)(`one that has /proc call it another is not named so, %s the map of images (${cannot ?? 'cc is there'})`, async ([, attribution, through]) => {
    const base = await sense('scan', { rescanSeconds: 30, before: (root) => chmodSync(root, 0o777) });
    const own = compiled(base.outside);
    const told = await senseThrough(through, { directories: units(base.root), root: base.root });
    expect(told.ready.attribution).toBe(attribution);
    await perform('unshare', ['--user', '--map-root-user', own, join(base.root, 'a.timer'), TRUSTED]);
    const { process: maker } = await told.line('creation a.timer');
    expect(maker?.executable ?? own).toBe(own);
  });

  test.skipIf(cannot !== undefined || !hasTasks)(`nor one that was there before the sensor, or is a fork of it, in no namespace of its own (${cannot ?? 'cc is there'})`, async () => {
    const base = await sense('scan', { rescanSeconds: 30 });
    const [own, go] = [compiled(base.outside), join(base.outside, 'go')];
    // As a plain user it takes one more process, which shares its memory (CLONE_VM) and is in a user namespace.
    const child = spawn(own, [join(base.root, 'own.timer'), TRUSTED, go, join(base.root, 'fork.timer')]);
    onTestFinished(() => void child.kill('SIGKILL'));
    await until(() => readlinkSync(`/proc/${child.pid}/exe`) === TRUSTED, () => 'another program in /proc');
    const told = await senseThrough([], { directories: units(base.root), root: base.root });
    writeFileSync(go, '');
    const events = await Promise.all(['own', 'fork'].map((name) => told.line(`creation ${name}.timer`)));
    for (const { process: maker, tickward } of events) expect([tickward.attribution, maker?.executable, maker?.name, maker?.command_line, tickward.attribution_note]).toEqual(['none', undefined, undefined, undefined, expect.stringContaining('put in the place of its program')]);
    expect(events[1]?.tickward.ancestry[0]).toEqual({ pid: child.pid });
  });
});

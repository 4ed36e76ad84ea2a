/** That nothing is missed and nothing told twice: every way in which a unit file comes, changes and goes. Against the real kernel. */
import { hash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';
import type { SensorMode } from '../../src/sensor/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { makerOf, notPrivileged, perform, PYTHON, python, sense, SHELL, support, units } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const kernel: SensorMode[] = support.mode === 'fanotify' ? ['fanotify', 'inotify'] : ['inotify'];

const renaming = (flags: number): string => `import ctypes,sys; sys.exit(ctypes.CDLL(None).renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), ${flags}))`;
const exchange = renaming(2);
/** RENAME_WHITEOUT: a device that is none stays where the file was, for systemd a mask. */
const whiteout = renaming(4);

function put(path: string, content = 'x'): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
}

function sha256(content: string): string {
  return hash('sha256', content);
}

interface Deed {
  what: string;
  /** Files that are there before, below the watched directory; `../outside/` is not watched. */
  files?: string[];
  /** Directories that are there before, likewise. */
  directories?: string[];
  /** A shell's work in the watched directory. */
  script: string;
  told: string[];
  /** The program that did each, or all of it. */
  by: string | string[];
  /** Programs that may be inferred instead, where a folder was new. */
  inferred?: string;
  /** The kernel may have merged what two programs did: then none is named. */
  merged?: true;
  /** Of the events in turn. */
  units?: (readonly [unit: string, type: FileEvent['tickward']['unit_type']])[];
}

const DEEDS: Deed[] = [
  { what: 'a template and an instance of it', script: 'echo x > x@.timer; echo x > x@1.timer', told: ['creation x@.timer', 'creation x@1.timer'], by: SHELL, units: [['x@.timer', 'timer'], ['x@1.timer', 'timer']] },
  { what: 'a link that enables a timer', files: ['a.timer'], directories: ['timers.target.wants'], script: 'ln -s ../a.timer timers.target.wants/; true', told: ['creation timers.target.wants/a.timer'], by: 'ln', units: [['a.timer', 'wants']] },
  { what: 'a link in a new folder of requirements', script: 'mkdir x.service.requires; ln -s /a.timer x.service.requires/; true', told: ['creation x.service.requires/a.timer'], by: 'ln', inferred: 'mkdir', units: [['a.timer', 'wants']] },
  { what: 'a link in a folder of what is upheld', directories: ['timers.target.upholds'], script: 'ln -s /a.timer timers.target.upholds/; true', told: ['creation timers.target.upholds/a.timer'], by: 'ln', units: [['a.timer', 'wants']] },
  { what: 'a link that a mount wants', directories: ['-.mount.wants'], script: 'ln -s /a.timer ./-.mount.wants/; true', told: ['creation -.mount.wants/a.timer'], by: 'ln', units: [['a.timer', 'wants']] },
  { what: 'a link whose target changes', script: 'ln -s one l.timer; ln -sf two l.timer; true', told: ['creation l.timer', 'creation CuXXXXXX', 'rename l.timer from CuXXXXXX'], by: 'ln' },
  { what: 'a hard link', files: ['../outside/h'], script: 'ln ../outside/h h.timer; true', told: ['creation h.timer'], by: 'ln' },
  { what: 'a rename within', files: ['a.timer'], script: 'mv a.timer b.timer; true', told: ['rename b.timer from a.timer'], by: 'mv' },
  { what: 'a rename between two folders', files: ['a.timer.d/a.conf'], directories: ['b.timer.d'], script: 'mv a.timer.d/a.conf b.timer.d/b.conf; true', told: ['rename b.timer.d/b.conf from a.timer.d/a.conf'], by: 'mv', units: [['b.timer', 'drop-in']] },
  { what: 'a rename into', files: ['../outside/a'], script: 'mv ../outside/a a.timer; true', told: ['rename a.timer'], by: 'mv' },
  { what: 'a rename out of', files: ['a.timer'], script: 'mv a.timer ../outside/a; true', told: ['deletion a.timer'], by: 'mv' },
  { what: 'an overwriting rename', files: ['a.timer', 'a.timer.dpkg-new'], script: 'mv -f a.timer.dpkg-new a.timer; true', told: ['rename a.timer from a.timer.dpkg-new'], by: 'mv' },
  { what: 'two names exchanged', files: ['a.timer', 'b.timer'], script: `"${PYTHON}" -c '${exchange}' a.timer b.timer`, told: ['rename b.timer from a.timer', 'rename a.timer from b.timer'], by: basename(PYTHON) },
  { what: 'a rename that leaves a mask behind', files: ['a.timer'], script: `"${PYTHON}" -c '${whiteout}' a.timer b.timer`, told: ['rename b.timer from a.timer', 'creation a.timer'], by: basename(PYTHON) },
  { what: 'a rename out of that leaves a mask behind', files: ['a.timer'], script: `"${PYTHON}" -c '${whiteout}' a.timer ../outside/a`, told: ['deletion a.timer', 'creation a.timer'], by: basename(PYTHON) },
  { what: 'a name exchanged with one outside', files: ['a.timer', '../outside/b'], script: `"${PYTHON}" -c '${exchange}' a.timer ../outside/b`, told: ['deletion a.timer', 'rename a.timer'], by: basename(PYTHON) },
  { what: 'sed -i', files: ['a.timer'], script: 'sed -i s/x/y/ a.timer; true', told: ['creation sedXXXXXX', 'rename a.timer from sedXXXXXX'], by: 'sed' },
  { what: 'an edit in place', files: ['a.timer'], script: 'echo y >> a.timer', told: ['modification a.timer'], by: SHELL },
  { what: 'a file cut to nothing', files: ['a.timer'], script: 'truncate -s 0 a.timer; true', told: ['modification a.timer'], by: 'truncate' },
  { what: 'another mode', files: ['a.timer'], script: 'chmod 600 a.timer; true', told: ['modification a.timer'], by: 'chmod' },
  { what: 'another attribute', files: ['a.timer'], script: `"${PYTHON}" -c 'import os; os.setxattr("a.timer", "user.x", b"y")'`, told: ['modification a.timer'], by: basename(PYTHON) },
  { what: 'another time', files: ['a.timer'], script: 'touch -d 2001-01-01 a.timer; true', told: ['modification a.timer'], by: 'touch' },
  { what: 'a removal', files: ['a.timer'], script: 'rm a.timer; true', told: ['deletion a.timer'], by: 'rm' },
  { what: 'a removal of a folder of drop-ins', files: ['a.timer.d/a.conf'], script: 'rm -r a.timer.d; true', told: ['deletion a.timer.d/a.conf'], by: 'rm', units: [['a.timer', 'drop-in']] },
  { what: 'a folder of drop-ins renamed away', files: ['a.timer.d/a.conf'], script: 'mv a.timer.d ../outside/d; true', told: ['deletion a.timer.d/a.conf'], by: 'mv' },
  { what: 'a folder of drop-ins renamed in', files: ['../outside/d/a.conf'], script: 'mv ../outside/d a.timer.d; true', told: ['creation a.timer.d/a.conf'], by: 'mv' },
  { what: 'a folder of drop-ins renamed within', files: ['a.timer.d/a.conf'], script: 'mv a.timer.d b.timer.d; true', told: ['deletion a.timer.d/a.conf', 'creation b.timer.d/a.conf'], by: 'mv', units: [['a.timer', 'drop-in'], ['b.timer', 'drop-in']] },
  { what: 'a drop-in of all timers', directories: ['timer.d'], script: 'echo x > timer.d/a.conf', told: ['creation timer.d/a.conf'], by: SHELL, units: [['timer', 'drop-in']] },
  { what: 'a drop-in of all units of a prefix', directories: ['a-.service.d'], script: 'echo x > a-.service.d/a.conf', told: ['creation a-.service.d/a.conf'], by: SHELL, units: [['a-.service', 'drop-in']] },
  { what: 'a drop-in by a link to a folder elsewhere', directories: ['../outside/d'], files: ['../outside/d/a.conf'], script: 'ln -s ../outside/d a.timer.d; true', told: ['creation a.timer.d', 'creation a.timer.d/a.conf'], by: 'ln' },
  { what: 'a name of 255 bytes', script: `echo x > ${'n'.repeat(249)}.timer`, told: [`creation ${'n'.repeat(249)}.timer`], by: SHELL },
  { what: 'a mask', script: 'ln -s /dev/null a.timer; true', told: ['creation a.timer'], by: 'ln' },
  { what: 'a pipe in the place of a file', script: 'mkfifo a.timer; true', told: ['creation a.timer'], by: 'mkfifo' },
  { what: 'a file and its removal by two programs of one process', script: 'echo x > a.timer; exec rm a.timer', told: ['creation a.timer', 'deletion a.timer'], by: [SHELL, 'rm'], merged: true },
];

/** Names that programs make up. */
function plain(line: string): string {
  return line.replace(/\b(sed|Cu)[A-Za-z0-9]{6}\b/g, '$1XXXXXX');
}

/** What is wrong with who is said to have done it; nothing where no one can be named. */
function wrongMakers(events: readonly FileEvent[], { by, inferred, merged }: Deed): object[] {
  return events.flatMap((event, index) => {
    const { attribution, attribution_note: note, ancestry } = event.tickward;
    const name = makerOf(event);
    const allowed = [typeof by === 'string' ? by : by[index], ...(inferred !== undefined && attribution === 'inferred' ? [inferred] : []), ...(merged === true && attribution === 'none' ? [''] : [])];
    const isOurs = name === '' || ancestry.some(({ pid }) => pid === process.pid);
    // A comparison that was faster than the kernel's queue names nobody.
    return (allowed.includes(name) && isOurs) || (event.tickward.source === 'scan' && name === '') ? [] : [{ name, attribution, note, ancestry }];
  });
}

describe.each(kernel)('by %s', (mode) => {
  const named = mode === 'fanotify' && notPrivileged === undefined;
  /** What an event says of its maker where the kernel names one. */
  const madeBy = (pid: number, attribution = 'exact'): object => (named ? { process: { pid }, tickward: { attribution } } : {});

  test.for(DEEDS)('$what: told once, by its path, and no more by comparing', async (deed) => {
    const { files = [], directories = [], script, told, units: expected } = deed;
    const sensing = await sense(mode, {
      before: (root) => {
        for (const directory of directories) mkdirSync(join(root, directory), { recursive: true });
        for (const file of files) put(join(root, file));
      },
    });
    await perform('/bin/sh', ['-c', script], { cwd: sensing.root });
    await sensing.count(told.length);
    await sensing.settled();
    expect(sensing.lines().map(plain)).toEqual(told);
    const unitsOf = sensing.shown.map(({ tickward }) => [tickward.unit, tickward.unit_type]);
    expect(unitsOf).toEqual(expected ?? unitsOf);
    expect(named ? wrongMakers(sensing.shown, deed) : []).toEqual([]);
    expect(sensing.notices).toEqual([]);
  });

  test.skipIf(!isRoot)('another owner (needs root)', async () => {
    const sensing = await sense(mode, { before: (watched) => put(join(watched, 'a.timer')) });
    await perform('chown', ['1234:5678', 'a.timer'], { cwd: sensing.root });
    expect((await sensing.line('modification a.timer')).file).toMatchObject({ uid: '1234', gid: '5678' });
  });

  test('a file that says it is of a year that no date has hides neither itself nor what comes with it', async () => {
    const sensing = await sense(mode, { parent: '/dev/shm' });
    const { order } = await python({ cwd: sensing.root });
    // Of that year before anybody can look: beside what is watched, then all three in one reading of the kernel's queue.
    const beside = temporaryDirectory('/dev/shm');
    const names = '("a.timer", "b.timer", "c.timer")';
    await order(`d = "${beside}/"; [open(d + n, "w").close() for n in ${names}]; os.utime(d + "b.timer", (9e15, 9e15)); [os.rename(d + n, n) for n in ${names}]`);
    for (const name of ['a', 'b', 'c']) expect(Object.hasOwn((await sensing.line(`rename ${name}.timer`)).file, 'mtime')).toBe(name !== 'b');
  });

  test('what is written through a descriptor that stays open is told while it is open, and its end when it is closed', async () => {
    const sensing = await sense(mode, { rescanSeconds: 60 });
    const { order, pid } = await python({ cwd: sensing.root });
    await order('f = os.open("a.timer", os.O_CREAT | os.O_WRONLY)');
    expect(await sensing.line('creation a.timer')).toMatchObject({ file: { size: 0 } });
    await order('os.write(f, b"one")');
    const written = await sensing.line('modification a.timer');
    expect(written.file).toMatchObject({ size: 3, hash: { sha256: sha256('one') } });
    expect(written).toMatchObject(madeBy(pid));
    await order('os.write(f, b"two"); os.close(f)');
    await until(() => sensing.shown.at(-1)?.file.hash?.sha256 === sha256('onetwo'));
    for (const event of sensing.shown) expect(event).toMatchObject(madeBy(pid));
  });

  describe.each([['on disk', tmpdir()], ['on tmpfs', '/dev/shm']])('through memory (mmap) %s', (_, parent) => {
    test('a change is told when the file is closed', async () => {
      const sensing = await sense(mode, { parent, rescanSeconds: 60, before: (root) => put(join(root, 'a.timer'), 'old') });
      const { order, pid } = await python({ cwd: sensing.root });
      await order('f = os.open("a.timer", os.O_RDWR); m = mmap.mmap(f, 3); m[0:3] = b"new"; m.close(); os.close(f)');
      const event = await sensing.line('modification a.timer');
      expect(event.file.hash?.sha256).toBe(sha256('new'));
      // Who closed it may have been left the open file by who wrote.
      expect(event).toMatchObject(madeBy(pid, 'inferred'));
      expect(event.tickward.source).toBe(mode);
    });
  });

  test('a change through memory is found by comparing while the file is open, and no process is made up for it', async () => {
    const sensing = await sense(mode, { before: (root) => put(join(root, 'a.timer'), 'old') });
    const { order } = await python({ cwd: sensing.root });
    await order('f = os.open("a.timer", os.O_RDWR); m = mmap.mmap(f, 3); m[0:3] = b"new"');
    const event = await sensing.line('modification a.timer');
    expect(event).toMatchObject({ file: { hash: { sha256: sha256('new') } }, tickward: { source: 'scan', attribution: 'none' } });
    expect(event.process).toBeUndefined();
  });

  // Writing to a page that is written already changes no time stamp of the file, so that only its content tells.
  test('a change through memory that comes after a comparison told of one is told too', async () => {
    const sensing = await sense(mode, { before: (root) => put(join(root, 'a.timer'), 'old') });
    const { order } = await python({ cwd: sensing.root });
    await order('f = os.open("a.timer", os.O_RDWR); m = mmap.mmap(f, 3); m[0:3] = b"one"');
    await sensing.settled();
    await order('m[0:3] = b"two"; m.close(); os.close(f)');
    await until(() => sensing.shown.length > 1, () => 'a second event', 1_000);
    expect(sensing.shown.at(-1)?.file.hash?.sha256).toBe(sha256('two'));
  });

  test('a comparison leaves to the kernel what the kernel tells', async () => {
    const sensing = await sense(mode, { rescanSeconds: 0.001 });
    const count = 400;
    await perform(PYTHON, ['-c', `import time\nfor n in range(${count}):\n  open(f"{n}.timer", "w").close(); time.sleep(0.0005)`], { cwd: sensing.root });
    await sensing.count(count);
    expect(sensing.shown.filter(({ tickward }) => tickward.source === 'scan')).toEqual([]);
  });

  test('files in chains of directories that are made late are told once each, whoever is faster', async () => {
    const count = 25;
    const sensing = await sense(mode, { directories: (base) => units(join(base, 'units'), ...Array.from({ length: count }, (_, n) => join(base, 'outside', String(n), 'a/b/c/d/e/f/units'))) });
    await perform('/bin/sh', ['-c', `for n in $(seq 0 ${count - 1}); do mkdir -p $n/a/b/c/d/e/f/units; echo x > $n/a/b/c/d/e/f/units/a.timer; done`], { cwd: sensing.outside });
    await sensing.count(count);
    await sensing.settled();
    expect(sensing.lines().filter((line) => line.startsWith('creation ')).sort()).toEqual(Array.from({ length: count }, (_, n) => `creation ${join(sensing.outside, String(n), 'a/b/c/d/e/f/units/a.timer')}`).sort());
    // One that was found before it was written is told of again, with its content.
    const contents = sensing.shown.map(({ file }) => `${file.path} ${file.hash?.sha256}`);
    expect(new Set(contents).size).toBe(contents.length);
    // Nobody but the shell made the files; of a directory that came late its maker may be inferred.
    const wrong = sensing.shown.filter((event) => makerOf(event) !== SHELL && !(makerOf(event) === 'mkdir' && event.tickward.attribution === 'inferred') && !(makerOf(event) === '' && event.tickward.attribution === 'none'));
    expect(named ? wrong : []).toEqual([]);
  });

  test('a directory that is renamed away takes its files with it, and the one put in its place is watched', async () => {
    const sensing = await sense(mode, { rescanSeconds: 60, directories: (base) => units(join(base, 'outside/w')), before: (root) => { put(join(root, '../outside/w/old.timer')); put(join(root, '../outside/new/new.timer')); } });
    const { root, outside } = sensing;
    await perform('mv', [join(outside, 'w'), join(root, 'away')]);
    await sensing.line(`deletion ${outside}/w/old.timer`);
    await perform('mv', [join(outside, 'new'), join(outside, 'w')]);
    await sensing.line(`creation ${outside}/w/new.timer`);
    put(join(root, 'away/unseen.timer'));
    put(join(outside, 'w/seen.timer'));
    await sensing.line(`creation ${outside}/w/seen.timer`);
    expect(sensing.lines()).toEqual([`deletion ${outside}/w/old.timer`, `creation ${outside}/w/new.timer`, `creation ${outside}/w/seen.timer`]);
  });

  test('a directory that is exchanged with another is followed by its name', async () => {
    const sensing = await sense(mode, { rescanSeconds: 60, directories: (base) => units(join(base, 'outside/w')), before: (root) => { put(join(root, '../outside/w/old.timer')); put(join(root, '../outside/new/new.timer')); } });
    const { outside } = sensing;
    await perform(PYTHON, ['-c', exchange, join(outside, 'w'), join(outside, 'new')]);
    await sensing.line(`creation ${outside}/w/new.timer`);
    put(join(outside, 'w/seen.timer'));
    await sensing.line(`creation ${outside}/w/seen.timer`);
    expect(sensing.lines().sort()).toEqual([`deletion ${outside}/w/old.timer`, `creation ${outside}/w/new.timer`, `creation ${outside}/w/seen.timer`].sort());
  });

  test('a directory above that is renamed away and back is followed', async () => {
    const sensing = await sense(mode, { rescanSeconds: 60, directories: (base) => units(join(base, 'outside/a/b/w')), before: (root) => put(join(root, '../outside/a/b/w/x.timer')) });
    const { outside } = sensing;
    for (let turn = 1; turn <= 3; turn += 1) {
      await perform('mv', [join(outside, 'a'), join(outside, 'away')]);
      await until(() => sensing.lines().filter((line) => line === `deletion ${outside}/a/b/w/x.timer`).length === turn, () => `deletion ${turn}`);
      await perform('mv', [join(outside, 'away'), join(outside, 'a')]);
      await until(() => sensing.lines().filter((line) => line === `creation ${outside}/a/b/w/x.timer`).length === turn, () => `creation ${turn}`);
    }
    put(join(outside, 'a/b/w/y.timer'));
    await sensing.line(`creation ${outside}/a/b/w/y.timer`);
    expect(sensing.shown).toHaveLength(7);
  });

  test('a directory that a link leads to is watched by the path of the link, also when it leads elsewhere later', async () => {
    const sensing = await sense(mode, { rescanSeconds: 60, directories: (base) => units(join(base, 'outside/w')), before: (root) => { put(join(root, '../outside/one/1.timer')); put(join(root, '../outside/two/2.timer')); symlinkSync('one', join(root, '../outside/w')); } });
    const { outside } = sensing;
    put(join(outside, 'one/x.timer'));
    await sensing.line(`creation ${outside}/w/x.timer`);
    await perform('ln', ['-sfn', 'two', 'w'], { cwd: outside });
    await sensing.line(`creation ${outside}/w/2.timer`);
    put(join(outside, 'two/y.timer'));
    await sensing.line(`creation ${outside}/w/y.timer`);
    put(join(outside, 'one/unseen.timer'));
    put(join(outside, 'two/z.timer'));
    await sensing.line(`creation ${outside}/w/z.timer`);
    expect(sensing.lines().sort()).toEqual([`creation ${outside}/w/x.timer`, `deletion ${outside}/w/1.timer`, `deletion ${outside}/w/x.timer`, `creation ${outside}/w/2.timer`, `creation ${outside}/w/y.timer`, `creation ${outside}/w/z.timer`].sort());
  });

  test('a directory that two paths lead to is told of once', async () => {
    const sensing = await sense(mode, { directories: (base) => units(join(base, 'outside/lib/w'), join(base, 'outside/usr/w'), join(base, 'units')), before: (root) => { mkdirSync(join(root, '../outside/usr/w'), { recursive: true }); symlinkSync('usr', join(root, '../outside/lib')); } });
    put(join(sensing.outside, 'lib/w/a.timer'));
    await sensing.count(1);
    await sensing.settled();
    expect(sensing.lines()).toEqual([`creation ${sensing.outside}/usr/w/a.timer`]);
  });

  test('a directory that is a link every other moment while it is marked does not confuse it for longer than that', async () => {
    const sensing = await sense(mode, { rescanSeconds: 0.05, directories: (base) => units(join(base, 'outside/w'), join(base, 'units')), before: (root) => { put(join(root, '../outside/w/real.timer')); put(join(root, '../outside/trap/trap.timer')); symlinkSync('trap', join(root, '../outside/l')); } });
    const { outside } = sensing;
    await perform(PYTHON, ['-c', 'import ctypes\nlibc = ctypes.CDLL(None)\nfor _ in range(4000): libc.renameat2(-100, b"w", -100, b"l", 2)', ''], { cwd: outside });
    await sensing.settled();
    put(join(outside, 'w/after.timer'));
    await sensing.line(`creation ${outside}/w/after.timer`, 60_000);
    await sensing.settled();
    const told = (name: string): number => sensing.lines().filter((line) => line === `creation ${outside}/w/${name}.timer`).length - sensing.lines().filter((line) => line === `deletion ${outside}/w/${name}.timer`).length;
    // Each as often as it went: in the end what is there is the directory with its own file.
    expect({ real: told('real'), trap: told('trap'), after: told('after') }).toEqual({ real: 0, trap: 0, after: 1 });
    expect(sensing.shown.every(({ file }) => file.directory === join(outside, 'w'))).toBe(true);
  }, 120_000);

  test('a loop that makes and removes 20,000 files leaves it alive, and nothing is told twice', async () => {
    const count = 20_000;
    const sensing = await sense(mode, { rescanSeconds: 1 });
    await perform(PYTHON, ['-c', `import os\nfor n in range(${count}):\n  os.close(os.open(f"{n}.timer", os.O_CREAT | os.O_WRONLY)); os.unlink(f"{n}.timer")`], { cwd: sensing.root });
    put(join(sensing.root, 'after.timer'));
    await sensing.line('creation after.timer', 30_000);
    await sensing.settled();
    const lines = sensing.lines();
    expect(lines.length).toBe(new Set(lines).size);
    const removed = new Set(lines.filter((line) => line.startsWith('deletion ')).map((line) => line.slice(9)));
    expect(lines.filter((line) => line.startsWith('creation ') && !removed.has(line.slice(9)))).toEqual(['creation after.timer']);
    // What is gone before the kernel's queue overflows cannot be found by comparing: but something was told, and that it overflowed.
    expect(removed.size === count || sensing.notices.some((notice) => notice.includes('the kernel dropped events'))).toBe(true);
  }, 60_000);
});

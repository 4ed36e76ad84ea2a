/** Directories that are made together with what is in them, before the sensor could have marked them: the event loop is held up until all of it has happened. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FileEvent } from '../../src/model/event.ts';
import { openImages } from '../../src/sensor/bpf/images.ts';
import { deviceText } from '../../src/sensor/filesystems.ts';
import { hasTimes, heldBy, noDirectories } from '../helpers/bpf.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { perform, sense, SHELL, units, type Sensing } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

const without = noDirectories();

/** By the map alone where the process has ended. */
const SURE = /^(?:exact|bpf)$/;

/** By whom each file is said to have been made. */
const said = (events: readonly FileEvent[]): string[] =>
  events.filter(({ event }) => event.action !== 'deletion').map(({ file, process, tickward }) => `${file.name}: ${tickward.attribution} ${process?.name ?? ''}`).sort();

/** Programs that this process has in the kernel. */
const held = (): number => heldBy('self').programs.length;

/** Those of a sensor that keeps who changes directories. */
const OF_A_KEEPER = without === undefined ? ofAKeeper() : 0;

function ofAKeeper(): number {
  const before = held();
  const images = openImages();
  images.keepDirectories(() => undefined);
  const count = held() - before;
  images.close();
  return count;
}

/** Beside the watched directory, where `late/units` is one as soon as it is there. */
async function beside(parent?: string): Promise<{ sensing: Sensing; late: string; run: (script: string) => number; keeps: () => boolean }> {
  const others = held();
  const keeps = (): boolean => held() === others + OF_A_KEEPER;
  const sensing = await sense('fanotify', { rescanSeconds: 60, ...(parent === undefined ? {} : { parent }), directories: (base) => units(join(base, 'units'), join(base, 'outside/late/units')), before: (root) => mkdirSync(join(root, '../old')) });
  // It begins right after the start.
  await until(keeps, () => 'the record of directories');
  return {
    sensing,
    keeps,
    late: join(sensing.outside, 'late/units'),
    run(script) {
      const { status, stderr, pid } = spawnSync('/bin/sh', ['-c', script], { cwd: sensing.outside, encoding: 'utf8' });
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return pid;
    },
  };
}

const PLACES = [['on disk', undefined], ['on tmpfs', '/dev/shm']] as const;

// Where another test mounts something in the same moment, less is said: then it is done again.
describe.skipIf(without !== undefined)(`files in directories that were marked too late (${without ?? 'as root'})`, { retry: 3 }, () => {
  test.each(PLACES)('%s: the one process that made all of them is named for it, with its arguments', async (_, parent) => {
    const { sensing, run } = await beside(parent);
    const script = 'mkdir -p late/units && echo x > late/units/a.timer; echo y > late/units/b.service';
    const pid = run(script);
    await sensing.count(2);
    for (const event of sensing.shown) expect(event).toMatchObject({ event: { action: 'creation' }, process: { pid, name: SHELL, args: ['/bin/sh', '-c', script] }, tickward: { source: 'scan', attribution: expect.stringMatching(SURE), attribution_note: expect.stringContaining("by the kernel's record of its directory") } });
  });

  test('also where it made the directory itself', async () => {
    const { sensing } = await beside();
    const { pid, status } = spawnSync('python3', ['-c', 'import os\nos.makedirs("late/units")\nopen("late/units/a.timer", "w").close()'], { cwd: sensing.outside });
    expect(status).toBe(0);
    await sensing.count(1);
    expect(sensing.shown[0]).toMatchObject({ process: { pid }, tickward: { attribution: expect.stringMatching(SURE) } });
  });

  test.each([
    ['below a directory that others made and changed before', 'mkdir late; touch late/x; mkdir late/units && echo x > late/units/a.timer; true', SHELL],
    ['where others had filled one of its name before', 'mkdir -p late/units; echo x > late/units/b.timer; rm -r late/units; mkdir late/units; touch late/units/a.timer; true', 'touch'],
  ])('also %s', async (_, script, name) => {
    const { sensing, run } = await beside();
    run(script);
    await sensing.count(1);
    expect(said(sensing.shown)).toEqual([expect.stringMatching(new RegExp(`^a\\.timer: (?:exact|bpf) ${name}$`))]);
  });

  const LESS: readonly [string, string, string[]][] = [
    ['several made files', 'mkdir -p late/units; echo x > late/units/a.timer; /usr/bin/env touch late/units/b.timer', ['a.timer: inferred mkdir', 'b.timer: inferred mkdir']],
    ['another renamed it there', 'mkdir -p late/units; echo x > late/units/a; mv late/units/a late/units/a.timer; true', ['a.timer: inferred mkdir']],
    ['another linked one there', 'mkdir -p late/units; echo x > late/units/a.timer; echo y > other; ln other late/units/b.timer; rm other', ['a.timer: inferred mkdir', 'b.timer: inferred mkdir']],
    ['another moved the directory there', 'mkdir late tmp; echo x > tmp/a.timer; mv tmp late/units; true', ['a.timer: inferred mkdir']],
    ['another moved a directory above it there', 'mkdir -p tmp/units; echo x > tmp/units/a.timer; mv tmp late; true', ['a.timer: inferred mv']],
    ['another moved a directory above it there that too many had changed for all to be known', 'mkdir -p tmp/units; echo x > tmp/units/a.timer; for n in 1 2 3 4 5; do /usr/bin/touch tmp/$n; done; mv tmp late; true', ['a.timer: inferred mv']],
    ['another moved a directory there that is older than the record', 'mkdir ../old/units; echo x > ../old/units/a.timer; mv ../old late; true', ['a.timer: inferred mv']],
    ['another moved a directory older than the record where one had just been made and removed', 'mkdir ../old/units; echo x > ../old/units/a.timer; mkdir late; rmdir late; mv ../old late; true', ['a.timer: inferred mkdir']],
    ['another led a link to it', 'mkdir -p tmp/units; echo x > tmp/units/a.timer; ln -s tmp late; true', ['a.timer: inferred ln']],
    ['the process became another program that moved it there', 'mkdir late; rmdir late; mkdir -p tmp/units; echo x > tmp/units/a.timer; exec mv tmp late', ['a.timer: inferred mkdir']],
    ['whoever made the directory moved it when another had filled it', `mkdir late; rmdir late; exec python3 -c 'import os\nos.makedirs("tmp/units"); os.system("echo x > tmp/units/a.timer"); os.rename("tmp", "late")'`, ['a.timer: inferred mkdir']],
    ['the process became another program', 'mkdir -p late/units; echo x > late/units/a.timer; exec touch late/units/b.timer', ['a.timer: inferred mkdir', 'b.timer: inferred mkdir']],
  ];

  const EACH = PLACES.flatMap(([place, parent]) => LESS.map(([what, script, expected]) => [place, what, parent, script, expected] as const));

  test.each(EACH)('%s: where %s, nobody is named for more than the directory', async (_, __, parent, script, expected) => {
    const { sensing, run } = await beside(parent);
    run(script);
    await sensing.count(expected.length);
    expect(said(sensing.shown)).toEqual(expected);
  });

  test('where another changed the mode of the directory, at most who made the files is named for them', async () => {
    const { sensing, run } = await beside();
    run('mkdir -p late/units; echo x > late/units/a.timer; chmod 700 late/units; true');
    await sensing.count(1);
    expect(said(sensing.shown)).toEqual([expect.stringMatching(hasTimes ? /^a\.timer: inferred mkdir$/ : new RegExp(`^a\\.timer: (?:exact|bpf) ${SHELL}$`))]);
  });

  test('who writes to a file before it is told of is told of as well as its maker', async () => {
    const { sensing, run } = await beside();
    const each = (did: string): string => `exec python3 -c 'import os\nos.makedirs("late/units", exist_ok=True)\nfor n in range(400):\n  f = os.open(f"late/units/{n}.timer", os.O_CREAT | os.O_WRONLY); ${did}os.close(f)'`;
    const { promise: writing, resolve } = Promise.withResolvers<number>();
    // While the first of them are given away: the others are yet to be compared.
    sensing.events.push = (...events) => {
      if (events.length > 0) {
        Reflect.deleteProperty(sensing.events, 'push');
        resolve(run(each('os.write(f, b"x"); ')));
      }
      return Array.prototype.push.apply(sensing.events, events);
    };
    const maker = run(each(''));
    const writer = await writing;
    const files = (action: string, by: number, sure = /./): Set<string> => new Set(sensing.shown.filter(({ event, process, tickward }) => event.action === action && process?.pid === by && sure.test(tickward.attribution)).map(({ file }) => file.path));
    await sensing.count(400);
    // Where something is mounted meanwhile, as other tests do, less is said of the rest.
    await until(() => sensing.lines().filter((line) => line.startsWith('creation ')).length === 400 && [...files('creation', maker, SURE)].every((path) => files('modification', writer).has(path)), () => `what the writer did to those that are sure (${files('modification', writer).size} of ${files('creation', maker, SURE).size})`);
    expect(files('creation', maker, SURE).size).toBeGreaterThan(0);
    expect(files('creation', writer).size).toBe(0);
  });

  test('what another linked into a directory on tmpfs was not put there by who filled it', async () => {
    const { sensing, run } = await beside('/dev/shm');
    run('mkdir -p late/units; echo x > late/units/a.timer; echo y > other; ln other late/units/b.timer; rm other; true');
    await sensing.count(2);
    expect(said(sensing.shown)).toEqual(['a.timer: inferred mkdir', 'b.timer: inferred mkdir']);
  });

  const MOUNTS: readonly [string, string][] = [
    ['a file', 'mkdir -p late/units; echo x > late/units/a.timer; echo z > other; mount --bind other late/units/a.timer'],
    ['the directory', 'mkdir -p late/units tmp; echo x > tmp/a.timer; mount --bind tmp late/units'],
    ['one above it', 'mkdir -p late tmp/units; echo x > tmp/units/a.timer; mount --bind tmp late'],
    ['one above it of another file system', 'mkdir late tmp; mount -t tmpfs none tmp; mkdir tmp/units; echo x > tmp/units/a.timer; mount --move tmp late'],
  ];

  test.each(MOUNTS)('what is there by a mount over %s was not put there by who made it', async (_, script) => {
    const { sensing, late, run } = await beside();
    onTestFinished(() => {
      for (const place of ['a.timer', '', '..']) spawnSync('umount', [join(late, place)]);
    });
    run(`${script}; true`);
    await sensing.count(1);
    expect(said(sensing.shown)).toEqual([expect.stringMatching(/^a\.timer: (?:inferred|none)/)]);
  });

  test('what is in another file system of the same number was not made by who made its like', async () => {
    const { sensing, late, run } = await beside();
    onTestFinished(() => void spawnSync('umount', [join(late, '..')]));
    const image = 'truncate -s 4M $i; mkfs.ext4 -q $i; mount $i late; mkdir late/units';
    // The one that is mounted first is freed by that, and the other gets its number.
    run(`mkdir late; i=one; ${image}; /usr/bin/touch late/units/a.timer; umount late; i=two; ${image}; echo x > late/units/a.timer; umount late; mount one late; true`);
    await sensing.count(1);
    expect(said(sensing.shown)).toEqual([expect.stringMatching(/^a\.timer: (?:inferred|none)/)]);
  });
});

/** Changes more in a second than anybody does who is not unpacking something. */
const BUSY = 'import os\nfor n in range(20000):\n  f = f"/dev/shm/{os.getpid()}"; os.close(os.open(f, os.O_CREAT)); os.unlink(f)';

describe.skipIf(without !== undefined)(`the record of a directory (${without ?? 'as root'})`, { retry: 3 }, () => {
  test('there is none of one that was there before, and none without the program', async () => {
    const base = temporaryDirectory();
    const images = openImages();
    onTestFinished(() => images.close());
    const runsOf = (path: string): { pid: number; count: number }[] | undefined => {
      const { dev, ino } = statSync(path, { bigint: true });
      return images.runsOf(deviceText(dev), ino)?.map(({ pid, count }) => ({ pid, count }));
    };
    mkdirSync(join(base, 'early'));
    expect(runsOf(join(base, 'early'))).toBeUndefined();
    expect(images.keepDirectories(() => undefined)).toBeUndefined();
    writeFileSync(join(base, 'early/file'), '');
    expect(runsOf(join(base, 'early'))).toBeUndefined();
    mkdirSync(join(base, 'new'));
    writeFileSync(join(base, 'new/file'), '');
    expect(runsOf(join(base, 'new'))).toEqual([{ pid: process.pid, count: 2 }]);
    // Content is no change of the directory.
    spawnSync('/bin/sh', ['-c', 'echo x > file'], { cwd: join(base, 'new') });
    expect(runsOf(join(base, 'new'))).toEqual([{ pid: process.pid, count: 2 }]);
    const pids = Array.from({ length: 3 }, (_, n) => spawnSync('/usr/bin/touch', [String(n)], { cwd: join(base, 'new') }).pid);
    expect(runsOf(join(base, 'new'))).toEqual([{ pid: process.pid, count: 2 }, ...pids.map((pid) => ({ pid, count: 1 }))]);
    // More than there is room for: less is said.
    spawnSync('/usr/bin/touch', ['4'], { cwd: join(base, 'new') });
    expect(runsOf(join(base, 'new'))).toBeUndefined();
    images.close();
    expect(runsOf(join(base, 'new'))).toBeUndefined();
  });

  test('who makes many files is left alone, and what was known is forgotten with what happens then', async () => {
    const base = temporaryDirectory();
    const images = openImages();
    onTestFinished(() => images.close());
    let rang = 0;
    const keep = (): string | undefined => images.keepDirectories(() => void (rang += 1));
    const isKnown = (name: string): boolean => {
      const { dev, ino } = statSync(join(base, name), { bigint: true });
      return images.runsOf(deviceText(dev), ino) !== undefined;
    };
    expect(keep()).toBeUndefined();
    mkdirSync(join(base, 'before'));
    expect(isKnown('before')).toBe(true);
    const before = held();
    await perform('python3', ['-c', BUSY]);
    await until(() => rang > 0, () => 'the bell');
    expect(held()).toBeLessThan(before);
    mkdirSync(join(base, 'meanwhile'));
    expect(keep()).toBeUndefined();
    mkdirSync(join(base, 'after'));
    expect(['before', 'meanwhile', 'after'].map(isKnown)).toEqual([false, false, true]);
    expect(rang).toBe(1);
  });

  test('the sensor keeps it again when it has become quiet', async () => {
    const { sensing, run, keeps } = await beside();
    await Promise.all([perform('python3', ['-c', BUSY]), until(() => !keeps(), () => 'the end of the record')]);
    await until(keeps, () => 'the record of what is made from now on');
    run('mkdir -p late/units && echo x > late/units/a.timer; true');
    await sensing.count(1);
    expect(said(sensing.shown)).toEqual([expect.stringMatching(new RegExp(`^a\\.timer: (?:exact|bpf) ${SHELL}$`))]);
  });
});

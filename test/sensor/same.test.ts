/** That a file is another than the one before it, though it has its name and, as ext4 gives them, its inode. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isSame } from '../../src/sensor/same.ts';
import { notPrivileged, PYTHON, sense } from '../helpers/sensing.ts';

const FILES = Array.from({ length: 8 }, (_, n) => `${n}.timer`);

interface Remade {
  /** What was told of each, and by whom. */
  told: (readonly [string, number | undefined])[][];
  /** Who did each. */
  pids: number[][];
}

/** Files that are there for a while are removed and made again before the sensor in this process reads anything. */
async function remade(code: string, parent?: string): Promise<Remade> {
  const sensing = await sense('fanotify', { ...(parent === undefined ? {} : { parent }), before: (root) => FILES.forEach((name) => writeFileSync(join(root, name), 'x')) });
  const others = 'def other(code): return int(run([sys.executable, "-c", "import os; print(os.getpid()); " + code], check=True, stdout=PIPE).stdout)';
  const script = `import os, sys\nfrom subprocess import PIPE, run\n${others}\nfor name in sys.argv[1:]:\n  pids = []\n  ${code}\n  print(os.getpid(), *pids)`;
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', script, ...FILES], { cwd: sensing.root, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  await sensing.settled();
  return {
    told: FILES.map((name) => sensing.shown.filter(({ file }) => file.name === name).map(({ event, process }) => [event.action, process?.pid] as const)),
    pids: stdout.trim().split('\n').map((line) => line.split(' ').map(Number)),
  };
}

describe.skipIf(notPrivileged !== undefined).each([['on disk', undefined], ['on tmpfs', '/dev/shm']])(`%s (${notPrivileged ?? 'as root'})`, (_, parent) => {
  test('who removed a file is told, also where another made one of its name at once', async () => {
    const { told, pids } = await remade(`os.unlink(name); pids.append(other(f'open("{name}", "w").write("other")'))`, parent);
    expect(told).toEqual(pids.map(([one, another]) => [['deletion', one], ['creation', another]]));
  });

  test('who removed a file and made one of its name', async () => {
    const { told, pids } = await remade('os.unlink(name); open(name, "w").write("other")', parent);
    expect(told).toEqual(pids.map(([one]) => [['deletion', one], ['creation', one]]));
  });

  test('who did so and removed it again', async () => {
    const { told, pids } = await remade('os.unlink(name); open(name, "w").write("other"); os.unlink(name)', parent);
    expect(told).toEqual(pids.map(([one]) => [['deletion', one], ['creation', one], ['deletion', one]]));
  });

  test('who removed the one that another made in its place', async () => {
    const { told, pids } = await remade(`pids.append(other(f'os.unlink("{name}"); open("{name}", "w").write("other")')); os.unlink(name)`, parent);
    expect(told).toEqual(pids.map(([one, another]) => [['deletion', another], ['creation', another], ['deletion', one]]));
  });
});

const SECOND = 1_000_000_000n;
const known = { inode: 7n, changed: 100n * SECOND + 5n };

test.each([
  ['a file that was changed since', 7n, known.changed - 1n, known.changed + 9n, true],
  ['the inode of another that was made in the same tick', 7n, known.changed, known.changed + 9n, true],
  ['another that has its inode', 7n, known.changed + 1n, known.changed + 9n, false],
  ['another inode', 8n, known.changed - 1n, known.changed, false],
  ['where no file system keeps when it was made', 7n, 0n, known.changed + 9n, true],
  ['where the clock was set back since it was made', 7n, known.changed + 9n, known.changed + 8n, true],
] as const)('%s', (_, ino, birthtimeNs, ctimeNs, expected) => {
  expect(isSame(known, { ino, birthtimeNs, ctimeNs } as Parameters<typeof isSame>[1])).toBe(expected);
});

test('a file whose last change is kept to two seconds, and when it was made more exactly', () => {
  const coarse = { inode: 7n, changed: 100n * SECOND };
  const made = (birthtimeNs: bigint): boolean => isSame(coarse, { ino: 7n, birthtimeNs, ctimeNs: 110n * SECOND } as Parameters<typeof isSame>[1]);
  expect([made(101n * SECOND), made(103n * SECOND)]).toEqual([true, false]);
});

test('of nothing that was known, or is there, nothing is the same', () => {
  expect([isSame(undefined, undefined), isSame(known, undefined)]).toEqual([false, false]);
});

/** Files that whoever owns the directory can make as large as they like: sparse, they cost nothing. */
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { goesAside, isSlow, isTooLarge } from '../../src/actions/removal-checks.ts';
import type { UnitFile } from '../../src/actions/unit-files.ts';
import { openFile } from '../../src/host/files.ts';
import { MOST_COPY_BYTES, copyToQuarantine, prepareQuarantine } from '../../src/host/quarantine.ts';
import { restoreFile } from '../../src/host/restore.ts';
import { MOST_UNIT_BYTES } from '../../src/host/units.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { params, planOf, remove } from '../helpers/removing.ts';
import { contextFor, EVIL, hostIn, plant } from '../helpers/response.ts';

const MIB = 1024 ** 2;
const HUGE = 2 * 1024 ** 3;

/** proc(5): what this process has read and written, by calls. */
function ioOf(work: () => void): { read: number; written: number } {
  const now = (): number[] => readFileSync('/proc/self/io', 'utf8').split('\n').slice(0, 2).map((line) => Number(line.split(' ')[1]));
  const [read = 0, written = 0] = now();
  work();
  const [readThen = 0, writtenThen = 0] = now();
  return { read: readThen - read, written: writtenThen - written };
}

function sparse(path: string, size: number): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  truncateSync(path, size);
}

/** What a name is, without its content. */
function factsOf(path: string): object {
  const { ino, size, mode, uid, mtimeNs } = lstatSync(path, { bigint: true });
  return { ino, size, mode, uid, mtimeNs };
}

test.each<[what: string, role: UnitFile['role'], size: number, found: string[]]>([
  ['a unit that systemd reads at once', 'fragment', MOST_UNIT_BYTES, []],
  ['a unit that takes it long', 'fragment', MOST_UNIT_BYTES + 1, ['slow']],
  ['a drop-in that takes it long', 'drop-in', MOST_UNIT_BYTES + 1, ['slow']],
  ['a stamp, which it does not read', 'stamp', MOST_UNIT_BYTES + 1, []],
  ['the largest unit of which there is a copy', 'fragment', MOST_COPY_BYTES, ['slow']],
  ['a unit that is larger', 'fragment', MOST_COPY_BYTES + 1, ['slow', 'too large']],
  ['a drop-in that is larger', 'drop-in', MOST_COPY_BYTES + 1, ['slow', 'too large', 'aside']],
  ['what a generator made that is larger', 'generator', MOST_COPY_BYTES + 1, ['too large', 'aside']],
])('%s (%s, %i bytes): %j', (_what, role, size, found) => {
  const path = join(temporaryDirectory(), 'file');
  sparse(path, size);
  using opened = openFile(path);
  const file: UnitFile = { path: Buffer.from(path), role, state: opened.state, sha256: '' };
  expect([...(isSlow(file) ? ['slow'] : []), ...(isTooLarge(file) ? ['too large'] : []), ...(goesAside(file) ? ['aside'] : [])]).toEqual(found);
});

test('a stamp that is no stamp of systemd is not read, stays, and keeps nothing from being removed', async () => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  const stamp = join(root, 'stamps/stamp-evil.timer');
  sparse(stamp, HUGE);
  const start = performance.now();
  const plan = await planOf(root);
  expect(performance.now() - start).toBeLessThan(1_000);
  expect(plan).toMatchObject({ state: 'ready', notes: expect.arrayContaining([`${stamp} stays: it has ${HUGE} bytes, and a stamp of systemd's is empty; look at it`]) });
  await remove(root);
  expect(existsSync(join(root, 'etc/evil.timer'))).toBe(false);
  expect(existsSync(stamp)).toBe(true);
});

describe('a drop-in that is too large to keep a copy of', () => {
  const setUp = (): { root: string; large: string } => {
    const root = temporaryDirectory();
    plant(root, EVIL);
    const large = join(root, 'etc/evil.timer.d/large.conf');
    sparse(large, HUGE);
    return { root, large };
  };

  test('goes out of the way of systemd, with its directory, and comes back', async () => {
    const { root, large } = setUp();
    const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
    const [before, directory] = [factsOf(large), lstatSync(join(root, 'etc'), { bigint: true }).mtimeNs];
    const plan = await removeTimer.plan(params, context);
    expect(plan.state).toBe('ready');
    expect(plan.steps.map(({ text }) => text)).toContain(`rename the file ${large}, which is too large to keep a copy of (${HUGE} bytes), into the directory above, where systemd does not look for it`);
    const changes: Parameters<typeof removeTimer.undo>[0][number][] = [];
    const remarks = await removeTimer.apply(plan, context, (change) => changes.push(change));
    const [aside = ''] = readdirSync(join(root, 'etc')).filter((name) => name.endsWith('.aside'));
    expect(remarks).toEqual([`${large} is ${join(root, 'etc', aside)} now, look at it`]);
    expect(factsOf(join(root, 'etc', aside))).toEqual(before);
    expect(await removeTimer.verify(plan, context)).toMatchObject({ ok: true });
    expect(existsSync(join(root, 'etc/evil.timer.d'))).toBe(false);
    // Nothing of it is found again.
    expect(await planOf(root)).toMatchObject({ state: 'nothing-to-do' });
    const report = await removeTimer.undo(changes.toReversed(), context);
    expect(report).toMatchObject({ failed: [], done: expect.arrayContaining([`gave ${large} its name again`]) });
    expect(factsOf(large)).toEqual(before);
    expect(lstatSync(join(root, 'etc'), { bigint: true }).mtimeNs).toBe(directory);
    expect(readdirSync(join(root, 'etc')).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await removeTimer.undo(changes.toReversed(), context)).toMatchObject({ failed: [], already: expect.arrayContaining([`${large} is there as it was`]) });
  });

  test('goes alone where the unit stays', async () => {
    const { root, large } = setUp();
    const context = contextFor(hostIn(root), large);
    const plan = await removeTimer.plan(params, context);
    expect(plan.steps.map(({ target }) => target)).toEqual([large]);
    await removeTimer.apply(plan, context, () => {});
    expect([existsSync(large), existsSync(join(root, 'etc/evil.timer'))]).toEqual([false, true]);
    expect(await removeTimer.verify(plan, context)).toMatchObject({ ok: true });
  });

  test('does not come back over something else', async () => {
    const { root, large } = setUp();
    const changes = await remove(root);
    mkdirSync(join(root, 'etc/evil.timer.d'));
    writeFileSync(large, 'another');
    const report = await removeTimer.undo(changes, contextFor(hostIn(root), join(root, 'etc/evil.timer')));
    expect(report.failed).toEqual([expect.stringContaining(`${large} is not overwritten`)]);
    expect(readFileSync(large, 'utf8')).toBe('another');
  });
});

test('a file in place of a link that pulls the unit in is left where it is too large: systemd reads links alone', async () => {
  const root = temporaryDirectory();
  plant(root, { 'etc/evil.timer': '[Timer]\nOnCalendar=hourly\n' });
  const large = join(root, 'etc/timers.target.wants/evil.timer');
  sparse(large, HUGE);
  const plan = await planOf(root);
  expect(plan).toMatchObject({ state: 'ready', notes: expect.arrayContaining([expect.stringMatching(/evil\.timer is too large to keep a copy of .*; it stays, systemd does not read it$/)]) });
  const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
  await removeTimer.apply(plan, context, () => {});
  expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: 'evil.timer is gone' });
});

describe('of a file that is larger than what was seen', () => {
  const setUp = (): { file: string; quarantine: string } => {
    const directory = temporaryDirectory();
    const file = join(directory, 'a.timer');
    writeFileSync(file, 'small');
    return { file, quarantine: prepareQuarantine(join(directory, 'quarantine'), process.getuid?.() ?? 0) };
  };

  test('a copy is given up as soon as it is as long as that was', () => {
    const { file, quarantine } = setUp();
    using opened = openFile(file);
    truncateSync(file, 256 * MIB);
    expect(ioOf(() => expect(() => copyToQuarantine(opened, quarantine)).toThrow(/was changed while it was copied/)).written).toBeLessThan(MIB);
    expect(readdirSync(quarantine)).toEqual([]);
  });

  test('nothing is read before it is told from a small copy', () => {
    const { file, quarantine } = setUp();
    using opened = openFile(file);
    const copy = copyToQuarantine(opened, quarantine);
    truncateSync(file, 256 * MIB);
    expect(ioOf(() => expect(() => restoreFile(file, copy, opened.state, {})).toThrow(/something else has this name now/)).read).toBeLessThan(MIB);
  });
});

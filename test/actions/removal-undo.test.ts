/** The undo of a removal where no manager runs: masks, and what stays masked. */
import { existsSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RemovalChange } from '../../src/actions/removal.ts';
import { undoRemoval } from '../../src/actions/removal-undo.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { remove } from '../helpers/removing.ts';
import { contextFor, EVIL, hostIn, plant } from '../helpers/response.ts';

const OWNED = { mode: 0o644, uid: 0, gid: 0, atime_ns: '0', mtime_ns: '0' };

/** A directory of masks with those of these units. */
function masked(...units: string[]): { root: string; masks: string; changes: { data: RemovalChange }[]; undo: (changes: readonly { data: RemovalChange }[]) => ReturnType<typeof undoRemoval> } {
  const root = temporaryDirectory();
  const masks = join(root, 'masks');
  mkdirSync(masks);
  for (const unit of units) symlinkSync('/dev/null', join(masks, unit));
  const changes = units.map((unit) => ({ data: { kind: 'mask', manager: { scope: 'system' }, unit, active: true, at: { path: join(masks, unit) }, made_directory: unit === units.at(-1) } as const }));
  const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
  return { root, masks, changes, undo: (given) => undoRemoval(given, context) };
}

test('masks go, with the directory that was made for them', async () => {
  const { root, masks, changes, undo } = masked('evil.timer', 'evil.service');
  const report = await undo(changes);
  expect([existsSync(masks), readdirSync(root).includes('etc'), report.already]).toEqual([false, true, []]);
  expect(report.failed).toEqual([expect.stringMatching(/^the system manager does not run: /)]);
  // And a second time there is nothing to be in the way of.
  expect((await undo(changes)).failed).toEqual(report.failed);
});

test('a directory stays that has more, and a mask that is none any more', async () => {
  const { masks, changes, undo } = masked('evil.timer');
  writeFileSync(join(masks, 'other.timer'), '');
  await undo(changes);
  expect(readdirSync(masks)).toEqual(['other.timer']);
  symlinkSync('/elsewhere', join(masks, 'evil.timer'));
  await undo(changes);
  expect(readdirSync(masks)).toEqual(['evil.timer', 'other.timer']);
});

type Placed = Extract<RemovalChange, { kind: 'file' | 'aside' | 'link' }>;
const lostFile = (at: Placed['at']): Placed => ({ kind: 'file', at, copy: { file: '/nowhere/lost', sha256: '0' }, owned: OWNED, xattrs: {} });
const lostAside = (at: Placed['at']): Placed => ({ kind: 'aside', at, to: { path: '/nowhere/lost' }, inode: '1' });
const taken = (at: Placed['at']): Placed => ({ kind: 'link', at, target: { path: '../evil.timer' }, owned: OWNED });

test.each([
  ['a file of it', lostFile, 'etc/evil.timer', ['evil.timer']],
  ['a drop-in of it', lostFile, 'etc/evil.timer.d/x.conf', ['evil.timer']],
  ['a file of its template', lostFile, 'etc/evil@.timer', ['evil@one.timer']],
  ['a file that was set aside', lostAside, 'etc/evil.timer', ['evil.timer']],
  ['a link to it', taken, 'etc/gone.wants/evil.timer', ['evil.timer']],
])('a unit stays masked where %s cannot be given back; others do not', async (_what, of, path, stays) => {
  const { root, masks, changes, undo } = masked('evil.timer', 'evil@one.timer', 'good.timer');
  const report = await undo([{ data: of({ path: join(root, path) }) }, ...changes]);
  expect(readdirSync(masks)).toEqual(stays);
  expect(report.already).toEqual(stays.map((unit) => `${unit} stays masked and is not started: a file of it could not be given back`));
});

test('a unit whose files all come back is unmasked, and who asks hears of what was taken back only', async () => {
  const { root, masks, changes } = masked('evil.timer');
  mkdirSync(join(root, 'etc/gone.wants'));
  const link = { data: taken({ path: join(root, 'etc/gone.wants/evil.timer') }) };
  const context = contextFor(hostIn(root), join(root, 'etc/evil.timer'));
  const told: unknown[] = [];
  const report = await undoRemoval([link, ...changes], context, (change) => told.push(change));
  expect([readlinkSync(join(root, 'etc/gone.wants/evil.timer')), existsSync(masks), told]).toEqual(['../evil.timer', false, [link, ...changes]]);
  expect(report.done).toEqual([`restored the link ${root}/etc/gone.wants/evil.timer`, `unmasked: removed the link ${masks}/evil.timer`]);
  const again = await undoRemoval([link, ...changes], context, (change) => told.push(change));
  expect([again.already, again.done, told.length]).toEqual([[`the link ${root}/etc/gone.wants/evil.timer is there as it was`], [], 2]);
});

test('a directory that somebody has changed since keeps its time', async () => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  const [etc, old] = [join(root, 'etc'), 1_500_000_000];
  hostIn(root);
  const timeAfter = async (meanwhile: () => void): Promise<number> => {
    utimesSync(etc, old, old);
    const changes = await remove(root);
    meanwhile();
    expect((await undoRemoval(changes as { data: RemovalChange }[], contextFor(hostIn(root), join(etc, 'evil.timer')))).failed).toEqual([]);
    return statSync(etc).mtimeMs / 1000;
  };
  expect(await timeAfter(() => undefined)).toBe(old);
  expect(await timeAfter(() => writeFileSync(join(etc, 'other'), ''))).toBeGreaterThan(old);
});

test('a change that this version does not know is told, and the rest is taken back', async () => {
  const { root, changes, undo } = masked('evil.timer');
  const report = await undo([{ data: { kind: 'later' } as unknown as RemovalChange }, ...changes]);
  expect([report.failed.length, readdirSync(root).includes('masks')]).toEqual([2, false]);
});

test.each<[RemovalChange & { kind: 'wake' | 'regenerate' | 'reload' }, string[]]>([
  [{ kind: 'wake', manager: { scope: 'system' }, active: [] }, ['the system manager, which was held, is left going on']],
  [{ kind: 'wake', manager: { scope: 'system' }, active: ['evil.timer'] }, []],
  [{ kind: 'regenerate', manager: { scope: 'system' }, active: [] }, []],
  [{ kind: 'reload', manager: { scope: 'system' }, restart: [] }, []],
])('after %j the manager reads its units again', async (change, already) => {
  const { undo } = masked();
  const report = await undo([{ data: change }]);
  expect(report.already).toEqual(already);
  expect(report.failed).toEqual([expect.stringMatching(/^the system manager does not run: /)]);
});

/** The undo of a removal where no manager runs: masks, and what stays masked. */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RemovalChange } from '../../src/actions/removal.ts';
import { undoRemoval } from '../../src/actions/removal-undo.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, hostIn } from '../helpers/response.ts';

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

test.each([
  ['a file of it', 'etc/evil.timer', ['evil.timer']],
  ['a drop-in of it', 'etc/evil.timer.d/x.conf', ['evil.timer']],
  ['a file of its template', 'etc/evil@.timer', ['evil@one.timer']],
])('a unit stays masked where %s cannot be given back; others do not', async (_what, path, stays) => {
  const { root, masks, changes, undo } = masked('evil.timer', 'evil@one.timer', 'good.timer');
  const lost: RemovalChange = { kind: 'file', at: { path: join(root, path) }, copy: { file: join(root, 'lost'), sha256: '0' }, owned: OWNED, xattrs: {} };
  const report = await undo([{ data: lost }, ...changes]);
  expect(readdirSync(masks)).toEqual(stays);
  expect(report.already).toEqual(stays.map((unit) => `${unit} stays masked and is not started: a file of it could not be given back`));
});

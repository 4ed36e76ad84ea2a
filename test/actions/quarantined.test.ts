/** What is in the quarantine, and what has become of the place that it was taken from. */
import { createHash } from 'node:crypto';
import { appendFileSync, chmodSync, chownSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quarantinedIn } from '../../src/actions/quarantined.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { remove } from '../helpers/removing.ts';
import { contextFor, EVIL, hostIn, plant } from '../helpers/response.ts';

test('each file and link is listed with what is at its place by now', async () => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  const path = join(root, 'etc/evil.timer');
  const changes = await remove(root);
  const listed = (): Map<string, string> => new Map(quarantinedIn(join(root, 'quarantine')).map(({ exact, shown }) => [exact, shown.state]));
  const copy = changes.flatMap(({ data }) => (data['kind'] === 'file' && (data['at'] as { path: string }).path === path ? [(data['copy'] as { file: string }).file] : []))[0] ?? '';
  const all = (state: string): Map<string, string> => new Map([...listed().keys()].map((each) => [each, state]));
  expect(listed().size).toBeGreaterThan(2);
  expect(listed()).toEqual(all('taken'));

  writeFileSync(path, 'of somebody else');
  expect(listed()).toEqual(all('taken').set(path, 'replaced'));
  rmSync(path);

  expect((await removeTimer.undo(changes, contextFor(hostIn(root), path))).failed).toEqual([]);
  expect(listed()).toEqual(all('back'));

  rmSync(path);
  appendFileSync(copy, 'x');
  expect(listed()).toEqual(all('back').set(path, 'damaged'));
  rmSync(copy);
  expect(listed()).toEqual(all('back').set(path, 'lost'));
});

test('a file is shown with its hash and its size, a link with where it led', async () => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  const content = readFileSync(join(root, 'etc/evil.timer'));
  await remove(root);
  const shown = new Map(quarantinedIn(join(root, 'quarantine')).map((each) => [each.exact, each.shown]));
  expect(shown.get(join(root, 'etc/evil.timer'))).toMatchObject({ kind: 'file', sha256: createHash('sha256').update(content).digest('hex'), size: content.length, target: null });
  expect(shown.get(join(root, 'etc/timers.target.wants/evil.timer'))).toMatchObject({ kind: 'link', sha256: null, size: null, target: '../evil.timer' });
});

test.skipIf(!isRoot)('one that came back to another owner, group or mode is not back as it was (needs root to give it away)', async () => {
  const root = temporaryDirectory();
  plant(root, EVIL);
  const path = join(root, 'etc/evil.timer');
  const changes = await remove(root);
  expect((await removeTimer.undo(changes, contextFor(hostIn(root), path))).failed).toEqual([]);
  const { uid, gid, mode } = statSync(path);
  const stateAfter = (change: () => void): string | undefined => {
    chownSync(path, uid, gid);
    chmodSync(path, mode);
    change();
    return quarantinedIn(join(root, 'quarantine')).find(({ exact }) => exact === path)?.shown.state;
  };
  const none = (): void => undefined;
  expect([none, () => chownSync(path, 65_534, gid), () => chownSync(path, uid, 65_534), () => chmodSync(path, 0o4755), none].map(stateAfter)).toEqual(['back', 'replaced', 'replaced', 'replaced', 'back']);
});

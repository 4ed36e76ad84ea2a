/** What is in the quarantine, and what has become of the place that it was taken from. */
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { quarantinedIn } from '../../src/actions/quarantined.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
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

/** remove_timer of a generator, without a manager: what is taken and what never is. What a manager makes of it is tested on booted hosts. */
import { spawnSync } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ActionContext, Change } from '../../src/actions/index.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { contextFor, hostIn, plant, snapshot } from '../helpers/response.ts';
import { params } from '../helpers/removing.ts';

function scene(name: string): { root: string; path: string; context: ActionContext } {
  const root = temporaryDirectory();
  const host = hostIn(root);
  const directory = join(root, 'system-generators');
  mkdirSync(directory);
  const path = join(directory, name);
  return { root, path, context: contextFor({ ...host, directories: [...host.directories, { path: directory, scope: 'system', kind: 'generators' }] }, path) };
}

test('its file goes into the quarantine, and comes back as it was', async () => {
  const { root, path, context } = scene('60-evil');
  plant(root, { 'system-generators/60-evil': '#!/bin/sh\n', 'system-generators/50-other': '#!/bin/sh\n' });
  const before = snapshot(root);
  const plan = await removeTimer.plan(params, context);
  expect(plan).toMatchObject({ state: 'ready', steps: [{ text: `move the file ${path} into the quarantine` }], notes: [expect.stringContaining('is not taken back')] });
  const changes: Change[] = [];
  await removeTimer.apply(plan, context, (change) => changes.push(change));
  expect(Object.keys(snapshot(root)).filter((name) => name.startsWith('system-generators/'))).toEqual(['system-generators/50-other']);
  expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: `${path} is gone` });
  expect(await removeTimer.plan(params, context)).toMatchObject({ state: 'nothing-to-do', reason: `${path} is gone already` });
  expect((await removeTimer.undo(changes.toReversed(), context)).failed).toEqual([]);
  expect(snapshot(root)).toEqual(before);
});

test('one that is too large to keep a copy of goes where systemd runs nothing, and comes back', async () => {
  const { root, path, context } = scene('60-evil');
  plant(root, { 'system-generators/60-evil': '#!/bin/sh\n' });
  truncateSync(path, 2 * 1024 ** 3);
  const { ino, mtimeNs } = lstatSync(path, { bigint: true });
  const plan = await removeTimer.plan(params, context);
  expect(plan).toMatchObject({ state: 'ready', steps: [{ text: expect.stringContaining(`rename the file ${path}, which is too large to keep a copy of`) }] });
  const changes: Change[] = [];
  await removeTimer.apply(plan, context, (change) => changes.push(change));
  expect(readdirSync(join(root, 'system-generators'))).toEqual([]);
  expect(await removeTimer.verify(plan, context)).toEqual({ ok: true, text: `${path} is gone` });
  expect((await removeTimer.undo(changes.toReversed(), context)).failed).toEqual([]);
  expect(lstatSync(path, { bigint: true })).toMatchObject({ ino, mtimeNs });
});

test('of a link only the link goes', async () => {
  const { path, context } = scene('60-evil');
  symlinkSync('/nonexistent/payload', path);
  expect(await removeTimer.plan(params, context)).toMatchObject({ state: 'ready', steps: [{ text: `remove the link ${path} to /nonexistent/payload` }], notes: [`${path} is a link: /nonexistent/payload itself stays, look at it`, expect.any(String)] });
});

test.each([
  ['a mask, which keeps a generator from running', (path: string) => symlinkSync('/dev/null', path), /is a mask/],
  ['a directory', (path: string) => mkdirSync(path), /neither a file nor a link/],
  ['a FIFO', (path: string) => spawnSync('mkfifo', [path]), /neither a file nor a link/],
])('%s is not touched', async (_what, make, reason) => {
  const { path, context } = scene('60-evil');
  make(path);
  expect(await removeTimer.plan(params, context)).toMatchObject({ state: 'blocked', steps: [], reason: expect.stringMatching(reason) });
});

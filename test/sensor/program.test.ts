/** By which path a program is named whose process has ended: what the kernel wrote down of it, and what the process had opened. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Image } from '../../src/sensor/bpf/images.ts';
import type { Opened } from '../../src/sensor/exec-log.ts';
import type { Handles } from '../../src/sensor/filesystems.ts';
import { pathOfImage } from '../../src/sensor/program.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

const { pid } = spawnSync('true');

/** The process has ended. */
function imageOf(file: string, path: string): Image {
  const { ino, dev } = statSync(file, { bigint: true });
  return { how: 'exec', afterThreads: false, isUnproven: false, generation: 1, mark: 0n, ran: 0n, tried: 0n, pid, parent: 1, since: process.hrtime.bigint(), start: 1n, uid: 0, gid: 0, ruid: 0, cgroup: 0n, device: { major: Number((dev >> 8n) & 0xfffn), minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n)) }, inode: ino, name: 'tool', nlink: 1, path, comm: 'tool', args: [], argsTruncated: false };
}

/** In directories by their paths, right before the program began. */
function openedIn({ since }: Image, ...directories: string[]): [Opened[], Handles] {
  const bracket = { before: since - 2_000_000n, after: since - 1_000_000n };
  const handles: Pick<Handles, 'isOn' | 'pathOf'> = { isOn: () => true, pathOf: (directory) => directory };
  return [directories.map((directory, position) => ({ directory, name: 'tool', position, bracket })), handles as Handles];
}

function twoTools(): { own: string; trusted: string } {
  const [own, trusted] = ['own', 'trusted'].map((name) => join(temporaryDirectory(), name)) as [string, string];
  for (const each of [own, trusted]) {
    mkdirSync(each);
    writeFileSync(join(each, 'tool'), '');
  }
  return { own, trusted };
}

function pathBy(image: Image, ...opened: string[]): string | undefined {
  return pathOfImage(image, undefined, ...openedIn(image, ...opened));
}

test('what was opened last under its name need not have run: another file is there', () => {
  const { own, trusted } = twoTools();
  const file = join(own, 'tool');
  const [relative, absolute] = [imageOf(file, './tool'), imageOf(file, file)];
  expect(pathBy(relative, own)).toBe(file);
  expect(pathBy(absolute, trusted)).toBe(file);
  expect(pathBy(relative, trusted)).toBe(`/proc/${pid}/cwd/./tool`);
  expect(pathBy(relative, trusted, own)).toBe(file);
});

test('one that is gone, or was replaced since, is named by where it was, if that was one place', async () => {
  const { own, trusted } = twoTools();
  const image = imageOf(join(own, 'tool'), './tool');
  renameSync(join(own, 'tool'), join(own, 'away'));
  expect(pathBy(image, own)).toBe(join(own, 'tool'));
  expect(pathBy(image, own, trusted)).toBe(`/proc/${pid}/cwd/./tool`);
  // A tick of the kernel's clock later.
  const began = performance.now();
  await until(() => performance.now() - began > 25);
  writeFileSync(join(own, 'tool'), 'another');
  expect(pathBy(image, own)).toBe(join(own, 'tool'));
});

test('a path that was longer than what is kept of it is none', () => {
  const { own } = twoTools();
  const image = imageOf(join(own, 'tool'), '');
  expect(pathOfImage({ ...image, path: `/${'x'.repeat(152)}/tool` }, undefined)).toBe(`/proc/${pid}/root/${'x'.repeat(152)}/tool`);
  expect(pathOfImage({ ...image, path: `/${'x'.repeat(153)}/tool` }, undefined)).toBeUndefined();
});

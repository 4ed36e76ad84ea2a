/** What was done in a directory that is gone when its turn comes to be told. */
import { spawnSync } from 'node:child_process';
import { fstatSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { placesOf } from '../../src/host/directories.ts';
import { hostIdentity } from '../../src/host/identity.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { Did, type Backend, type Change, type Receiver } from '../../src/sensor/backend.ts';
import { lookAt } from '../../src/sensor/document.ts';
import { Handles } from '../../src/sensor/filesystems.ts';
import { Watcher } from '../../src/sensor/watcher.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { notPrivileged, PYTHON, sense, units } from '../helpers/sensing.ts';
import { until } from '../helpers/until.ts';

/** By the map alone where the process has ended. */
const SURE = /^(?:exact|bpf)$/;

test('where a directory was, and a file or a link to itself is now, there is nothing in it', () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'there'));
  writeFileSync(join(root, 'there/x'), '');
  writeFileSync(join(root, 'file'), '');
  symlinkSync('loop', join(root, 'loop'));
  expect(['there', 'none', 'file', 'loop'].map((name) => lookAt(join(root, name, 'x'))?.isFile())).toEqual([true, undefined, undefined, undefined]);
  expect(() => lookAt(join(root, 'n'.repeat(300)))).toThrow('ENAMETOOLONG');
});

type Line = readonly [action: string, path: string, pid: number | undefined, sure: boolean];

/** What one process does in its directory before the sensor in this process reads anything: its pid, and what is told. */
async function toldOf(script: string): Promise<{ pid: number; lines: Line[] }> {
  const sensing = await sense('fanotify', {
    before(root) {
      mkdirSync(join(root, 'a.service.d'));
      writeFileSync(join(root, 'a.service.d/x.conf'), '[Service]\n');
    },
  });
  const { status, stderr, pid } = spawnSync(PYTHON, ['-c', `import os\ndef write(path):\n  with open(path, "w") as f: f.write("[Service]\\nUser=root\\n")\n${script}`], { cwd: sensing.root, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  await sensing.settled();
  expect(sensing.notices.filter((notice) => notice.includes('failed'))).toEqual([]);
  return { pid, lines: sensing.shown.map(({ event, file, process, tickward }): Line => [event.action, file.path.slice(sensing.root.length + 1), process?.pid, tickward.source === 'fanotify' && SURE.test(tickward.attribution)]) };
}

describe.skipIf(notPrivileged !== undefined)(`a directory that goes at once with what was done in it (${notPrivileged ?? 'as root'})`, () => {
  const gone = 'write("a.service.d/y.conf"); os.unlink("a.service.d/y.conf"); os.unlink("a.service.d/x.conf"); os.rmdir("a.service.d")';
  const told = (pid: number): Line[] => [['creation', 'a.service.d/y.conf', pid, true], ['deletion', 'a.service.d/y.conf', pid, true], ['deletion', 'a.service.d/x.conf', pid, true]];

  test('all of it is told, with who did it', async () => {
    const { pid, lines } = await toldOf(gone);
    expect(lines).toEqual(told(pid));
  });

  test.each([['a file', 'write("a.service.d")'], ['a link to itself', 'os.symlink("a.service.d", "a.service.d")']])('also where %s is in its place', async (_, code) => {
    const { pid, lines } = await toldOf(`${gone}; ${code}`);
    expect(lines).toEqual([...told(pid), ['creation', 'a.service.d', pid, true]]);
  });

  test('of another in its place nothing is taken to be what was in it', async () => {
    const { pid, lines } = await toldOf(`${gone}; os.mkdir("a.service.d"); write("a.service.d/y.conf")`);
    expect(lines.slice(0, 3)).toEqual(told(pid));
    expect(lines.slice(3).map(([action, path]) => `${action} ${path}`)).toEqual(['creation a.service.d/y.conf']);
  });

  test('where it was renamed away, what was made in it goes with it', async () => {
    const { pid, lines } = await toldOf('write("a.service.d/y.conf"); os.rename("a.service.d", "../outside/d")');
    expect(lines.slice(0, 1)).toEqual([['creation', 'a.service.d/y.conf', pid, true]]);
    expect(lines.slice(1).map(([action, path]) => `${action} ${path}`).toSorted()).toEqual(['deletion a.service.d/x.conf', 'deletion a.service.d/y.conf']);
  });
});

/** Done in a directory, which is removed then: what is told when a comparison sees that first, and the kernel says `batches` one by one as it is asked. */
async function toldAfter(batches: { name: string; did: number }[][]): Promise<string[]> {
  const root = temporaryDirectory();
  const directory = join(root, 'units');
  mkdirSync(directory);
  writeFileSync(join(directory, 'x.timer'), '');
  const key = String(statSync(directory).ino);
  const events: FileEvent[] = [];
  let waiting: typeof batches = [];
  let receiver: Receiver | undefined;
  let position = 0;
  const change = (did: (typeof batches)[0][0]): Change => ({ directory: key, isDirectory: false, pid: process.pid, position: (position += 1), bracket: { after: 0n, before: process.hrtime.bigint() }, ...did });
  const backend: Backend = {
    source: 'fanotify',
    namesProcesses: true,
    mark: (opened) => String(fstatSync(opened).ino),
    start: (by) => void (receiver = by),
    drain() {
      const changes = waiting.shift()?.map(change) ?? [];
      if (changes.length > 0) receiver?.take({ changes, overflow: false, gone: [] });
    },
    mountsChanged: () => undefined,
    close: () => undefined,
  };
  const watcher = new Watcher(backend, undefined, new Handles(), { places: () => placesOf(units(directory)), host: hostIdentity(), onEvents: (more) => void events.push(...more), onNotice: ({ message }) => expect.fail(message) });
  onTestFinished(() => watcher.stop());
  watcher.start();
  await until(() => watcher.tree.isDone);
  const before = events.length;
  rmSync(directory, { recursive: true });
  waiting = batches;
  watcher.mountsChanged();
  await until(() => watcher.tree.isDone && waiting.length === 0);
  return events.slice(before).map(({ event, file, tickward }) => `${event.action} ${file.name} ${tickward.source}`);
}

describe('a comparison that sees first that a directory is gone', () => {
  const made = { name: 'y.timer', did: Did.CREATED | Did.WRITTEN | Did.CLOSED };

  test('lets the kernel say what was done in it', async () => {
    expect(await toldAfter([[made, { name: 'y.timer', did: Did.DELETED }, { name: 'x.timer', did: Did.DELETED }]])).toEqual(['creation y.timer fanotify', 'deletion y.timer fanotify', 'deletion x.timer fanotify']);
  });

  test('and what is said later is told as well, as gone', async () => {
    expect(await toldAfter([[], [made, { name: 'x.timer', did: Did.DELETED }]])).toEqual(['deletion x.timer scan', 'creation y.timer fanotify', 'deletion y.timer scan']);
  });
});

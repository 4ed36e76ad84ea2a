/** Which event `--file` means: a response to it may end the process that it names. */
import { lstatSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createContext } from '../../src/cli/context.ts';
import { subjectOf } from '../../src/cli/subject.ts';
import type { FileAction, FileEvent } from '../../src/model/event.ts';
import type { Store } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

interface Scene {
  path: string;
  store: Store;
  /** An event of the file by this process. */
  saw(action: FileAction, pid: number, changes?: { inode?: string; start?: string }): void;
  meant(): FileEvent;
}

async function scene(): Promise<Scene> {
  const root = temporaryDirectory();
  const path = join(root, 'a.timer');
  writeFileSync(path, '[Timer]\n');
  const context = await createContext({ stateDir: join(root, 'state') });
  onTestFinished(() => context.end());
  const store = context.store();
  return {
    path,
    store,
    saw(action, pid, { inode = String(lstatSync(path).ino), start = '2026-05-01T10:00:00.000Z' } = {}) {
      const event = fileEvent({ path, action });
      store.events.append([{ ...event, file: { ...event.file, inode }, process: { pid, start, executable: '/usr/bin/dash' } }]);
    },
    meant: () => subjectOf(context, undefined, { file: path }).event,
  };
}

test('the event in which the file was made, not the one in which an administrator added a line', async () => {
  const { saw, meant } = await scene();
  saw('creation', 100);
  saw('modification', 200);
  expect(meant()).toMatchObject({ event: { action: 'creation' }, process: { pid: 100 } });
});

test('of several the newest, and before that the one that made what is there now', async () => {
  const { saw, meant } = await scene();
  saw('creation', 100, { inode: '1' });
  saw('rename', 200);
  saw('creation', 300, { inode: '2' });
  expect(meant()).toMatchObject({ event: { action: 'rename' }, process: { pid: 200 } });
});

test('the process that made it first when Tickward has given it back since', async () => {
  const { saw, meant, store } = await scene();
  const start = '2026-05-01T11:00:00.000Z';
  store.journal.append({ run: 'r', kind: 'run-started', data: { pid: 300, start } });
  store.journal.append({ run: 'r', kind: 'undo-started', data: { steps: [], pid: 400, start } });
  saw('creation', 100, { inode: '1' });
  saw('deletion', 300, { start });
  saw('creation', 400, { start: '2026-05-01T11:00:00.900Z' });
  expect(meant()).toMatchObject({ process: { pid: 100 } });
  // Another process that has the number of ours later is not ours.
  saw('creation', 400, { start: '2026-05-02T11:00:00.000Z' });
  expect(meant()).toMatchObject({ process: { pid: 400 } });
});

test('nobody where only a change was seen, and its owner as the user', async () => {
  const { saw, meant } = await scene();
  saw('modification', 200);
  expect(meant()).toMatchObject({ tickward: { attribution: 'none', attribution_note: expect.stringContaining('only what came after') } });
  expect(meant().process).toBeUndefined();
});

test('nobody where only its end was seen, and it is gone', async () => {
  const { saw, meant, path } = await scene();
  saw('deletion', 200);
  unlinkSync(path);
  const event = meant();
  expect(event).toMatchObject({ file: { path }, tickward: { attribution: 'none', attribution_note: expect.stringContaining('is gone') } });
  expect([event.process, event.user]).toEqual([undefined, undefined]);
});

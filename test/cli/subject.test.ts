/** Which event `--file` means: a response to it may end the process that it names. */
import { lstatSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createContext } from '../../src/cli/context.ts';
import { subjectOf } from '../../src/cli/subject.ts';
import { hostIdentity, isThisHost } from '../../src/host/identity.ts';
import type { FileAction, FileEvent } from '../../src/model/event.ts';
import type { Store } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';

interface Scene {
  path: string;
  store: Store;
  /** An event of the file by this process. */
  saw(action: FileAction, pid: number, changes?: { inode?: string; start?: string }): void;
  meant(): FileEvent;
  /** What an alert for the event is about. */
  alertOf(event: FileEvent): FileEvent;
}

async function scene(): Promise<Scene> {
  const root = temporaryDirectory();
  const path = join(root, 'a.timer');
  writeFileSync(path, '[Timer]\n');
  const context = await createContext({ stateDir: join(root, 'state') });
  onTestFinished(() => context.end());
  const store = context.store('write');
  return {
    path,
    store,
    saw(action, pid, { inode = String(lstatSync(path).ino), start = '2026-05-01T10:00:00.000Z' } = {}) {
      const event = fileEvent({ path, action });
      store.events.append([{ ...event, file: { ...event.file, inode }, process: { pid, start, executable: '/usr/bin/dash' } }]);
    },
    meant: () => subjectOf(context, undefined, { file: path }).event,
    alertOf(event) {
      const id = `${event.event.id}-alert`;
      store.alerts.append([{ id, '@timestamp': event['@timestamp'], status: 'open', rule: { id: 'r', name: 'r', version: 1, severity: 'low', risk_score: 1, threat: { tactic: '', technique: [] } }, event }]);
      return subjectOf(context, id, {}).event;
    },
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

test('a file that is gone is meant by its path as it is shown too, where it was seen', async () => {
  const root = temporaryDirectory();
  const path = join(root, 'a\nb.timer');
  const context = await createContext({ stateDir: join(root, 'state') });
  onTestFinished(() => context.end());
  context.store('write').events.append([fileEvent({ path, action: 'deletion' })]);
  for (const typed of [path, path.replace('\n', String.raw`\n`)]) expect(subjectOf(context, undefined, { file: typed }).event.file.path).toBe(path);
});

test.each<['file' | 'symlink']>([['file'], ['symlink']])('of a %s that no sensor saw it is said that it is one', async (type) => {
  const { path, meant } = await scene();
  if (type === 'symlink') {
    unlinkSync(path);
    symlinkSync('/usr/lib/systemd/system/fstrim.timer', path);
  }
  expect(meant().file).toMatchObject({ type, mode: type === 'symlink' ? '0777' : '0644' });
});

test('what another sensor told of another host is not taken for something of this one', async () => {
  const { path, store, meant, saw, alertOf } = await scene();
  saw('creation', 100);
  const told = fileEvent({ path });
  const inode = String(lstatSync(path).ino);
  const imported = (from: FileEvent['host']): FileEvent => ({ ...told, host: from, file: { ...told.file, inode }, process: { pid: 666 }, event: { ...told.event, id: `told-${from.name}` }, tickward: { ...told.tickward, source: 'import' } });
  const [theirs, ours] = [imported({ ...told.host, name: 'elsewhere', hostname: 'elsewhere' }), imported(hostIdentity())];
  store.events.append([theirs]);
  expect(meant().process?.pid).toBe(100);
  expect(() => alertOf(theirs)).toThrow(/is of the host elsewhere, and this is/);
  expect(alertOf(ours)).toEqual(ours);
  store.events.append([ours]);
  expect(meant().process?.pid).toBe(666);
});

const ID = 'a'.repeat(32);
const host = (hostname: string, id?: string): FileEvent['host'] => ({ name: hostname, hostname, os: { type: 'linux' }, ...(id === undefined ? {} : { id }) });

test.each([
  [host('web', ID), host('web', ID), true],
  [host('renamed', ID), host('web', ID), true],
  [host('web', 'b'.repeat(32)), host('web', ID), false],
  [host('web', 'an id of another kind'), host('web', ID), true],
  [host('WEB.example'), host('web', ID), true],
  [host('web'), host('web.example'), true],
  [host('web2'), host('web'), false],
])('%o is %o: %s', (one, own, expected) => {
  expect(isThisHost(one, own)).toBe(expected);
});

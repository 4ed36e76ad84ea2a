/** Of the processes that share a state directory one senses; when it ends, however it ends, another goes on. On a host of the test's own. */
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Alert, FileEvent } from '../../src/model/event.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { collect, MOUNTED, notRoot, ownHost, TICKWARD, type Child, type OwnHost } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';
import { contextOf, playManager } from '../helpers/manager.ts';
import { built } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';

const UNITS = '/etc/systemd/system';
/** It takes half a second, which `npm run bench -- stopped` measures; a busy host may take longer. */
const TAKE_OVER_MS = 20_000;
const EXTENSION = built('extension/systemd_timer_events.ext', MOUNTED);

interface Site {
  host: OwnHost;
  stateDir: string;
  shell: Child;
  /** A unit file, by a shell that lives on. */
  make(name: string): void;
  events(): string[];
}

async function site(): Promise<Site> {
  const host = await ownHost();
  const stateDir = join(temporaryDirectory(), 'state');
  const shell = host.start(['sh']);
  return {
    host,
    stateDir,
    shell,
    make: (name) => void shell.stdin.write(`echo x > ${UNITS}/${name}\n`),
    events: () => jsonLines<FileEvent>(host.run([TICKWARD, 'events', '--json', '--state-dir', stateDir]).stdout).map((event) => `${event.event.action} ${event.file.name}`),
  };
}

interface Watching {
  child: Child;
  log: () => string;
  alerts: () => string[];
}

function watch({ host, stateDir }: Site): Watching {
  const child = host.start([TICKWARD, 'watch', '--json', '--state-dir', stateDir]);
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  return { child, log: errors.text, alerts: () => jsonLines<Alert>(output.text()).map((alert) => alert.event.file.name) };
}

const says = (from: { log: () => string }, text: string, limitMs?: number): Promise<void> => until(() => from.log().includes(text), () => `"${text}", got ${from.log()}`, limitMs);

async function two(where: Site): Promise<{ holder: Watching; follower: Watching }> {
  const holder = watch(where);
  await says(holder, 'watching by');
  const follower = watch(where);
  await says(follower, 'another process senses');
  return { holder, follower };
}

test.skipIf(notRoot !== undefined).each(['SIGKILL', 'SIGTERM'] as const)(`when the process that senses gets %s the other one takes over, and no alert is lost or shown twice (${notRoot ?? 'on a host of its own'})`, async (signal) => {
  const where = await site();
  const { holder, follower } = await two(where);
  where.make('before.timer');
  await until(() => holder.alerts().length > 0);
  // Shown by the one, and not yet by the other.
  holder.child.kill(signal);
  await says(follower, 'sensing here now', TAKE_OVER_MS);
  where.make('after.timer');
  await until(() => follower.alerts().length > 1, () => `the alerts, got ${follower.alerts().join()}`);
  expect(follower.alerts()).toEqual(['before.timer', 'after.timer']);
  expect(where.events()).toEqual(['creation before.timer', 'creation after.timer']);
});

test.skipIf(notRoot !== undefined)(`the extension takes over from watch, and watch from the extension (${notRoot ?? 'on a host of its own'})`, async () => {
  const where = await site();
  const directory = temporaryDirectory();
  const manager = await playManager(directory);
  onTestFinished(() => manager.close());
  const first = watch(where);
  await says(first, 'watching by');
  const registered = manager.nextRegistration();
  const extension = where.host.start(['env', '-i', `TICKWARD_STATE_DIR=${where.stateDir}`, EXTENSION, '--socket', manager.socket, '--timeout', '3', '--interval', '1']);
  const log = collect(extension.stderr);
  const uuid = await registered;
  await says({ log: log.text }, 'another process senses');
  first.child.kill('SIGKILL');
  await says({ log: log.text }, 'sensing here now', TAKE_OVER_MS);
  where.make('a.timer');
  const row = async (path: string): Promise<number> => (await manager.ask(uuid, 'systemd_timer_events', contextOf(['path', 2, path]))).response.length;
  await until(async () => (await row(`${UNITS}/a.timer`)) === 1, () => log.text());

  const second = watch(where);
  await says(second, 'another process senses');
  extension.kill('SIGKILL');
  await says(second, 'sensing here now', TAKE_OVER_MS);
  where.make('b.timer');
  await until(() => second.alerts().length > 0, () => second.log());
  expect(where.events()).toEqual(['creation a.timer', 'creation b.timer']);
});

test.skipIf(notRoot !== undefined)(`a process that is stopped keeps the lock: the other one says so, and nothing is told twice when it goes on (${notRoot ?? 'on a host of its own'})`, async () => {
  const where = await site();
  const { holder, follower } = await two(where);
  holder.child.kill('SIGSTOP');
  await says(follower, `the process that senses (pid ${holder.child.pid}) is stopped`);
  where.make('meanwhile.timer');
  holder.child.kill('SIGCONT');
  await until(() => follower.alerts().length > 0, () => follower.log());
  await says(follower, 'the process that senses goes on');
  expect(where.events()).toEqual(['creation meanwhile.timer']);
  holder.child.kill('SIGKILL');
  await once(holder.child, 'exit');
  await says(follower, 'sensing here now', TAKE_OVER_MS);
});

/** The extension as osquery starts it: the script, the arguments, and an empty environment. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { destroyKnown } from '../helpers/damage.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { contextOf, playManager, type PlayedManager, type PlayOptions } from '../helpers/manager.ts';
import { built } from '../helpers/program.ts';

const EXTENSION = built('extension/systemd_timer_events.ext');
const EQUALS = 2;

const managers: PlayedManager[] = [];
const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const manager of managers.splice(0)) await manager.close();
});

interface Started {
  manager: PlayedManager;
  uuid: string;
  said: () => string;
  ended: Promise<number | null>;
}

async function start(stateDir: string, play: PlayOptions = {}): Promise<Started> {
  const manager = await playManager(temporaryDirectory(), play);
  managers.push(manager);
  const registered = manager.nextRegistration();
  const child = spawn(EXTENSION, ['--verbose', '--socket', manager.socket, '--timeout', '20', '--interval', '0.2', '--state-dir', stateDir], { cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const uuid = await Promise.race([registered, ended.then(() => Promise.reject(new Error(said)))]);
  return { manager, uuid, said: () => said, ended };
}

test('registers three tables, answers from the store, and ends when osquery says so', async () => {
  const stateDir = join(temporaryDirectory(), 'state');
  const store = openStore(stateDir);
  const events = Array.from({ length: 300 }, (_, n) => fileEvent({ id: `e${n}`, path: `/etc/systemd/system/u${n % 3}.timer`, time: new Date(1_700_000_000_000 + n * 1_000).toISOString() }));
  store.events.append(events);
  store.close();
  const { manager, uuid, ended } = await start(stateDir, { refusals: ['Failed adding registry: SQLITE_ERROR', 'Duplicate extension registered'] });
  expect(manager.extensions[uuid]).toMatchObject({ name: 'tickward', sdk_version: '5.23.1' });
  const tables = manager.registries[uuid]?.['table'] ?? {};
  expect(Object.keys(tables).sort()).toEqual(['systemd_timer_alerts', 'systemd_timer_events', 'systemd_timers']);
  for (const columns of Object.values(tables)) expect(columns.at(-1)).toEqual({ id: 'attributes', attributes: '0' });

  const eids = async (...constraints: Parameters<typeof contextOf>): Promise<string[]> => (await manager.ask(uuid, 'systemd_timer_events', contextOf(...constraints))).response.map((row) => row['eid'] ?? '').filter((eid) => /^e\d+$/.test(eid));
  // IN arrives as several equalities of one call.
  expect(await eids(['eid', EQUALS, 'e7'], ['eid', EQUALS, 'e299'], ['eid', EQUALS, 'nope'])).toEqual(['e7', 'e299']);
  expect(await eids(['path', EQUALS, '/etc/systemd/system/u1.timer'])).toHaveLength(100);
  expect(await eids(['unit', EQUALS, 'u2.timer'], ['action', EQUALS, 'deletion'])).toEqual([]);
  expect(await eids(['time', 32, '1700000298'])).toEqual(['e298', 'e299']);
  expect((await manager.ask(uuid, 'systemd_timer_alerts', contextOf())).status.code).toBe(0);
  expect((await manager.ask(uuid, 'systemd_timers', contextOf())).status).toMatchObject({ code: 0, message: 'OK' });

  await manager.shutdown(uuid);
  expect(await ended).toBe(0);
  expect(existsSync(`${manager.socket}.${uuid}`)).toBe(false);
});

test('ends by itself when osquery is gone', async () => {
  const { manager, ended, said } = await start(join(temporaryDirectory(), 'state'));
  managers.splice(0);
  await manager.close();
  expect(await ended).toBe(0);
  expect(said()).toContain('osquery is gone');
});

test('ends by itself when osquery has forgotten it', async () => {
  const { manager, uuid, ended, said } = await start(join(temporaryDirectory(), 'state'));
  delete manager.extensions[uuid];
  expect(await ended).toBe(0);
  expect(said()).toContain('does not list');
});

test('where it cannot watch it ends, rather than to answer as if it did', async () => {
  const stateDir = join(temporaryDirectory(), 'state');
  openStore(stateDir).close();
  destroyKnown(stateDir);
  // It may have ended before the manager tells of its registration.
  const said = await start(stateDir).then((started) => started.ended.then(started.said), ({ message }: Error) => message);
  expect(said).toContain('registered');
  expect(said).toMatch(/"level":50,.*events\.db is damaged/);
  expect(children.at(-1)?.exitCode).toBe(1);
});

test.each([
  [[], /osqueryi --extension/],
  [['--socket', '/nonexistent.em', '--timeout', 'abc'], /--timeout takes a number of seconds, not abc — osquery gives what its flag --extensions_timeout says/],
  [['--socket', '/nonexistent.em', '--interval'], /--interval takes a number of seconds — /],
  [['--socket', '/nonexistent.em', '--state-dir', ''], /--state-dir names no directory/],
])('says what is wrong when a person starts it with %j', async (args, message) => {
  const child = spawn(EXTENSION, args, { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
  expect(said).toMatch(message);
});

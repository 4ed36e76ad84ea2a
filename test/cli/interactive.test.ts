/** The interactive playbook through a real pseudo-terminal. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import type { RunSummary } from '../../src/store/journal.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { noHost, ownHost, TICKWARD, type OwnHost } from '../helpers/host.ts';
import { terminal, type Terminal } from '../helpers/terminal.ts';

const TIMER = '/etc/systemd/system/evil.timer';
const SERVICE = '/etc/systemd/system/evil.service';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';

let stateDir = '';
beforeEach(() => {
  stateDir = join(temporaryDirectory(), 'state');
});

async function hostWithTimer(): Promise<{ host: OwnHost; respond: (...args: string[]) => Terminal }> {
  const host = await ownHost();
  host.run(['sh', '-c', `printf '[Timer]\\nOnCalendar=daily\\n' > ${TIMER}; printf '[Service]\\nExecStart=/bin/true\\n' > ${SERVICE}`]);
  return { host, respond: (...args) => terminal(host.enter([TICKWARD, 'respond', '--file', TIMER, '--state-dir', stateDir, ...args])) };
}

test.skipIf(noHost !== undefined)(`each step is shown and asked, the default changes nothing, what is chosen is done and can be undone (${noHost ?? 'on a host of its own'})`, async () => {
  const { host, respond } = await hostWithTimer();
  const first = respond('--only', 'case,remove');
  await first.answer(/Open a case[\s\S]*Is this done\?[^\n]*N/, 'y\r');
  await first.answer(/remove: Take out[\s\S]*move the file \/etc\/systemd\/system\/evil\.timer into the quarantine[\s\S]*remove\?[\s\S]*skip this step/, '\r');
  expect(await first.ended).toBe(0);
  expect(host.run(['ls', TIMER, SERVICE]).status).toBe(0);

  const second = respond('--only', 'remove');
  await second.answer(/remove\?[\s\S]*skip this step[\s\S]*do it: 2 changes/, `${DOWN}\r`);
  await second.sees(/changed +remove +evil\.timer and evil\.service are gone/);
  await second.sees(/Take it back: tickward undo \S+/);
  expect(await second.ended).toBe(0);
  expect(host.run(['ls', '/etc/systemd/system']).stdout).toBe('');

  const runs = host.run([TICKWARD, 'runs', '--json', '--state-dir', stateDir]).stdout.trim().split('\n').map((line) => JSON.parse(line) as RunSummary);
  const undone = host.run([TICKWARD, 'undo', runs.at(-1)?.run ?? '', '--state-dir', stateDir]);
  expect(undone.stdout).toContain('restored /etc/systemd/system/evil.timer');
  expect(host.run(['cat', TIMER]).stdout).toBe('[Timer]\nOnCalendar=daily\n');
});

test.skipIf(noHost !== undefined)(`Ctrl-C at a question changes nothing more, keeps the journal and is exit code 130 (${noHost ?? 'on a host of its own'})`, async () => {
  const { host, respond } = await hostWithTimer();
  const interrupted = respond('--only', 'case,remove');
  await interrupted.answer(/Is this done\?/, CTRL_C);
  await interrupted.sees(/interrupted: what was done so far is in the journal/);
  expect(await interrupted.ended).toBe(130);
  expect(host.run(['ls', TIMER, SERVICE]).status).toBe(0);
  expect(host.run([TICKWARD, 'runs', '--json', '--state-dir', stateDir]).stdout.split('\n').filter(Boolean)).toHaveLength(1);
});

test.skipIf(noHost !== undefined)(`stop ends the response, and a timer that vanished meanwhile is nothing to do (${noHost ?? 'on a host of its own'})`, async () => {
  const { host, respond } = await hostWithTimer();
  const stopped = respond('--only', 'remove,case');
  await stopped.answer(/Is this done\?/, 'n\r');
  await stopped.answer(/remove\?[\s\S]*skip this step/, `${DOWN}${DOWN}\r`);
  expect(await stopped.ended).toBe(3);
  const vanished = respond('--only', 'remove');
  await vanished.sees(/remove\?/);
  host.run(['rm', TIMER, SERVICE]);
  vanished.pty.write(`${DOWN}\r`);
  await vanished.sees(/evil\.timer/);
  expect(await vanished.ended).toBe(0);
});

test('a pipe is no terminal: without --yes nothing is asked or done', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'units'));
  const file = join(directory, 'units/x.timer');
  writeFileSync(file, '[Timer]\n');
  const piped = terminal(['/bin/sh', '-c', `yes | sh src/cli/tickward respond --file ${file} --state-dir ${stateDir}; echo code $?`]);
  return piped.sees(/nobody is here to decide[\s\S]*code 2/).then(() => expect(existsSync(file)).toBe(true));
});

/** The interactive playbook through a real pseudo-terminal. */
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import type { RunSummary } from '../../src/store/journal.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { MOUNTED, noHost, ownHost, TICKWARD, type OwnHost } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';
import { terminal, type Terminal } from '../helpers/terminal.ts';
import { until } from '../helpers/until.ts';

const TIMER = '/etc/systemd/system/evil.timer';
const SERVICE = '/etc/systemd/system/evil.service';
const DOWN = '\u001b[B';
const CTRL_C = '\u0003';

let stateDir = '';
beforeEach(() => {
  stateDir = join(temporaryDirectory(), 'state');
});

/** An event of this host as another sensor would have written it, so that there is an alert to start from. */
const EVENT = { '@timestamp': '2026-01-01T00:00:00.000Z', event: { category: ['file'], type: ['creation'], action: 'creation', id: 'e1' }, host: { name: hostname(), hostname: hostname(), os: { type: 'linux' } }, file: { path: TIMER, name: 'evil.timer', extension: 'timer' }, process: { pid: 4_100_000, executable: '/tmp/dropper', name: 'dropper', command_line: '/tmp/dropper https://evil.example/x' }, user: { id: '0', name: 'root' } };

interface Scene {
  host: OwnHost;
  respond: (...args: string[]) => Terminal;
  /** On a terminal that cannot move its cursor. */
  plainly: (...args: string[]) => Terminal;
  tickward: (...args: string[]) => string;
}

async function hostWithTimer(): Promise<Scene> {
  const host = await ownHost();
  host.run(['sh', '-c', `printf '[Timer]\\nOnCalendar=daily\\n' > ${TIMER}; printf '[Service]\\nExecStart=/bin/true\\n' > ${SERVICE}`]);
  const whole = (args: readonly string[]): string[] => [TICKWARD, ...args, '--state-dir', stateDir];
  return { host, respond: (...args) => terminal(host.enter(whole(['respond', ...args]))), plainly: (...args) => terminal(host.enter(['env', 'TERM=dumb', ...whole(args)])), tickward: (...args) => host.run(whole(args)).stdout };
}

const needsHost = noHost ?? 'on a host of its own';

test.skipIf(noHost !== undefined)(`from the alert to the closed case, with a Ctrl-C and a resume in the middle (${needsHost})`, async () => {
  const { host, respond, tickward } = await hostWithTimer();
  host.run([TICKWARD, 'watch', '--from', '-', '--once', '--state-dir', stateDir], { input: `${JSON.stringify(EVENT)}\n` });
  const [alert] = jsonLines<{ id: string }>(tickward('alerts', '--json'));

  const first = respond(alert!.id, '--only', 'case,stop-process,remove,credentials,lessons');
  await first.sees(/What was found: suspicious[\s\S]*fetches from or talks to the network[\s\S]*What is proposed[\s\S]*remove +Take out[^\n]*2 changes/);
  await first.answer(/How do you want to go on\?[\s\S]*leave it at that/, '\r');
  await first.answer(/case: Open a case[\s\S]*Number or name of the case\?/, 'CASE-7\r');
  await first.answer(/Who leads it\?/, 'alice\r');
  await first.answer(/How bad is it, after triage\?[\s\S]*critical/, `${DOWN}${DOWN}${DOWN}\r`);
  await first.answer(/is malware\?[\s\S]*no/, `${DOWN}\r`);
  await first.answer(/Is case done \(step 1 of 5\)\?[\s\S]*stop the response/, `${DOWN}\r`);
  await first.sees(/unchanged +stop-process +process 4100000 is gone/);
  await first.answer(/remove: Take out[\s\S]*move the file \/etc\/systemd\/system\/evil\.timer into the quarantine[\s\S]*remove \(step 3 of 5\)\?[\s\S]*stop the response/, CTRL_C);
  await first.sees(/It was interrupted\. Go on with: tickward --state-dir \S+ respond --resume[\s\S]*Still open: remove, credentials, lessons\./);
  expect(await first.ended).toBe(130);
  expect(host.run(['ls', TIMER, SERVICE]).status).toBe(0);
  const [run] = jsonLines<RunSummary>(tickward('runs', '--json'));
  expect(run).toMatchObject({ interrupted: expect.any(String), data: { alert: alert!.id, by: expect.any(String), version: expect.any(String) } });

  const second = respond('--resume', run!.run);
  await second.sees(/What was done before[\s\S]*case +a person says that it is done[\s\S]*lead: alice/);
  await second.answer(/How do you want to go on\?[\s\S]*leave it at that/, '\r');
  await second.answer(/remove \(step 3 of 5\)\?[\s\S]*stop the response/, `${DOWN}${DOWN}\r`);
  await second.answer(/\[\/etc\/systemd\/system\/evil\.timer\][\s\S]*action: remove_timer[\s\S]*remove \(step 3 of 5\)\?[\s\S]*stop the response/, `${DOWN}\r`);
  await second.sees(/changed +remove +evil\.timer and evil\.service are gone/);
  await second.answer(/Which accounts of this host are exposed/, '\r');
  await second.answer(/Which credentials elsewhere/, 'the mail of alice\r');
  await second.answer(/Which of all these are reset/, '\r');
  await second.answer(/Is credentials done[\s\S]*stop the response/, `${DOWN}${DOWN}${DOWN}\r`);
  await second.answer(/remove was done\.[\s\S]*take it back and decide anew/, '\r');
  await second.answer(/Which accounts of this host are exposed/, 'none\r');
  await second.answer(/Which credentials elsewhere[^\n]*the mail of alice/, '\r');
  await second.answer(/Which of all these are reset/, '\r');
  await second.answer(/Is credentials done[\s\S]*stop the response/, `${DOWN}${DOWN}\r`);
  await second.answer(/Why\? \(for the record\)/, 'handled by CASE-8\r');
  for (const question of [/How long from the beginning/, /How long from the alert/, /What is changed, by whom/]) await second.answer(question, 'n/a\r');
  await second.answer(/Is lessons done[\s\S]*stop the response/, `${DOWN}\r`);
  await second.sees(/Summary[\s\S]*take it back: tickward --state-dir \S+ undo \S+ remove[\s\S]*skipped-because +credentials +not needed: handled by CASE-8/);
  await second.answer(/close the alert\?/, 'y\r');
  await second.answer(/Why\? \(for the record\)/, 'removed\r');
  await second.sees(/The alert \S+ is closed/);
  expect(await second.ended).toBe(0);

  expect(host.run(['ls', '/etc/systemd/system']).stdout).toBe('');
  expect(jsonLines<{ status: string }>(tickward('alerts', '--json'))).toMatchObject([{ status: 'closed' }]);
  const shown = JSON.parse(tickward('runs', 'show', run!.run, '--json')) as { chain: object; entries: { kind: string; step?: string; data: Record<string, unknown> }[] };
  expect(shown.chain).toMatchObject({ intact: true });
  expect(shown.entries.flatMap(({ kind, step, data }) => (kind === 'answer' ? [`${step} ${String(data['question'])}: ${String(data['answer'])}`] : []))).toEqual(['case number: CASE-7', 'case lead: alice', 'case severity: high', 'case malware: true', 'credentials elsewhere: the mail of alice', 'credentials accounts: none', 'lessons detection: n/a', 'lessons response: n/a', 'lessons change: n/a']);
  expect(tickward('undo', run!.run)).toContain('restored /etc/systemd/system/evil.timer');
  expect(host.run(['cat', TIMER]).stdout).toBe('[Timer]\nOnCalendar=daily\n');
}, 120_000);

test.skipIf(noHost !== undefined)(`the answer that is offered changes nothing (${needsHost})`, async () => {
  const { host, respond } = await hostWithTimer();
  const left = respond('--file', TIMER, '--only', 'remove');
  await left.answer(/How do you want to go on\?[\s\S]*leave it at that/, `${DOWN}${DOWN}\r`);
  expect(await left.ended).toBe(0);
  const skipped = respond('--file', TIMER, '--only', 'remove');
  await skipped.answer(/How do you want to go on\?[\s\S]*leave it at that/, '\r');
  await skipped.answer(/remove \(step 1 of 1\)\?[\s\S]*stop the response/, '\r');
  await skipped.answer(/Why\?/, '\r');
  await skipped.sees(/skipped-because +remove +not wanted/);
  expect(await skipped.ended).toBe(0);
  expect(host.run(['ls', TIMER, SERVICE]).status).toBe(0);
}, 60_000);

describe.skipIf(noHost !== undefined)(`a terminal that is lost keeps the journal, and the run is gone on with (${needsHost})`, () => {
  const losing: Record<string, (scene: Scene) => Promise<unknown>> = {
    async 'the signal alone'({ respond }) {
      const lost = respond('--file', TIMER, '--only', 'remove');
      await lost.answer(/How do you want to go on\?[\s\S]*leave it at that/, '\r');
      await lost.sees(/remove \(step 1 of 1\)\?[\s\S]*stop the response/);
      lost.pty.kill('SIGHUP');
      await lost.ended;
    },
    'the terminal itself': ({ host }) => once(host.start([process.execPath, `${MOUNTED}/test/cli/lost-terminal.ts`, TICKWARD, 'respond', '--file', TIMER, '--only', 'remove', '--state-dir', stateDir]), 'exit'),
  };

  test.each(Object.keys(losing))('with %s', async (how) => {
    const scene = await hostWithTimer();
    const { host, tickward } = scene;
    await losing[how]?.(scene);
    await until(() => jsonLines<RunSummary>(tickward('runs', '--json')).some((run) => run.interrupted !== undefined), () => 'the end of the run in the journal');
    const [run] = jsonLines<RunSummary>(tickward('runs', '--json'));
    expect(host.run(['ls', TIMER, SERVICE]).status).toBe(0);
    let resumed: RunResult | undefined;
    await until(() => (resumed = JSON.parse(tickward('respond', '--resume', run!.run, '--yes', '--json')) as RunResult | undefined)?.run !== undefined, () => 'the end of the process of the run');
    expect(resumed).toMatchObject({ run: run!.run, ended: 'finished', steps: [{ id: 'remove', state: 'changed' }] });
  }, 60_000);
});

test.skipIf(noHost !== undefined)(`stop ends the response, and a timer that vanished meanwhile is nothing to do (${needsHost})`, async () => {
  const { host, respond } = await hostWithTimer();
  const stopped = respond('--file', TIMER, '--only', 'remove');
  await stopped.answer(/How do you want to go on\?[\s\S]*leave it at that/, '\r');
  await stopped.answer(/remove \(step 1 of 1\)\?[\s\S]*stop the response/, `${DOWN}${DOWN}${DOWN}${DOWN}\r`);
  await stopped.sees(/Still open: remove/);
  expect(await stopped.ended).toBe(0);
  const vanished = respond('--file', TIMER, '--only', 'remove');
  await vanished.answer(/How do you want to go on\?[\s\S]*leave it at that/, '\r');
  await vanished.sees(/remove \(step 1 of 1\)\?[\s\S]*stop the response/);
  host.run(['rm', TIMER, SERVICE]);
  vanished.pty.write(`${DOWN}\r`);
  await vanished.sees(/evil\.timer/);
  expect(await vanished.ended).toBe(0);
}, 60_000);

test('a pipe is no terminal: without --yes nothing is asked or done', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'units'));
  const file = join(directory, 'units/x.timer');
  writeFileSync(file, '[Timer]\n');
  const piped = terminal(['/bin/sh', '-c', `yes | sh src/cli/tickward respond --file ${file} --state-dir ${stateDir}; echo code $?`]);
  return piped.sees(/nobody is here to decide[\s\S]*code 2/).then(() => expect(existsSync(file)).toBe(true));
});

test.skipIf(noHost !== undefined)(`a terminal that cannot move its cursor gets lines and no sequences (${needsHost})`, async () => {
  const { host, plainly, tickward } = await hostWithTimer();
  const first = plainly('respond', '--file', TIMER, '--only', 'remove');
  let bytes = '';
  first.pty.onData((data) => {
    bytes += data;
  });
  await first.answer(/How do you want to go on\?\r\n  1\) go through[\s\S]*Number \(1\): $/, '9\r');
  await first.answer(/must answer with a number from 1 to 3[\s\S]*Number \(1\): $/, '\r');
  await first.answer(/remove \(step 1 of 1\)\?[\s\S]*Number \(1\): $/, '2\r');
  await first.sees(/changed +remove/);
  expect(await first.ended).toBe(0);
  expect(bytes).not.toContain('\u001b');
  const [run] = jsonLines<RunSummary>(tickward('runs', '--json'));
  for (const key of [CTRL_C, '\u0004']) {
    const left = plainly('undo', run!.run);
    await left.answer(/Take it back\? \(y\/N\) $/, key);
    await left.sees(/tickward: interrupted at a question: nothing was done after it\r\n$/);
    expect(await left.ended).toBe(130);
  }
  const undone = plainly('undo', run!.run);
  await undone.answer(/Take it back\? \(y\/N\) $/, 'sure\r');
  await undone.answer(/must answer with "yes" or "no"[\s\S]*\(y\/N\) $/, 'YES\r');
  expect(await undone.ended).toBe(0);
  expect(host.run(['ls', TIMER, SERVICE]).status).toBe(0);
}, 60_000);

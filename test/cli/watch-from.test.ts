/** `tickward watch --from`, as people and scripts run it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Alert } from '../../src/model/event.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { collect } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';
import { PROGRAM, tickward } from '../helpers/tickward.ts';
import { until } from '../helpers/until.ts';

const DEFEND = join(import.meta.dirname, '../fixtures/ingest/elastic-defend.ndjson');
const [FIRST = '', SECOND = '', PACKAGED = ''] = readFileSync(DEFEND, 'utf8').split('\n');

function names(output: string): string[] {
  return jsonLines<Alert>(output).map(({ event }) => event.file.name);
}

test('--once reads to the end: exit code 3 with alerts, also the second time, when nothing new is shown', () => {
  const state = ['--state-dir', join(temporaryDirectory(), 'state')];
  const first = tickward(['watch', '--from', DEFEND, '--once', '--json', ...state]);
  expect({ code: first.code, alerts: names(first.stdout) }).toEqual({ code: 3, alerts: ['beacon.timer', 'moved.timer', 'beacon.timer'] });
  expect(first.stderr).toContain('9 line(s) read');
  const again = tickward(['watch', '--from', DEFEND, '--once', '--json', ...state]);
  expect({ code: again.code, stdout: again.stdout }).toEqual({ code: 3, stdout: '' });
  expect(again.stderr).toContain('3 of them known before');
  expect(tickward(['events', '--json', ...state]).stdout.trimEnd().split('\n')).toHaveLength(5);
  const query = tickward(['query', '--engine', 'embedded', '--json', "SELECT DISTINCT source FROM systemd_timer_events", ...state]);
  expect(JSON.parse(query.stdout)).toEqual([{ source: 'import' }]);
});

test('stdin is read to its end; nothing found is 0, and what our own watch printed is taken too', () => {
  const state = join(temporaryDirectory(), 'state');
  const quiet = tickward(['watch', '--from', '-', '--once', '--json', '--state-dir', state], { input: PACKAGED });
  expect({ code: quiet.code, stdout: quiet.stdout }).toEqual({ code: 0, stdout: '' });
  const shown = tickward(['watch', '--from', '-', '--json', '--state-dir', state], { input: FIRST });
  expect({ code: shown.code, alerts: names(shown.stdout) }).toEqual({ code: 0, alerts: ['beacon.timer'] });
  const elsewhere = tickward(['watch', '--from', '-', '--once', '--json', '--state-dir', `${state}-2`], { input: shown.stdout });
  expect(elsewhere.code).toBe(3);
  expect(JSON.parse(elsewhere.stdout)).toMatchObject({ id: (JSON.parse(shown.stdout) as Alert).id, event: { host: { name: 'web-7' } } });
});

test('people are told which host it was, also in lists', () => {
  const state = join(temporaryDirectory(), 'state');
  const { stdout } = tickward(['watch', '--from', '-', '--once', '--state-dir', state], { input: FIRST });
  expect(stdout).toMatch(/ALERT .*beacon\.timer \(creation\)/);
  expect(stdout).toContain('host     web-7, as another sensor told');
  for (const list of ['alerts', 'events']) expect(tickward([list, '--state-dir', state]).stdout).toMatch(/ web-7:\/\S+beacon\.timer /);
});

test('a user of whom only the name is said is in the alert, in lists and tables, and can be excepted', () => {
  const state = ['--state-dir', join(temporaryDirectory(), 'state')];
  const { user: _user, ...nameless } = JSON.parse(FIRST) as Record<string, unknown>;
  const input = JSON.stringify({ ...nameless, user: { name: 'deploy' } });
  expect(tickward(['watch', '--from', '-', '--once', ...state], { input }).stdout).toContain('user     deploy');
  for (const list of ['alerts', 'events']) expect(tickward([list, ...state]).stdout).toMatch(/ deploy /);
  const query = tickward(['query', '--engine', 'embedded', '--json', 'SELECT uid, username FROM systemd_timer_events', ...state]);
  expect(JSON.parse(query.stdout)).toEqual([{ uid: '', username: 'deploy' }]);
  const { id } = JSON.parse(tickward(['alerts', '--json', ...state]).stdout) as Alert;
  const made = tickward(['exception', 'add', id, '--by', 'user', '--reason', 'it deploys', '--yes', '--json', ...state]);
  expect(JSON.parse(made.stdout)).toMatchObject({ exception: { tests: [{ field: 'user.name', operator: 'exact', values: ['deploy'] }] }, covers: { alerts: 1, of: 1 } });
});

test('what cannot be read, and what nobody understands, is said in one line', () => {
  const directory = temporaryDirectory();
  const run = (from: string, input = ''): { code: number | null; said: string } => {
    const { code, stderr } = tickward(['watch', '--from', from, '--once', '--state-dir', join(directory, 'state')], { input });
    return { code, said: stderr.split('\n').filter((line) => line.startsWith('tickward: ')).join() };
  };
  expect(run(join(directory, 'none'))).toEqual({ code: 1, said: expect.stringContaining('there is no file') });
  expect(run(directory)).toEqual({ code: 1, said: expect.stringContaining('is a directory') });
  expect(run('-', 'Nov 25 00:00:00 host CRON[1]: x\n')).toEqual({ code: 1, said: expect.stringContaining('no line of stdin is understood') });
  expect(run('-', '\nNov 25 00:00:00 host CRON[1]: x\n\n \n')).toEqual({ code: 1, said: expect.stringContaining('no line of stdin is understood') });
  expect(run('-', `Nov 25 00:00:00 host CRON[1]: x\n${PACKAGED}\n`)).toEqual({ code: 0, said: '' });
  expect(run('-')).toEqual({ code: 0, said: '' });
  expect(run('-', '\n\n')).toEqual({ code: 0, said: '' });
});

test('a file is followed through its rotation until SIGTERM', async () => {
  const directory = temporaryDirectory();
  const log = join(directory, 'events.ndjson');
  writeFileSync(log, `${FIRST}\n${SECOND.slice(0, 100)}`);
  const child = spawn('/bin/sh', [PROGRAM, 'watch', '--from', log, '--json', '--state-dir', join(directory, 'state')], { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  const shows = (expected: string[]): Promise<void> => until(() => names(output.text()).join() === expected.join(), () => `${expected.join()}, got ${output.text()}${errors.text()}`, 20_000);
  await shows(['beacon.timer']);
  appendFileSync(log, `${SECOND.slice(100)}\n`);
  await shows(['beacon.timer', 'moved.timer']);
  renameSync(log, `${log}.1`);
  writeFileSync(log, `${FIRST}\n${FIRST.replaceAll('beacon', 'third').replace('++01', '++99')}\n`);
  await shows(['beacon.timer', 'moved.timer', 'third.timer']);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  expect({ code, bad: errors.text().includes('passed over') }).toEqual({ code: 0, bad: false });
  expect(errors.text()).toContain('4 line(s) read');
});

test('what follows the file that its own alerts go to does not go round in a circle', () => {
  const directory = temporaryDirectory();
  const [alerts, state] = [join(directory, 'alerts.ndjson'), join(directory, 'state')];
  const watch = (from: string, ...args: string[]): string => tickward(['watch', '--from', from, '--json', '--output', `file:${alerts}`, '--state-dir', state, ...args], { input: FIRST }).stderr;
  watch('-');
  expect(watch(alerts, '--for', '2s')).toContain('1 line(s) read: 1 change(s) of unit files are stored, 0 of other files judged, 0 line(s) of other things, 0 not understood; 1 alert(s), 1 of them known before');
  expect(readFileSync(alerts, 'utf8').split('\n')).toHaveLength(2);
});

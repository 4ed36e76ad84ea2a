/** Watching on a host of the test's own: what alerts, what does not, and the osquery extension's answer about it. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Alert, FileEvent } from '../../src/model/event.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { collect, MOUNTED, noHost, notRoot, ownHost, TICKWARD, type Child, type OwnHost } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';
import { contextOf, playManager } from '../helpers/manager.ts';
import { built } from '../helpers/program.ts';
import { until } from '../helpers/until.ts';

const UNITS = '/etc/systemd/system';

interface Watching {
  host: OwnHost;
  stateDir: string;
  alerts(): Alert[];
  events(): FileEvent[];
  /** What it said on stderr. */
  errors(): string;
  /** A shell that lives on, as that of someone who is logged in. */
  shell: Child;
}

async function watching(): Promise<Watching> {
  const host = await ownHost();
  const stateDir = join(temporaryDirectory(), 'state');
  const watch = host.start([TICKWARD, 'watch', '--json', '--state-dir', stateDir]);
  const output = collect(watch.stdout);
  const errors = collect(watch.stderr);
  await until(() => errors.text().includes('watching by'), () => `the start, got ${errors.text()}`);
  return {
    host,
    stateDir,
    alerts: () => jsonLines<Alert>(output.text()).filter(ofTheTimerRule),
    errors: () => errors.text(),
    events: () => jsonLines<FileEvent>(host.run([TICKWARD, 'events', '--json', '--state-dir', stateDir]).stdout),
    shell: host.start(['sh']),
  };
}

/** The rule that these tests are about. On a busy host a file that is made and written is also one that was edited, which another rule tells. */
function ofTheTimerRule({ rule }: Alert): boolean {
  return rule.name === 'Systemd Timer Created';
}

test.skipIf(notRoot !== undefined)(`echo into a timer alerts within a second, with the shell that did it (${notRoot ?? 'on a host of its own'})`, async () => {
  const { alerts, shell, host, stateDir } = await watching();
  const before = performance.now();
  shell.stdin.write(`echo x > ${UNITS}/a.timer\n`);
  await until(() => alerts().length > 0, () => 'the alert', 1_000);
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(alerts()).toMatchObject([{ rule: { name: 'Systemd Timer Created' }, status: 'open', event: { event: { action: 'creation' }, file: { path: `${UNITS}/a.timer`, extension: 'timer', size: 2 }, process: { executable: expect.stringMatching(/sh$/), pid: expect.any(Number) }, tickward: { source: 'fanotify' } } }]);
  const id = alerts()[0]?.id ?? '';
  expect(JSON.parse(host.run([TICKWARD, 'alerts', 'show', id, '--json', '--state-dir', stateDir]).stdout)).toEqual({ ...alerts()[0], history: [], related: expect.any(Array) });
});

test.skipIf(notRoot !== undefined || spawnSync('dpkg-deb', ['--version']).status !== 0)(`the same by dpkg does not (${notRoot ?? 'needs dpkg: a Debian'})`, async () => {
  const { host, alerts, events, shell } = await watching();
  const tree = join(temporaryDirectory(), 'package');
  mkdirSync(join(tree, 'DEBIAN'), { recursive: true, mode: 0o755 });
  mkdirSync(join(tree, UNITS), { recursive: true });
  writeFileSync(join(tree, 'DEBIAN/control'), 'Package: tickward-test\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: ships a timer\n');
  // dpkg lives on until its script has ended: long enough to be named by /proc.
  writeFileSync(join(tree, 'DEBIAN/postinst'), '#!/bin/sh\nsleep 0.3\n', { mode: 0o755 });
  writeFileSync(join(tree, UNITS, 'packaged.timer'), '[Timer]\nOnCalendar=daily\n');
  expect(spawnSync('dpkg-deb', ['--build', '--root-owner-group', tree, `${tree}.deb`]).status).toBe(0);
  // A package database of this host's own.
  const database = host.run(['sh', '-ec', 'mount -t tmpfs tmpfs /var/lib/dpkg; mkdir /var/lib/dpkg/info /var/lib/dpkg/updates; : > /var/lib/dpkg/status']);
  expect(database.stderr).toBe('');
  const installed = host.run(['dpkg', '--log=/dev/null', '--force-not-root', '--install', `${tree}.deb`]);
  expect(`${installed.stdout}${installed.stderr}`).toContain('Setting up tickward-test');
  await until(() => events().some((event) => event.file.name === 'packaged.timer'), () => `the event, got ${JSON.stringify(events().map((event) => event.file.name))}`);
  const [packaged] = events().filter((event) => event.file.name === 'packaged.timer');
  expect(packaged).toMatchObject({ event: { action: 'rename' }, process: { executable: '/usr/bin/dpkg' } });
  // Alerts come in order: when that of a later file is there, an earlier one would be.
  shell.stdin.write(`echo x > ${UNITS}/later.timer\n`);
  await until(() => alerts().length > 0);
  expect(alerts().map((alert) => alert.event.file.name)).toEqual(['later.timer']);
});

test.skipIf(notRoot !== undefined)(`the same by a program that the rule leaves out does not (${notRoot ?? 'on a host of its own'})`, async () => {
  const { host, alerts, events, shell } = await watching();
  host.run(['sh', '-ec', 'mkdir /mnt/bin; cp /bin/sh /mnt/bin/dockerd; mount --bind /mnt/bin /usr/local/bin']);
  const dockerd = host.start(['/usr/local/bin/dockerd']);
  dockerd.stdin.write(`echo x > ${UNITS}/excluded.timer\n`);
  await until(() => events().some((event) => event.file.name === 'excluded.timer'));
  expect(events().find((event) => event.file.name === 'excluded.timer')?.process?.executable).toBe('/usr/local/bin/dockerd');
  shell.stdin.write(`echo x > ${UNITS}/later.timer\n`);
  await until(() => alerts().length > 0);
  expect(alerts().map((alert) => alert.event.file.name)).toEqual(['later.timer']);
});

test.skipIf(notRoot !== undefined)(`names with quotes, escapes, newlines and bytes that are no UTF-8 are shown escaped (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const stateDir = join(temporaryDirectory(), 'state');
  const watch = host.start([TICKWARD, 'watch', '--state-dir', stateDir]);
  const [output, errors] = [collect(watch.stdout), collect(watch.stderr)];
  await until(() => errors.text().includes('watching by'));
  const shell = host.start(['sh']);
  const names = [String.raw`a\033[2J.timer`, String.raw`q\047%%"b.timer`, String.raw`n\nl.timer`, String.raw`u\377\376.timer`];
  shell.stdin.write(`cd ${UNITS}\n`);
  for (const name of names) shell.stdin.write(`echo x > "$(printf '${name}')"\n`);
  await until(() => output.text().split('ALERT').length > names.length, () => `the alerts, got ${output.text()}`);
  const shown = `${output.text()}${host.run([TICKWARD, 'events', '--state-dir', stateDir]).stdout}${host.run([TICKWARD, 'alerts', '--state-dir', stateDir]).stdout}`;
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  expect(shown).toContain(String.raw`a\e[2J.timer`);
  expect(shown).toContain(String.raw`u\xff\xfe.timer`);
  const ids = jsonLines<Alert>(host.run([TICKWARD, 'alerts', '--json', '--state-dir', stateDir]).stdout).filter(ofTheTimerRule).map((alert) => alert.id);
  for (const id of ids) {
    const planned = host.run([TICKWARD, 'respond', id, '--only', 'remove', '--yes', '--json', '--state-dir', stateDir]);
    expect(JSON.parse(planned.stdout)).toMatchObject({ steps: [{ state: 'changed' }] });
  }
  expect(host.run(['ls', UNITS]).stdout).toBe('');
});

test.skipIf(notRoot !== undefined)(`a flood of timers is said to be one (${notRoot ?? 'on a host of its own'})`, async () => {
  const { alerts, errors, shell } = await watching();
  shell.stdin.write(`cd ${UNITS}; i=0; while [ $i -lt 103 ]; do echo x > $i.timer; i=$((i + 1)); done\n`);
  await until(() => errors().includes('tickward events shows all'), () => `the warning, got ${errors()}`);
  expect(errors()).toMatch(/the rule Systemd Timer Created gave its 100 alerts of this interval/);
  await until(() => alerts().length >= 100, () => `100 alerts, got ${alerts().length}`);
  expect(alerts()).toHaveLength(100);
});

test.skipIf(noHost !== undefined)(`a broken rule is named with its place and the others go on, without any nothing is watched (${noHost ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const breaking = (rules: string): string => `for rule in ${built('playbooks', MOUNTED)}/${rules}/rule.toml; do broken="/mnt/$(echo $rule | tr / _)"; sed 's/^file where/file wear/' $rule > $broken; mount --bind $broken $rule; done`;
  const watch = (): SpawnSyncReturns<string> => host.run([TICKWARD, 'watch', '--for', '1s', '--sensor', 'scan', '--state-dir', '/mnt/state']);
  host.run(['sh', '-ec', breaking('systemd-timer-created')]);
  const one = watch();
  expect(one.stderr).toMatch(/systemd-timer-created\/rule\.toml does not load: line \d+, column \d+: /);
  expect(one.stderr).toMatch(/judging by [1-9]\d* rule/);
  expect(one).toMatchObject({ status: 0, stdout: '' });
  host.run(['sh', '-ec', breaking('*')]);
  const { status, stderr, stdout } = watch();
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain('no rule is there to watch by');
  expect(host.run([TICKWARD, 'doctor', '--state-dir', '/mnt/state']).stdout).toMatch(/rule\.toml, line \d+, column \d+: /);
});

test.skipIf(notRoot !== undefined)(`a query over the extension's socket returns the row (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const directory = temporaryDirectory();
  const manager = await playManager(directory);
  onTestFinished(() => manager.close());
  const registered = manager.nextRegistration();
  const started = performance.now();
  // osquery gives an almost empty environment.
  const extension = host.start(['env', '-i', `TICKWARD_STATE_DIR=${join(directory, 'state')}`, '/mnt/tickward/extension/systemd_timer_events.ext', '--socket', manager.socket, '--timeout', '3', '--interval', '1']);
  const log = collect(extension.stderr);
  const uuid = await registered;
  expect(performance.now() - started).toBeLessThan(3_000);
  await until(() => log.text().includes('watching by'), () => log.text());
  const shell = host.start(['sh']);
  shell.stdin.write(`echo x > ${UNITS}/seen.timer\n`);
  let answer: Record<string, string>[] = [];
  await until(async () => {
    const { status, response } = await manager.ask(uuid, 'systemd_timer_events', contextOf(['path', 2, `${UNITS}/seen.timer`], ['action', 2, 'creation']));
    expect(status).toMatchObject({ code: 0 });
    answer = response;
    return response.length > 0;
  }, () => `the row; ${log.text()}`);
  expect(answer).toMatchObject([{ action: 'creation', path: `${UNITS}/seen.timer`, directory: UNITS, filename: 'seen.timer', unit: 'seen.timer', unit_type: 'timer', scope: 'system', file_uid: '0', executable: expect.stringMatching(/sh$/), pid: String(shell.pid), source: 'fanotify' }]);
  expect(Object.keys(answer[0] ?? {})).toContain('attribution');
  await manager.shutdown(uuid);
  await until(() => extension.exitCode !== null);
  expect(extension.exitCode).toBe(0);
});

/** `watch` with outputs, on a host of the test's own. */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Alert } from '../../src/model/event.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { collect, notRoot, ownHost, TICKWARD, type Child, type OwnHost } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';
import { tickward } from '../helpers/tickward.ts';
import { until } from '../helpers/until.ts';

const UNITS = '/etc/systemd/system';
const PATIENCE_MS = 20_000;

function start(host: OwnHost, ...args: string[]): { child: Child; log: () => string; output: () => string } {
  const child = host.start([TICKWARD, 'watch', '--json', ...args]);
  const [output, errors] = [collect(child.stdout), collect(child.stderr)];
  return { child, log: errors.text, output: output.text };
}

const says = (from: { log: () => string }, text: string): Promise<void> => until(() => from.log().includes(text), () => `"${text}", got ${from.log()}`, PATIENCE_MS);

/** As often as each file is named in a file of alerts. */
function named(path: string): string[] {
  try {
    return jsonLines<{ file: { name: string } }>(readFileSync(path, 'utf8')).map(({ file }) => file.name);
  } catch {
    return [];
  }
}

test.skipIf(notRoot !== undefined)(`alerts go to the outputs of the configuration once, whoever senses and however many watch; a dead output holds nothing up (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const directory = temporaryDirectory();
  const [state, file, config] = [join(directory, 'state'), join(directory, 'out/alerts.ndjson'), join(directory, 'config.yaml')];
  mkdirSync(join(directory, 'out'), { mode: 0o700 });
  writeFileSync(config, `state_dir: ${state}\noutputs:\n  - { type: file, path: ${file}, size: 1, keep: 2 }\n  - { type: syslog, socket: ${directory}/no-such }\n  - { type: command, command: [/bin/sh, -c, 'exec sleep 600'], timeout: 0.2 }\n  - { type: file, path: ${directory}/no/such/directory }\n`, { mode: 0o600 });
  const first = start(host, '--config', config);
  await says(first, 'watching by');
  await says(first, 'an output of the configuration is not used');
  const second = start(host, '--config', config);
  await says(second, 'another process senses');
  const shell = host.start(['sh']);
  shell.stdin.write(`echo x > ${UNITS}/a.timer\n`);
  await until(() => second.output().includes('a.timer') && named(file).length > 0, () => `the alert, got ${first.log()}`, PATIENCE_MS);
  await says(first, 'takes no alert, it is tried again');
  await says(first, 'the command /bin/sh: the alert');
  first.child.kill('SIGKILL');
  await says(second, 'sensing here now');
  shell.stdin.write(`echo x > ${UNITS}/b.timer\n`);
  await until(() => named(file).includes('b.timer'), () => `the second, got ${second.log()}`, PATIENCE_MS);
  expect(named(file)).toEqual(['a.timer', 'b.timer']);
});

test.skipIf(notRoot !== undefined)(`alerts of another sensor's log and of the own one go to the outputs once each, whoever watches beside (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const directory = temporaryDirectory();
  const [state, file, config, log] = ['state', 'alerts.ndjson', 'config.yaml', 'log'].map((name) => join(directory, name)) as [string, string, string, string];
  writeFileSync(config, `state_dir: ${state}\noutputs:\n  - { type: file, path: ${file} }\n`, { mode: 0o600 });
  writeFileSync(log, '');
  const tell = (name: string): void => appendFileSync(log, `${JSON.stringify({ '@timestamp': new Date().toISOString(), event: { id: name, category: ['file'], action: 'creation' }, host: { name: 'web-7', os: { type: 'linux' } }, file: { path: `${UNITS}/${name}` }, process: { pid: 1, executable: '/usr/bin/dash' } })}\n`);
  const imports = start(host, '--from', log, '--config', config);
  await says(imports, 'following');
  const senses = start(host, '--config', config);
  await says(senses, 'watching by');
  const follows = start(host, '--config', config);
  await says(follows, 'another process senses');
  const shell = host.start(['sh']);
  const given = async (name: string): Promise<void> => until(() => named(file).includes(name), () => `${name} of ${named(file).join()}; ${imports.log()}${senses.log()}`, PATIENCE_MS);
  tell('told-1.timer');
  await given('told-1.timer');
  shell.stdin.write(`echo x > ${UNITS}/own.timer\n`);
  await given('own.timer');
  tell('told-2.timer');
  await given('told-2.timer');
  await until(() => follows.output().includes('told-2.timer'), follows.log, PATIENCE_MS);
  expect(named(file)).toEqual(['told-1.timer', 'own.timer', 'told-2.timer']);
});

test.skipIf(notRoot !== undefined)(`what an exception covers is stored and marked, but neither shown nor given to an output; without it the next is (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const directory = temporaryDirectory();
  const [state, file] = [join(directory, 'state'), join(directory, 'alerts.ndjson')];
  const list = (...args: string[]): Alert[] => jsonLines(host.run([TICKWARD, 'alerts', '--json', '--state-dir', state, ...args]).stdout);
  const watch = start(host, '--state-dir', state, '--output', `file:${file}`);
  await says(watch, 'watching by');
  const shell = host.start(['sh']);
  const make = (name: string): void => void shell.stdin.write(`echo x > ${UNITS}/${name}\n`);
  make('a.timer');
  await until(() => named(file).length > 0, () => watch.log(), PATIENCE_MS);
  const [alert] = list();
  const made = JSON.parse(host.run([TICKWARD, 'exception', 'add', alert?.id ?? '', '--by', 'user', '--field', 'file.name', '--wildcard', 'known-*', '--reason', 'CHG-42', '--expires', '1d', '--json', '--state-dir', state]).stdout) as { exception: { id: string } };
  make('known-1.timer');
  make('b.timer');
  await until(() => named(file).length > 1, () => watch.log(), PATIENCE_MS);
  expect(named(file)).toEqual(['a.timer', 'b.timer']);
  expect(watch.output()).not.toContain('known-1');
  expect(list('--suppressed')).toMatchObject([{ suppressed_by: made.exception.id, event: { file: { name: 'known-1.timer' } } }]);
  host.run([TICKWARD, 'exception', 'remove', made.exception.id, '--state-dir', state]);
  make('known-2.timer');
  await until(() => named(file).includes('known-2.timer'), () => watch.log(), PATIENCE_MS);
});

test('a file that would take no alert is said at the start: of the command line it is refused, of the configuration it is tried again', () => {
  const directory = temporaryDirectory();
  const [events, file, config] = ['events', 'alerts.ndjson', 'config.yaml'].map((name) => join(directory, name)) as [string, string, string];
  writeFileSync(events, '');
  mkdirSync(file);
  writeFileSync(config, `state_dir: ${directory}/state\noutputs:\n  - { type: file, path: ${file} }\n`, { mode: 0o600 });
  const watch = (...args: string[]): ReturnType<typeof tickward> => tickward(['watch', '--from', events, '--once', '--config', config, ...args]);
  expect(watch('--output', `file:${file}`)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^tickward: .*alerts\.ndjson cannot be written: EISDIR/) });
  expect(watch()).toMatchObject({ code: 0, stderr: expect.stringMatching(/takes no alert now, and is tried again with the next: .*alerts\.ndjson cannot be written: EISDIR/) });
});

test.each([
  ['nowhere', /nowhere is no output/, 2],
  ['file:relative', /file:relative is no output — write file:\/PATH.* each path from \/ on/, 2],
  ['command:/no/such', /cannot be run: ENOENT/, 1],
])('--output %s is refused before anything is watched', (output, message, code) => {
  const state = join(temporaryDirectory(), 'state');
  expect(tickward(['watch', '--for', '1s', '--output', output, '--state-dir', state])).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(message) });
});

test.each([
  ['{ type: file, path: /a, size: 0 }', /outputs\[1\]\.size/],
  ['{ type: file }', /outputs\[1\]\.path/],
  ['{ type: mail, to: x }', /outputs\[1\]/],
  ["{ type: command, command: 'rm -rf' }", /outputs\[1\]\.command/],
])('outputs: [%s] is refused with its place', (output, message) => {
  const config = join(temporaryDirectory(), 'config.yaml');
  writeFileSync(config, `outputs:\n  - ${output}\n`);
  expect(tickward(['--config', config, 'rule', 'list'])).toMatchObject({ code: 1, stderr: expect.stringMatching(message) });
});

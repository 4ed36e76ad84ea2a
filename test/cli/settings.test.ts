/** Where settings come from, and which configuration and which state directory are believed. */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { notRoot, ownHost, TICKWARD, USER } from '../helpers/host.ts';
import { isRoot } from '../helpers/needs.ts';
import { tickward } from '../helpers/tickward.ts';

let stateDir = '';
beforeEach(() => {
  stateDir = join(temporaryDirectory(), 'state');
});

describe('settings', () => {
  test('come from the command line, else the environment, else the file', () => {
    const config = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(config, `state_dir: ${stateDir}\nengine: osqueryi\ntimeout: 0.2\n`);
    const endless = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n';
    expect(tickward(['--config', config, 'query', '--engine', 'embedded', endless]).stderr).toMatch(/0\.2 s/);
    expect(tickward(['query', endless], { env: { TICKWARD_CONFIG: config, TICKWARD_ENGINE: 'embedded', TICKWARD_TIMEOUT: '0.1' } }).stderr).toMatch(/0\.1 s/);
  });

  test.each([
    ['state_dir: [', /line 1, column \d+/],
    ['timeout: 3\ncolour: red', /line 2, column 1: the configuration is not right: colour: no such key.*known settings: state_dir/s],
    ['timeout: 9999999', /line 1, column 10: .*timeout: /],
    ['lang: en\nengine: duckdb', /line 2, column 9: the configuration is not right: engine: .*\n {2}engine: duckdb\n {10}\^/],
    ['timeout: 86401', /line 1, column 10: .*timeout: .*86400/],
    ['management: [192.0.2.1, foo]', /line 1, column 25: .*management\[2\]: foo is no management peer — write 192\.0\.2\.1/],
    ['management: [0.0.0.0/0]', /line 1, column 14: .*management\[1\]: 0\.0\.0\.0\/0 lets everybody through/],
    ['management: [1]', /line 1, column 14: .*management\[1\]: /],
  ])('%j is refused with what is wrong', (text, message) => {
    const config = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(config, text);
    const { code, stderr } = tickward(['--config', config, 'alerts']);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });

  test('are checked before a start anew by watch --check, which watches nothing and makes no store', () => {
    const config = join(temporaryDirectory(), 'config.yaml');
    const checked = (...args: string[]) => tickward(['watch', '--check', '--config', config, '--state-dir', stateDir, ...args]);
    writeFileSync(config, 'sensor: fanotify\noutputs: [{ type: syslog }]\n');
    expect(checked()).toEqual({ code: 0, stdout: '', stderr: 'the settings are right; whether the outputs can be used is told when watch starts\n' });
    expect(checked('--json').stdout).toBe('{"ok":true}\n');
    expect(checked('--output', 'file:relative')).toMatchObject({ code: 2, stderr: expect.stringContaining('file:relative is no output') });
    expect(checked('--once')).toMatchObject({ code: 2, stderr: expect.stringContaining('--check does not heed --once') });
    writeFileSync(config, 'sensor: fanotify\nretention: { days: soon }\n');
    expect(checked()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('line 2, column 20: the configuration is not right: retention.days') });
    expect(existsSync(stateDir)).toBe(false);
  });
});

describe('a configuration that is no file of text is refused, and nobody is advised to change what it is', () => {
  const refused = (path: string): string => {
    const { code, stdout, stderr } = tickward(['--config', path, 'rule', 'list']);
    expect({ code, stdout, advised: stderr.includes('chmod') }).toEqual({ code: 1, stdout: '', advised: false });
    return stderr;
  };

  test.each([
    ['/tmp', 'the configuration /tmp is a directory'],
    ['/dev/zero', 'the configuration /dev/zero is no regular file'],
    ['/no/such/file', 'the configuration /no/such/file cannot be read: there is no such file'],
  ])('%s', (path, message) => {
    expect(refused(path)).toContain(message);
  });

  test('a FIFO that nobody writes to', () => {
    const fifo = join(temporaryDirectory(), 'fifo');
    execFileSync('mkfifo', ['-m', '600', fifo]);
    expect(refused(fifo)).toContain('is no regular file');
  });

  test('bytes that are no UTF-8', () => {
    const config = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(config, Buffer.from('state_dir: /var/lib/\xe9\n', 'latin1'));
    expect(refused(config)).toContain('is no text in UTF-8');
  });

  test('an empty name', () => {
    expect(tickward(['--config', '', 'rule', 'list'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--config names no file') });
  });
});

test.each(['0', '-1', 'x', 'Infinity', '9999999'])('a timeout of %s is refused, and is none of a millisecond', (timeout) => {
  expect(tickward(['query', '--engine', 'embedded', '--timeout', timeout, 'SELECT 1 AS one'])).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/is no value for timeout: it takes a number of seconds above 0, 86400 \(a day\) at most/) });
});

describe('a configuration that others can write is not read', () => {
  test('by its mode', () => {
    const config = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(config, 'lang: en\n');
    chmodSync(config, 0o666);
    expect(tickward(['--config', config, 'rule', 'list'])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/config\.yaml can be written by others \(mode 0666\): it is not read — .*chmod go-w/) });
    chmodSync(config, 0o644);
    expect(tickward(['--config', config, 'rule', 'list']).code).toBe(0);
  });

  test.skipIf(!isRoot)('by its owner (needs root to give it one)', () => {
    const config = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(config, 'lang: en\n');
    chownSync(config, 4711, 4711);
    expect(tickward(['--config', config, 'rule', 'list'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/belongs to uid 4711: it is not read — .*chown root: /) });
  });
});

test.each([
  ['are asked for', { TERM: 'xterm' }, true],
  ['are not wanted', { TERM: 'xterm', NO_COLOR: '1' }, false],
  ['have an empty NO_COLOR, which says nothing', { TERM: 'xterm', NO_COLOR: '' }, true],
  ['are nothing that the terminal knows', { TERM: 'dumb' }, false],
])('colours %s', (_, env, colored) => {
  expect(tickward(['rule', 'list'], { env: { ...env, FORCE_COLOR: '1' } }).stdout.includes('\u001b[')).toBe(colored);
});

test('variables that are empty, and switches that are off, count as not set', () => {
  const env = { TICKWARD_JSON: '', TICKWARD_YES: '0', TICKWARD_STATE_DIR: '', TICKWARD_CONFIG: '', TICKWARD_ENGINE: '', TICKWARD_TIMEOUT: '', TICKWARD_LANG: '', TICKWARD_SENSOR: '', TICKWARD_MANAGEMENT: '', TICKWARD_SOCKET: '', TICKWARD_NO_INPUT: '' };
  const { code, stdout, stderr } = tickward(['query', '--engine', 'embedded', 'SELECT 1 AS one'], { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '1 row (embedded)\n' });
  expect(stdout).toMatch(/^ *one *\n/);
  expect(tickward(['respond', '--file', '/etc/passwd', '--state-dir', stateDir], { env }).stderr).toMatch(/nobody is here to decide/);
});

test.each([['TICKWARD_LANG', 'fr'], ['TICKWARD_TIMEOUT', 'soon'], ['TICKWARD_ENGINE', 'duckdb'], ['TICKWARD_SENSOR', 'eyes']])('a wrong value of %s is told with the name of that, for nobody typed it', (name, value) => {
  expect(tickward(['rule', 'list'], { env: { [name]: value } })).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`${value} is no value for ${name}: it takes`) });
  expect(tickward(['rule', 'list'], { env: { [name]: value } }).stderr).toContain(`— unset ${name}, or give it such a value`);
});

test('a management peer of the environment that is none is said at once', () => {
  const env = { TICKWARD_MANAGEMENT: '192.0.2.1,foo' };
  expect(tickward(['rule', 'list'], { env })).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('TICKWARD_MANAGEMENT: foo is no management peer — write 192.0.2.1') });
  expect(tickward(['rule', 'list'], { env: { TICKWARD_MANAGEMENT: '192.0.2.1,[2001:db8::1]:22' } }).code).toBe(0);
});

describe('a switch that is a variable', () => {
  const asked = (env: Record<string, string>): string => tickward(['respond', '--file', '/etc/passwd', '--state-dir', stateDir], { env }).stderr;
  const isJson = (env: Record<string, string>): boolean => tickward(['query', '--engine', 'embedded', 'SELECT 1 AS one'], { env }).stdout.startsWith('[');

  test.each(['0', 'false', 'no', 'off', 'OFF', 'No'])('is off with %s', (value) => {
    expect(asked({ TICKWARD_YES: value })).toMatch(/nobody is here to decide/);
    expect(isJson({ TICKWARD_JSON: value })).toBe(false);
  });

  test.each(['1', 'true', 'yes', 'on', 'ON'])('is on with %s', (value) => {
    expect(isJson({ TICKWARD_JSON: value })).toBe(true);
  });

  test.each(['TICKWARD_YES', 'TICKWARD_JSON', 'TICKWARD_NO_INPUT'])('%s is refused with what is neither', (name) => {
    for (const value of ['maybe', '2', 'n']) expect(tickward(['respond', '--file', '/etc/passwd', '--state-dir', stateDir], { env: { [name]: value } })).toMatchObject({ code: 2, stderr: expect.stringContaining(`${value} is no value for ${name}: it takes 1, true, yes, on, or 0, false, no, off`) });
  });
});

describe('a state directory that cannot be trusted or used is refused', () => {
  test('one that others can write', () => {
    mkdirSync(stateDir);
    chmodSync(stateDir, 0o777);
    for (const command of [['alerts'], ['query', '--engine', 'embedded', 'SELECT * FROM systemd_timer_events']]) {
      expect(tickward([...command, '--state-dir', stateDir])).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/can be written by others.*chmod 700/) });
    }
  });

  test('a store from a newer version', () => {
    openStore(stateDir).close();
    const database = new DatabaseSync(join(stateDir, 'events.db'));
    database.exec('PRAGMA user_version = 99');
    database.close();
    expect(tickward(['alerts', '--state-dir', stateDir])).toMatchObject({ code: 1, stderr: expect.stringMatching(/newer Tickward/) });
  });

  test.skipIf(notRoot !== undefined)(`a plain user who looks into their own is told that root has another (${notRoot ?? 'on a host of its own'})`, async () => {
    const host = await ownHost();
    const listed = (...more: string[]): string => host.run(host.asUser([TICKWARD, 'alerts', ...more])).stderr;
    host.run(['sh', '-ec', 'mount -t tmpfs tmpfs /var/lib']);
    expect(listed()).toBe('nothing found\n');
    host.run(['mkdir', '--mode=700', '/var/lib/tickward']);
    expect(listed()).toMatch(/nothing found\n.*this is the store of this user, \/home\/drill\/\S+: what a service of root saw and did is in \/var\/lib\/tickward, with sudo/s);
    expect(listed('--state-dir', `${USER.home}/.local/state/tickward`)).toBe('nothing found\n');
    expect(host.run([TICKWARD, 'alerts']).stderr).toBe('nothing found\n');
  });

  test('one that was named and is not there, by what only reads: nothing is made', () => {
    const missing = join(stateDir, 'a/b');
    const config = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(config, `state_dir: ${missing}\n`);
    const none = { code: 1, stdout: '', stderr: expect.stringContaining(`there is no store in ${missing}: that directory is not there`) };
    for (const command of [['events'], ['events', 'show', 'x'], ['alerts'], ['alerts', 'stats'], ['alerts', 'close', 'x', '--reason', 'y'], ['runs'], ['runs', 'show', 'x'], ['undo', 'x'], ['exception', 'list'], ['restore'], ['respond', 'x', '--dry-run'], ['investigate', 'x'], ['query', '--engine', 'embedded', 'SELECT * FROM systemd_timer_events']]) expect({ command, ...tickward([...command, '--state-dir', missing]) }).toMatchObject({ command, ...none });
    expect(tickward(['events'], { env: { TICKWARD_STATE_DIR: missing } })).toMatchObject(none);
    expect(tickward(['events', '--config', config])).toMatchObject(none);
    expect(JSON.parse(tickward(['events', '--json', '--state-dir', missing]).stdout)).toMatchObject({ error: { code: 'NOT_FOUND' } });
    // What the host has needs no store.
    expect(tickward(['timers', '--json', '--state-dir', missing])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\[/), stderr: expect.stringMatching(/created_by is not known: there is no store in /) });
    expect(existsSync(stateDir)).toBe(false);
  });

  test('one that was named and is not there is made by what writes', () => {
    expect(tickward(['watch', '--from', '-', '--once', '--state-dir', stateDir])).toMatchObject({ code: 0 });
    expect(tickward(['events', '--state-dir', stateDir])).toMatchObject({ code: 0, stderr: 'nothing found\n' });
    const other = `${stateDir}-2`;
    expect(tickward(['respond', '--file', '/etc/passwd', '--only', 'other-hosts', '--dry-run', '--state-dir', other]).stderr).toBe('');
    expect(existsSync(other)).toBe(true);
  });

  test('one without a name', () => {
    const empty = { code: 2, stdout: '', stderr: expect.stringContaining('--state-dir names no directory') };
    for (const command of [['events'], ['watch', '--once', '--for', '1s'], ['doctor']]) expect(tickward([...command, '--state-dir', ''])).toMatchObject(empty);
    const config = join(temporaryDirectory(), 'config.yaml');
    writeFileSync(config, "state_dir: ''\n");
    expect(tickward(['events', '--config', config])).toMatchObject({ code: 1, stderr: expect.stringMatching(/line 1, column 12: .*state_dir: it names no directory/) });
  });

  test('a file in its place', () => {
    writeFileSync(stateDir, '');
    expect(tickward(['alerts', '--state-dir', stateDir])).toMatchObject({ code: 1, stderr: expect.stringContaining('file in the way') });
  });
});

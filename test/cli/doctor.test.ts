/** What `doctor` says of the sensor and of its service. */
import { spawnSync } from 'node:child_process';
import { hash, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { sensorFinding } from '../../src/cli/doctor/sensor.ts';
import { serviceFinding, type ServiceState } from '../../src/cli/doctor/service.ts';
import type { Finding } from '../../src/cli/doctor/finding.ts';
import { stateFinding } from '../../src/cli/doctor/state.ts';
import { openStore } from '../../src/store/index.ts';
import { noBpf } from '../helpers/bpf.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { noHost, notRoot, ownHost, TICKWARD } from '../helpers/host.ts';
import { PROGRAM, tickward } from '../helpers/tickward.ts';

describe('the chain of the sensor', () => {
  test.each([
    ['fanotify', 'exact', [], true, /^full: [^.]*$/, /^nothing$/],
    ['fanotify', 'proc', ['no BTF'], true, /^without the map of images: .*\. Missing: no BTF$/, /BTF.*--pid=host/],
    ['fanotify', 'inferred', ['no names'], false, /^without process names: .*\. Missing: no names$/, /CAP_SYS_ADMIN/],
    ['inotify', 'inferred', ['fanotify is not possible here: fanotify_init: ENOSYS', 'no names'], false, /^inotify: .*fanotify_init: ENOSYS; no names$/, /CONFIG_FANOTIFY/],
    ['scan', 'none', ['nothing else'], false, /^comparing: /, /CONFIG_FANOTIFY/],
  ] as const)('by %s, %s at best', (mode, attribution, reasons, ok, found, fix) => {
    const finding = sensorFinding({ mode, attribution, reasons: [...reasons] });
    expect({ ...finding, fix: finding.fix ?? 'nothing' }).toEqual({ check: 'sensor', ok, found: expect.stringMatching(found), fix: expect.stringMatching(fix) });
  });

  const FORCED: readonly [string, string[], RegExp][] = [
    ['as root of the host', [], /^full: /],
    ['in a namespace of processes of its own', ['unshare', '--pid', '--fork', '--mount-proc'], /^without the map of images: .*namespace of processes of its own/],
    ['without CAP_SYS_ADMIN', ['setpriv', '--bounding-set=-sys_admin'], /^without process names: .*CAP_SYS_ADMIN/],
  ];

  test.skipIf(notRoot !== undefined || noBpf !== undefined).each(FORCED)(`%s (${notRoot ?? noBpf ?? 'for real'})`, (_, wrapper, found) => {
    const [program = '', ...args] = [...wrapper, '/bin/sh', PROGRAM, 'doctor', '--json'];
    const { stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: 25_000 });
    expect((JSON.parse(stdout) as Finding[]).find(({ check }) => check === 'sensor')?.found).toMatch(found);
  });
});

describe('the service', () => {
  const loaded: ServiceState = { LoadState: 'loaded', ActiveState: 'active', SubState: 'running', UnitFileState: 'enabled' };

  test.each([
    ['runs', {}, { ok: true, found: 'tickward.service is active (running), enabled', fix: null }],
    ['runs, and would not after a boot', { UnitFileState: 'disabled' }, { ok: true, fix: expect.stringContaining('systemctl enable') }],
    ['was stopped', { ActiveState: 'inactive', SubState: 'dead' }, { ok: true, found: 'tickward.service is inactive (dead), enabled', fix: 'systemctl enable --now tickward.service' }],
    ['is masked', { LoadState: 'masked', ActiveState: 'inactive' }, { ok: true, found: 'tickward.service is masked' }],
    ['starts again and again', { ActiveState: 'activating', SubState: 'auto-restart' }, { ok: false, fix: expect.stringContaining('journalctl') }],
    ['failed', { ActiveState: 'failed', SubState: 'failed' }, { ok: false, fix: expect.stringContaining('journalctl') }],
    ['does not load', { LoadState: 'bad-setting', ActiveState: 'inactive' }, { ok: false, found: 'tickward.service does not load (bad-setting)' }],
    ['is not installed', { LoadState: 'not-found', ActiveState: 'inactive', SubState: 'dead', UnitFileState: '' }, { ok: true, found: expect.stringContaining('not installed'), fix: expect.stringMatching(/^sed "s\|\/usr\/bin\/tickward\|\/.*\/src\/cli\/tickward\|" \/.*\/extension\/deploy\/tickward\.service > /) }],
  ])('%s', (_, state, finding) => {
    expect(serviceFinding({ ...loaded, ...state })).toMatchObject(finding);
  });
});

describe('the store', () => {
  const finding = (directory: string): Finding => stateFinding({ stateDir: directory }, process.getuid?.() ?? 0);
  /** But for who reads now, which SQLite notes in its index. */
  const contents = (directory: string): string[] => readdirSync(directory).sort().map((name) => (name.endsWith('-shm') ? name : `${name} ${hash('sha256', readFileSync(join(directory, name)))}`));

  test.each([['events.db', 'damaged or no store of Tickward'], ['journal.db', 'damaged or no store of Tickward']])('with random bytes for %s is not in order', (name, message) => {
    const directory = join(temporaryDirectory(), 'state');
    openStore(directory).close();
    const path = join(directory, name);
    writeFileSync(path, randomBytes(8_192));
    expect(finding(directory)).toMatchObject({ ok: false, found: expect.stringContaining(`${path} is ${message}`), fix: expect.stringContaining(`mv ${path} ${path}.damaged`) });
    const { code, stdout } = tickward(['doctor', '--json', '--state-dir', directory]);
    expect({ code, ok: (JSON.parse(stdout) as Finding[]).find(({ check }) => check === 'state directory')?.ok }).toEqual({ code: 1, ok: false });
  });

  test('of a newer Tickward is not in order either, one of an older is', () => {
    const directory = join(temporaryDirectory(), 'state');
    openStore(directory).close();
    setVersion(directory, 99);
    expect(finding(directory)).toMatchObject({ ok: false, found: expect.stringContaining('written by a newer Tickward') });
    setVersion(directory, 4);
    expect(finding(directory)).toMatchObject({ ok: true });
  });

  test('is in order while another process has it open, after one was killed, and with nothing in it; nothing is changed', () => {
    const directory = join(temporaryDirectory(), 'state');
    mkdirSync(directory, { mode: 0o700 });
    expect(finding(directory)).toMatchObject({ ok: true });
    expect(readdirSync(directory)).toEqual([]);
    const store = openStore(directory);
    store.events.append([fileEvent({ path: '/etc/systemd/system/a.timer' })]);
    const before = contents(directory);
    expect(finding(directory)).toMatchObject({ ok: true, found: directory });
    expect(contents(directory)).toEqual(before);
    const left = `${directory}-left`;
    cpSync(directory, left, { recursive: true });
    store.close();
    expect(finding(left)).toMatchObject({ ok: true, found: left });
    expect(contents(left)).toEqual(before);
  });
});

function setVersion(directory: string, version: number): void {
  const database = new DatabaseSync(join(directory, 'events.db'));
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
}

test.skipIf(noHost !== undefined)('the state directory is ours, can be written and has room, or it is said what is not so; none is made', async () => {
  const host = await ownHost();
  host.run(['sh', '-ec', `cd /mnt; umask 077; mkdir state full readonly; echo > file
    mount -t tmpfs -o mode=700,size=64k tmpfs full; mount -t tmpfs -o mode=700,ro tmpfs readonly`]);
  const before = host.run(['find', '/mnt', '-maxdepth', '2', '-not', '-path', '/mnt/tickward/*']).stdout;
  const finding = (directory: string): Finding | undefined => (JSON.parse(host.run([TICKWARD, '--state-dir', directory, 'doctor', '--json']).stdout) as Finding[]).find(({ check }) => check === 'state directory');
  expect(finding('/mnt/state')).toMatchObject({ ok: true, found: '/mnt/state', fix: null });
  expect(finding('/mnt/state/new/one')).toMatchObject({ ok: true, found: '/mnt/state/new/one is not there yet and will be made' });
  expect(finding('/mnt/readonly')).toMatchObject({ ok: false, found: 'the state directory /mnt/readonly cannot be written: the file system is read-only', fix: 'give another one with --state-dir DIR' });
  expect(finding('/mnt/readonly/new/one')).toMatchObject({ ok: false, found: '/mnt/readonly, in which the state directory would be made, cannot be written: the file system is read-only' });
  expect(finding('/mnt/full')).toMatchObject({ ok: false, found: 'the state directory /mnt/full is on a full disk: 65536 bytes are free, 1048576 are needed at the least', fix: expect.stringContaining('make room') });
  expect(finding('/mnt/file/new')).toMatchObject({ ok: false, found: expect.stringContaining('there is a file in the way') });
  expect(host.run(['find', '/mnt', '-maxdepth', '2', '-not', '-path', '/mnt/tickward/*']).stdout).toBe(before);
});

/** Timers as they stand on disk, in directories of the test's own, and what systemctl prints about them. */
import { chmodSync, mkdirSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { UnitDirectory } from '../../src/host/directories.ts';
import { wordsOf } from '../../src/host/command-line.ts';
import { chainOf } from '../../src/timers/command.ts';
import { listTimers, type TimerRow } from '../../src/timers/index.ts';
import { spanMs, timerOf } from '../../src/timers/manager.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { isRoot } from '../helpers/needs.ts';
import { plant } from '../helpers/response.ts';

/** `/root` stands for the root of the host; its /etc comes before its /usr/lib, as in systemd. */
async function list(files: Record<string, string>, prepare: (root: string) => void = () => undefined): Promise<{ rows: Record<string, TimerRow>; warnings: string[]; root: string }> {
  const root = temporaryDirectory();
  plant(root, files);
  prepare(root);
  const directory = (path: string, user?: string): UnitDirectory => ({ path: join(root, path), scope: user === undefined ? 'system' : 'user', kind: 'units', ...(user === undefined ? {} : { user }) });
  const { timers, warnings } = await listTimers({
    uid: 0,
    users: [{ name: 'alice', uid: 4711, gid: 4711, gecos: '', home: join(root, 'home'), shell: '' }],
    directories: [directory('run/transient'), directory('system.control'), directory('usr'), directory('home/.config/systemd/user', 'alice')],
    stamps: join(root, 'stamps'),
  });
  return { rows: Object.fromEntries(timers.map((timer) => [timer.unit, timer])), warnings, root };
}

test('a timer with its service, drop-ins, links and stamp is one row', async () => {
  const { rows, root } = await list({
    'usr/a.timer': '[Timer]\nOnCalendar=daily\nOnBootSec=5min\nPersistent=yes\nUnit=job.service\n[Install]\nWantedBy=timers.target\n',
    'usr/a.timer.d/10.conf': '[Timer]\nOnCalendar=\nOnCalendar=hourly\n',
    'usr/timers.target.wants/a.timer': '-> ../a.timer',
    'usr/job.service': '[Service]\nUser=www-data\nExecStart=-/bin/sh -c "id > /tmp/x"\nExecStart=/bin/true\n',
    'stamps/stamp-a.timer': '',
  }, (at) => utimesSync(join(at, 'stamps/stamp-a.timer'), 1_700_000_000, 1_700_000_000));
  expect(rows['a.timer']).toMatchObject({
    scope: 'system',
    user: null,
    state: null,
    enabled: 'enabled',
    path: join(root, 'usr/a.timer'),
    transient: false,
    masked: false,
    schedule: 'OnCalendar=hourly',
    next_run: null,
    last_run: '2023-11-14T22:13:20.000Z',
    persistent: true,
    service: 'job.service',
    service_path: join(root, 'usr/job.service'),
    exec: '-/bin/sh -c "id > /tmp/x"; /bin/true',
    run_as: 'www-data',
    package: null,
    package_modified: null,
    drop_ins: [join(root, 'usr/a.timer.d/10.conf')],
  });
  expect(rows['a.timer']?.script_chain).toEqual([{ path: expect.stringMatching(/\/(?:da|ba)?sh$/), kind: 'binary' }, { path: expect.stringMatching(/\/(?:da|ba)?sh$/), kind: 'inline', text: 'id > /tmp/x' }, { path: expect.stringMatching(/true$/), kind: 'binary' }]);
});

test('a stamp that its owner made illegible hides no timer', async () => {
  const longest = `${'l'.repeat(249)}.timer`;
  const { rows } = await list({
    [`usr/${longest}`]: '[Timer]\nOnCalendar=daily\nPersistent=yes\n',
    'home/.config/systemd/user/b.timer': '[Timer]\nOnCalendar=daily\nPersistent=yes\n',
    'home/.local/share/systemd/timers/stamp-b.timer': '-> stamp-b.timer',
  });
  expect(Object.values(rows).map(({ unit, last_run }) => [unit, last_run])).toEqual(expect.arrayContaining([[longest, null], ['b.timer', null]]));
});

test('of several files with one name the one that systemd takes is shown, masks as masks, other states by their place', async () => {
  const { rows, root } = await list({
    'usr/shadowed.timer': '[Timer]\nOnCalendar=daily\n',
    'system.control/shadowed.timer': '[Timer]\nOnCalendar=minutely\n',
    'usr/masked.timer': '[Timer]\nOnCalendar=daily\n',
    'system.control/masked.timer': '-> /dev/null',
    'run/transient/run-1.timer': '[Timer]\nOnActiveSec=1min\n',
    'usr/static.timer': '[Timer]\nOnBootSec=1\n',
    'usr/off.timer': '[Timer]\nOnBootSec=1\n[Install]\nWantedBy=timers.target\n',
    'usr/many@.timer': '[Timer]\nOnBootSec=1\n',
    'home/.config/systemd/user/own.timer': '[Timer]\nOnCalendar=weekly\n',
    'home/.config/systemd/user/own.service': '[Service]\nExecStart=/bin/true\n',
  });
  expect(Object.fromEntries(Object.entries(rows).map(([unit, row]) => [unit, row.enabled]))).toEqual({ 'shadowed.timer': 'static', 'masked.timer': 'masked', 'run-1.timer': 'transient', 'static.timer': 'static', 'off.timer': 'disabled', 'many@.timer': 'static', 'own.timer': 'static' });
  expect(rows['shadowed.timer']).toMatchObject({ path: join(root, 'system.control/shadowed.timer'), schedule: 'OnCalendar=minutely' });
  expect(rows['masked.timer']).toMatchObject({ masked: true, schedule: null });
  expect(rows['run-1.timer']).toMatchObject({ transient: true });
  expect(rows['many@.timer']).toMatchObject({ state: 'template' });
  expect(rows['own.timer']).toMatchObject({ scope: 'user', user: 'alice', run_as: 'alice', service_path: join(root, 'home/.config/systemd/user/own.service') });
});

test('nothing that an attacker can put in the place of a unit hangs or breaks the list', async () => {
  const { execFileSync } = await import('node:child_process');
  const { rows } = await list({ 'usr/good.timer': '[Timer]\nOnCalendar=daily\n', 'usr/loop.timer': '-> loop.timer', 'usr/zero.timer': '-> /dev/zero', 'usr/dir.timer/x': '' }, (root) => {
    execFileSync('mkfifo', [join(root, 'usr/fifo.timer')]);
    writeFileSync(join(root, 'usr/huge.timer'), '[Timer]\nOnCalendar=daily\n');
    truncateSync(join(root, 'usr/huge.timer'), 2 ** 30);
    symlinkSync('/dev/tty', join(root, 'usr/tty.timer'));
  });
  expect(Object.keys(rows).sort()).toEqual(['dir.timer', 'fifo.timer', 'good.timer', 'huge.timer', 'loop.timer', 'tty.timer', 'zero.timer']);
  expect(rows['good.timer']?.schedule).toBe('OnCalendar=daily');
  expect(rows['huge.timer']?.schedule).toBe('OnCalendar=daily');
  expect(rows['fifo.timer']?.schedule).toBeNull();
});

test.skipIf(isRoot)('what may not be read is said (root may read everything)', async () => {
  const { warnings, root } = await list({ 'usr/a.timer': '' }, (at) => chmodSync(join(at, 'usr'), 0));
  chmodSync(join(root, 'usr'), 0o755);
  expect(warnings.join()).toMatch(/usr may not be read/);
});

test.each([
  ['/bin/sh -c "a b"', ['/bin/sh', '-c', 'a b']],
  ["-@+/x 'it''s' \\x \"a\\\"b\"", ['/x', 'its', 'x', 'a"b']],
  ['', []],
  ['/x ""', ['/x', '']],
])('words of %s', (command, words) => {
  expect(wordsOf(command)).toEqual(words);
});

test('a chain leads through interpreters to scripts, and ends', () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'd'));
  const script = join(root, 'd/run.sh');
  writeFileSync(script, '#!/usr/bin/env python3 -u\nprint()\n');
  expect(chainOf(['bash', '-x', script]).at(-1)).toEqual({ path: script, kind: 'script', interpreter: '/usr/bin/env python3 -u' });
  expect(chainOf([script])).toEqual([{ path: script, kind: 'script', interpreter: '/usr/bin/env python3 -u' }]);
  expect(chainOf(['/no/such'])).toEqual([{ path: '/no/such', kind: 'missing' }]);
  expect(chainOf(['/bin/sh', '/bin/sh'])).toHaveLength(1);
  expect(chainOf(Array.from({ length: 100 }, (_, index) => (index % 2 ? 'env' : 'sh'))).length).toBeLessThanOrEqual(8);
});

test('what systemctl says of a timer', () => {
  const block = ['Unit=job.service', 'NextElapseUSecRealtime=@1700000000', 'NextElapseUSecMonotonic=infinity', 'LastTriggerUSec=n/a', 'Id=a.timer', 'LoadState=loaded', 'ActiveState=active', 'FragmentPath=/etc/systemd/system/a.timer', 'UnitFileState=enabled', 'Transient=no'].join('\n');
  expect(timerOf(block, { scope: 'system' })).toEqual({ unit: 'a.timer', scope: 'system', load: 'loaded', active: 'active', enabled: 'enabled', path: '/etc/systemd/system/a.timer', transient: false, next: '2023-11-14T22:13:20.000Z', service: 'job.service' });
  expect(timerOf('NextElapseUSecRealtime=Thu 2026-11-26 00:00:00 UTC\nLastTriggerUSec=Wed 2026-11-25 01:02:03 UTC', { scope: 'system' })).toMatchObject({ next: '2026-11-26T00:00:00.000Z', last: '2026-11-25T01:02:03.000Z' });
  expect([spanMs('1d 2h 3min 4.5s'), spanMs('1month'), spanMs('0'), spanMs('infinity')]).toEqual([93_784_500, 2_629_800_000, undefined, undefined]);
});

test('a timer and a service whose names are no UTF-8 are shown with what they do', async () => {
  const name = (root: string, end: string): Buffer => Buffer.concat([Buffer.from(join(root, 'usr/hid')), Buffer.of(0xff), Buffer.from(end)]);
  const { rows, root } = await list({ 'usr/a.timer': '' }, (at) => {
    writeFileSync(name(at, '.timer'), '[Timer]\nOnCalendar=daily\n');
    writeFileSync(name(at, '.service'), '[Service]\nExecStart=/bin/true\n');
  });
  expect(rows['hid\\xff.timer']).toMatchObject({ path: `${root}/usr/hid\\xff.timer`, schedule: 'OnCalendar=daily', service: 'hid\\xff.service', service_path: `${root}/usr/hid\\xff.service`, exec: '/bin/true' });
});

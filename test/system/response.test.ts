/** Timers under a real systemd: listed, drilled, removed against their resistance, given back. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { DrillResult } from '../../src/cli/drill/result.ts';
import type { RunResult } from '../../src/respond/run.ts';
import type { TimerRow } from '../../src/timers/index.ts';
import { boot, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';
import { json } from '../helpers/lines.ts';

function state(host: Booted, unit: string): string {
  return host.run(['systemctl', 'show', '--property=LoadState,ActiveState', '--value', unit]).stdout.trim().split('\n').join(' ');
}

/** A service that will not be stopped: it starts again, and tells when systemd runs any command of it at the end. */
const HOSTILE = `
cat > /etc/systemd/system/evil.timer <<'X'
[Unit]
RefuseManualStop=yes
[Timer]
OnActiveSec=1s
OnCalendar=hourly
Persistent=true
[Install]
WantedBy=timers.target
X
cat > /etc/systemd/system/evil.service <<'X'
[Unit]
RefuseManualStop=yes
OnFailure=again.service
[Service]
ExecStart=/bin/sh -c 'sleep 1000 & exec sleep 1001'
ExecStop=/bin/touch /run/evil.stop
ExecStopPost=/bin/touch /run/evil.post
Restart=always
KillMode=process
X
cat > /etc/systemd/system/again.service <<'X'
[Service]
Type=oneshot
ExecStart=/bin/touch /run/evil.again
X
mkdir /etc/systemd/system/evil.timer.d
printf '[Timer]\\nAccuracySec=1s\\n' > /etc/systemd/system/evil.timer.d/x.conf
systemctl daemon-reload
systemctl enable --now evil.timer
systemctl start --no-block evil.service
sleep 0.5
`;

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('the drill goes well as root and as a user with a manager of their own, and leaves nothing in systemd', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    const root = json<DrillResult>(host.run([PROGRAM, 'drill', '--json']));
    expect(root.steps.filter((step) => !step.ok)).toEqual([]);
    expect(root).toMatchObject({ detected: true, removed: true, undone: true, clean: true });
    host.shell('useradd -m alice; loginctl enable-linger alice; until [ -e /run/user/$(id -u alice)/systemd/private ]; do sleep 0.05; done');
    const user = json<DrillResult>(host.as('alice', [PROGRAM, 'drill', '--json']));
    expect(user.steps.filter((step) => !step.ok)).toEqual([]);
    expect(user).toMatchObject({ detected: true, user: 'alice', removed: true, undone: true, clean: true });
    expect(host.shell('systemctl list-units --all --no-legend "tickward-drill*"; find /etc/systemd /run/systemd /home -name "tickward-drill*"').stdout).toBe('');
  });

  test('a timer that resists is gone with all it started, no trap of it runs, and the undo gives it back as it was', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(HOSTILE);
    const look = (): string => host.shell('cd /etc/systemd/system; find . -name "evil*" | sort | while read -r f; do stat -c "%n %f %u:%g %s %y" "$f"; [ -f "$f" ] && sha256sum "$f"; done; true').stdout;
    const before = look();
    expect(state(host, 'evil.service')).toBe('loaded active');
    const planned = json<RunResult>(host.run([PROGRAM, 'respond', '--file', '/etc/systemd/system/evil.timer', '--only', 'remove', '--dry-run', '--json']));
    const done = json<RunResult>(host.run([PROGRAM, 'respond', '--file', '/etc/systemd/system/evil.timer', '--only', 'remove', '--yes', '--json']));
    expect(done.steps).toMatchObject([{ id: 'remove', state: 'changed' }]);
    expect(done.steps[0]?.changes).toEqual(planned.steps[0]?.changes);
    expect(look()).toBe('');
    expect(host.shell('pgrep -x sleep; ls /run/evil.* 2>/dev/null; true').stdout).toBe('');
    expect([state(host, 'evil.timer'), state(host, 'evil.service')]).toEqual(['masked inactive', 'masked inactive']);
    expect(host.run(['systemctl', 'start', 'evil.service']).status).not.toBe(0);

    const undone = json<RunResult>(host.run([PROGRAM, 'undo', done.run ?? '', '--json']));
    expect(undone.steps).toMatchObject([{ state: 'changed' }]);
    expect(look()).toBe(before);
    expect(state(host, 'evil.timer')).toBe('loaded active');
    expect(host.run([PROGRAM, 'runs', 'show', done.run ?? '']).stdout).toContain('The journal is intact');
  });

  test('timers has the state, the next and the last run of the timers of every manager', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`useradd -m alice; loginctl enable-linger alice; until [ -e /run/user/$(id -u alice)/systemd/private ]; do sleep 0.05; done
install -d -o alice -g alice /home/alice/.config/systemd/user
printf '[Timer]\\nOnActiveSec=1h\\nUnit=own.service\\n' > /home/alice/.config/systemd/user/own.timer
printf '[Service]\\nExecStart=/bin/true\\n' > /home/alice/.config/systemd/user/own.service
systemctl --user -M alice@ start own.timer
systemd-run --on-active=1h --unit=later /bin/true
printf '[Timer]\\nOnCalendar=daily\\n' > /etc/systemd/system/unread.timer`);
    const rows = json<TimerRow[]>(host.run([PROGRAM, 'timers', '--json']));
    const row = (unit: string): TimerRow | undefined => rows.find((each) => each.unit === unit);
    const hour = (time: string | null | undefined): number => Math.round((Date.parse(time ?? '') - Date.now()) / 3_600_000);
    expect(row('systemd-tmpfiles-clean.timer')).toMatchObject({ scope: 'system', state: 'active', package: 'systemd', package_modified: false });
    expect(row('own.timer')).toMatchObject({ scope: 'user', user: 'alice', state: 'active', path: '/home/alice/.config/systemd/user/own.timer', service: 'own.service', exec: '/bin/true', run_as: 'alice' });
    expect(hour(row('own.timer')?.next_run)).toBe(1);
    expect(row('later.timer')).toMatchObject({ scope: 'system', state: 'active', transient: true, path: '/run/systemd/transient/later.timer' });
    expect(hour(row('later.timer')?.next_run)).toBe(1);
    expect(row('unread.timer')).toMatchObject({ state: 'not-loaded', enabled: 'static' });
  });
});

/** systemd's tables of the embedded engine on a booted host, beside what systemctl says. */
import { beforeAll, describe, expect, test } from 'vitest';
import { boot, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';

describe.skipIf(noBoot !== undefined)('on a booted host', () => {
  let noBase: string | undefined;
  beforeAll(() => {
    noBase = prepareBase();
  }, 300_000);

  const asked = (host: Booted, sql: string): Record<string, string>[] => {
    const { status, stdout, stderr } = host.run([PROGRAM, 'query', '--engine', 'embedded', '--json', sql]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return JSON.parse(stdout) as Record<string, string>[];
  };

  test('systemd_units, startup_items and systemd_timers are what the manager knows', async ({ skip }) => {
    if (noBase !== undefined) skip(noBase);
    const host = await boot();
    expect(host.shell("printf '[Service]\\nType=oneshot\\nExecStart=sleep 600\\nUser=daemon\\n' > /etc/systemd/system/slow@.service; printf '[Timer]\\nOnCalendar=daily\\n' > /etc/systemd/system/mine.timer; printf '[Service]\\nExecStart=/bin/sh -c id\\n' > /etc/systemd/system/mine.service; systemctl daemon-reload; systemctl start mine.timer; systemctl start --no-block slow@a-b.service")).toMatchObject({ status: 0 });

    const units = asked(host, 'SELECT * FROM systemd_units');
    const listed = host.run(['systemctl', 'list-units', '--all', '--plain', '--no-legend', '--full']).stdout.trim().split('\n').map((line) => line.split(/\s+/)[0] ?? '');
    const missing = listed.filter((unit) => !units.some(({ id }) => id === unit));
    expect(missing).toEqual([]);
    expect(units.find(({ id }) => id === 'systemd-journald.service')).toMatchObject({ load_state: 'loaded', active_state: 'active', sub_state: 'running', unit_file_state: 'static', object_path: '/org/freedesktop/systemd1/unit/systemd_2djournald_2eservice', job_id: '0', job_type: '', job_path: '/', user: '', following: '' });
    const [slow] = units.filter(({ id }) => id === 'slow@a-b.service');
    expect(slow).toMatchObject({ active_state: 'activating', fragment_path: '/etc/systemd/system/slow@.service', user: 'daemon', job_type: 'start', job_path: `/org/freedesktop/systemd1/job/${slow?.['job_id'] ?? ''}` });
    expect(host.run(['busctl', 'get-property', 'org.freedesktop.systemd1', slow?.['object_path'] ?? '', 'org.freedesktop.systemd1.Unit', 'Id']).stdout).toBe('s "slow@a-b.service"\n');

    expect(asked(host, "SELECT name, path, status FROM startup_items WHERE type = 'systemd unit' AND name = 'mine.timer'")).toEqual([{ name: 'mine.timer', path: '/etc/systemd/system/mine.timer', status: 'active' }]);
    expect(asked(host, "SELECT unit, scope, state, schedule, service, exec, run_as, package, next_run > unixepoch() AS ahead FROM systemd_timers WHERE unit = 'mine.timer'")).toEqual([{ unit: 'mine.timer', scope: 'system', state: 'active', schedule: 'OnCalendar=daily', service: 'mine.service', exec: '/bin/sh -c id', run_as: 'root', package: '', ahead: '1' }]);
  });

  test('units that somebody blew up hide no others, and systemd answers others meanwhile', { timeout: 120_000 }, async ({ skip }) => {
    if (noBase !== undefined) skip(noBase);
    const host = await boot();
    // 20,000 that are not there: to show each of them takes a millisecond.
    host.shell(`cd /etc/systemd/system
{ echo '[Unit]'; seq -f 'Wants=w%.0f.timer' 20000; echo '[Timer]'; echo OnCalendar=daily; } > wide.timer
printf '[Timer]\\nOnCalendar=daily\\n' | tee grown.timer > mine.timer
for each in wide grown mine; do printf '[Service]\\nExecStart=/bin/true\\n' > $each.service; done
systemctl daemon-reload; systemctl start wide.timer grown.timer mine.timer; truncate -s 2G grown.timer`);
    const seen = (): { states: Record<string, string>; said: string } => {
      const timers = host.run([PROGRAM, 'timers', '--json']);
      const query = host.run([PROGRAM, 'query', '--engine', 'embedded', '--json', "SELECT id, active_state || ' ' || unit_file_state AS state FROM systemd_units WHERE id IN ('wide.timer', 'grown.timer', 'mine.timer', 'late.timer')"]);
      const states = (JSON.parse(query.stdout) as { id: string; state: string }[]).map(({ id, state }) => [id, state]);
      const ahead = (JSON.parse(timers.stdout) as { unit: string; state: string; next_run: string | null }[]).map(({ unit, state, next_run }) => [`${unit} next`, `${state} ${next_run === null ? '' : 'known'}`]);
      return { states: Object.fromEntries([...states, ...ahead]), said: `${timers.stderr}${query.stderr}` };
    };
    const prompt = (): void => {
      const started = performance.now();
      expect(host.run(['systemctl', 'is-active', 'dbus.service']).stdout).toBe('active\n');
      expect(performance.now() - started).toBeLessThan(3_000);
    };
    const before = seen();
    expect(before.states).toMatchObject({ 'wide.timer': 'active static', 'grown.timer': 'active ', 'mine.timer': 'active static', 'wide.timer next': 'active known', 'grown.timer next': 'active ', 'mine.timer next': 'active known' });
    expect(before.said).toContain('of 1 of ');
    expect(before.said).toContain('/etc/systemd/system/grown.timer');
    expect(host.run([PROGRAM, 'investigate', '--file', '/etc/systemd/system/grown.timer', '--json'], { timeout: 60_000 })).toMatchObject({ status: 3 });
    prompt();

    // Asked for nothing yet: of what it was asked for, systemd knows the preset.
    host.shell("cd /etc/systemd; cp system/mine.service system/late.service; cp system/mine.timer system/late.timer; systemctl start late.timer; mkdir -p system-preset; truncate -s 2G system-preset/x.preset");
    const after = seen();
    expect(after.states).toMatchObject({ 'late.timer': 'active ', 'late.timer next': 'active ' });
    expect(after.said).toContain('/etc/systemd/system-preset/x.preset');
    expect(host.run([PROGRAM, 'investigate', '--file', '/etc/systemd/system/late.timer', '--json'], { timeout: 60_000 })).toMatchObject({ status: 3 });
    prompt();
  });
});

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
});

/** `tickward timers`, where the package manager answers and where it does not. */
import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { noHost, ownHost, TICKWARD } from '../helpers/host.ts';

const reason = noHost ?? (existsSync('/var/lib/dpkg/status') ? undefined : 'needs dpkg');

test.skipIf(reason !== undefined)(`a timer of no package is told from one whose package is not known (${reason ?? 'on a host of its own'})`, async () => {
  const own = await ownHost();
  own.run(['sh', '-c', 'printf "[Timer]\\nOnCalendar=daily\\n" > /etc/systemd/system/x.timer; mkdir -p /home/drill/.config/systemd/user; cp /etc/systemd/system/x.timer /home/drill/.config/systemd/user/own.timer']);
  const packages = (): { rows: unknown[]; table: string; stderr: string } => {
    const { stdout, stderr } = own.run([TICKWARD, 'timers', '--json', '--state-dir', '/mnt/state']);
    const rows = (JSON.parse(stdout) as { unit: string; package: string | null; package_known: boolean }[]).filter(({ unit }) => unit === 'x.timer' || unit === 'own.timer');
    return { rows: rows.map(({ unit, package: name, package_known }) => [unit, name, package_known]).toSorted(), table: own.run([TICKWARD, 'timers', '--state-dir', '/mnt/state']).stdout, stderr };
  };
  const known = packages();
  expect(known.rows).toEqual([['own.timer', null, true], ['x.timer', null, true]]);
  expect(known.table).not.toMatch(/ \? /);
  own.run(['sh', '-c', 'echo broken > /mnt/status; mount --bind /mnt/status /var/lib/dpkg/status']);
  const unknown = packages();
  // No package has files in homes, whatever its manager says.
  expect(unknown.rows).toEqual([['own.timer', null, true], ['x.timer', null, false]]);
  expect(unknown.table).toMatch(/^ *x\.timer .* \? /m);
  expect(unknown.stderr).toMatch(/which files belong to packages is not known: dpkg-query: /);
});

test.skipIf(reason !== undefined || !existsSync('/var/lib/dpkg/info/apt.list'))(`where the package manager cannot compare files, the timers are listed all the same (${reason ?? 'on a host of its own; needs the package apt'})`, async () => {
  const own = await ownHost();
  own.run(['mount', '--bind', '/dev/null', '/usr/bin/dpkg']);
  const { status, stdout, stderr } = own.run([TICKWARD, 'timers', '--json', '--state-dir', '/mnt/state']);
  expect({ status, rows: JSON.parse(stdout) }).toMatchObject({ status: 0, rows: expect.arrayContaining([expect.objectContaining({ unit: 'apt-daily.timer', package: 'apt', package_modified: null })]) });
  expect(stderr).toMatch(/whether files of packages were changed is not known: dpkg could not be started/);
});

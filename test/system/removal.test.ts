/** remove_timer against attackers on real systemd hosts: what resists, what is generated, transient, of a user, of a package; and the way back. */
import { beforeAll, describe, expect, test } from 'vitest';
import { boot, noBoot, prepareBase } from '../helpers/booted.ts';
import { planted, plantHostile, treeOf } from '../helpers/hostile.ts';
import { remove, respond, states, undo } from '../helpers/removed.ts';
import { until } from '../helpers/until.ts';

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('a timer whose owner fights for it is gone with its twenty processes, stays gone though a sibling puts it back, and comes back identical', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    plantHostile(host);
    await until(() => planted(host) === 20, () => 'the twenty processes');
    const before = treeOf(host);
    const planned = respond(host, '/etc/systemd/system/evil-clock.timer', '--dry-run');
    expect(treeOf(host)).toEqual(before);
    host.shell('systemctl start keeper.service');
    const done = remove(host, '/etc/systemd/system/evil-clock.timer');
    expect(done.steps[0]?.changes).toEqual(planned.steps[0]?.changes);
    expect(done.steps[0]?.notes.join('\n')).toContain("/etc/systemd/system/keeper.service names /opt/evil/spawn as well and may bring it back: tickward respond --file '/etc/systemd/system/keeper.service'");
    const count = (): number => Number(host.shell('cat /run/keeper.count 2>/dev/null || echo 0').stdout);
    const first = count();
    await until(() => count() >= first + 5, () => 'five attempts of the sibling', 30_000);
    expect(planted(host)).toBe(0);
    expect(states(host, 'evil-clock.timer', 'evil-clock.service')).toEqual(['masked inactive', 'masked inactive']);
    expect(host.shell('ls /run/evil.* 2>/dev/null; true').stdout).toBe('');

    host.shell('systemctl stop keeper.service; rm -f /etc/systemd/system/evil-clock.timer');
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    // The sibling works in this directory: its time is no longer that of before.
    const same = ({ '/etc/systemd/system': _, ...tree }: Record<string, string>): Record<string, string> => tree;
    const after = same(treeOf(host));
    expect(Object.entries(after).filter(([path, state]) => before[path] !== state)).toEqual([]);
    expect(Object.keys(after)).toEqual(Object.keys(same(before)));
    await until(() => planted(host) >= 20, () => 'what was active, again');
    expect(states(host, 'evil-clock.timer')).toEqual(['loaded active']);
  });

  test('the units of a user are taken out of that user\'s manager, with what a service left behind, and come back', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`useradd -m alice; loginctl enable-linger alice; until [ -e /run/user/$(id -u alice)/systemd/private ]; do sleep 0.05; done
install -d -o alice -g alice /home/alice/.config/systemd/user /home/alice/.config/systemd/user.control
cd /home/alice/.config/systemd/user
printf '[Timer]\\nOnActiveSec=1h\\n[Install]\\nWantedBy=timers.target\\n' > evil.timer
printf '[Service]\\nExecStart=/bin/sh -c "sleep 4321 & exec sleep 4321"\\nKillMode=process\\nRestart=always\\nExecStopPost=/bin/touch /tmp/evil.post\\n' > evil.service
cp evil.service ../user.control/
printf '[Service]\\nExecStart=/bin/sh -c "sleep 4321 & exec true"\\nKillMode=process\\n' > left.service
chown alice:alice * ../user.control/*
systemctl --user -M alice@ daemon-reload
systemctl --user -M alice@ -q enable --now evil.timer
systemctl --user -M alice@ start --no-block evil.service left.service`);
    await until(() => planted(host) === 3, () => 'the processes');
    const tree = (): string => host.shell('cd /home/alice/.config/systemd; find . -type f -o -type l | sort | xargs stat -c "%N %f %u:%g %y"; sha256sum user*/*.*').stdout;
    const before = tree();
    const done = respond(host, '/home/alice/.config/systemd/user/evil.timer', '--yes');
    expect(done).toMatchObject({ target: { user: 'alice' }, steps: [{ state: 'changed' }] });
    expect(done.steps[0]?.notes).toContain('alice lingers: their timers start at boot without a login (loginctl disable-linger alice)');
    // What is inactive has left a process all the same.
    expect(planted(host)).toBe(1);
    remove(host, '/home/alice/.config/systemd/user/left.service');
    expect(planted(host)).toBe(0);
    expect(host.shell('systemctl --user -M alice@ start evil.service 2>&1 || true; ls /tmp/evil.post 2>/dev/null || true').stdout).toContain('is masked');
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    host.shell('systemctl --user -M alice@ is-active evil.timer evil.service');
    expect(tree()).toBe(before.split('\n').filter((line) => !line.includes('left.service')).join('\n'));
  });

  test('a job that was running is started by the undo, and not once more by a second one', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`printf '[Timer]\\nOnActiveSec=1h\\n' > /etc/systemd/system/job.timer
      printf '[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "echo ran >> /run/job.log; [ -e /run/job.end ] || sleep 60"\\n' > /etc/systemd/system/job.service
      systemctl daemon-reload && systemctl start job.timer && systemctl start --no-block job.service`);
    const ran = (): number => host.shell('cat /run/job.log 2>/dev/null || true').stdout.split('\n').length - 1;
    await until(() => ran() === 1, () => 'the job');
    const done = remove(host, '/etc/systemd/system/job.timer');
    host.shell('touch /run/job.end');
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed', changes: expect.arrayContaining(['started job.service again']) }]);
    await until(() => ran() === 2 && states(host, 'job.service')[0] === 'loaded inactive', () => 'the end of the job');
    expect(undo(host, done).steps).toMatchObject([{ state: 'unchanged', summary: expect.stringMatching(/^it was undone before/) }]);
    expect([ran(), ...states(host, 'job.timer', 'job.service')]).toEqual([2, 'loaded active', 'loaded inactive']);
  });

  test('a transient timer, which the manager removes when it stops, comes back with the undo', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell('systemd-run --on-active=1h --unit=later /bin/true');
    const files = (): string => host.shell('cd /run/systemd/transient; sha256sum *; stat -c "%n %f %y" *').stdout;
    const before = files();
    const done = remove(host, '/run/systemd/transient/later.timer');
    expect(states(host, 'later.timer')).toEqual([expect.stringMatching(/^(?:masked|not-found) inactive$/)]);
    expect(host.run(['systemctl', 'start', 'later.timer']).status).not.toBe(0);
    expect(host.shell('ls /run/systemd/transient').stdout).toBe('');
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    expect(files()).toBe(before);
    expect(states(host, 'later.timer')).toEqual(['loaded active']);
  });

  test('a timer that a generator makes is taken out with the generator, and comes back with it', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`install -d /etc/systemd/system-generators
printf '#!/bin/sh\\nprintf "[Timer]\\\\nOnActiveSec=1h\\\\n" > "$2/made.timer"\\nprintf "[Service]\\\\nExecStart=sleep 4321\\\\n" | tee "$1/made.service" > "$1/keeper.service"\\n' > /etc/systemd/system-generators/60-made
chmod 755 /etc/systemd/system-generators/60-made
systemctl daemon-reload
systemctl start made.timer made.service keeper.service`);
    await until(() => planted(host) === 2, () => 'two processes');
    const planned = respond(host, '/run/systemd/generator.early/made.timer', '--dry-run');
    const done = remove(host, '/run/systemd/generator.early/made.timer');
    expect(done.steps[0]?.notes.join('\n')).toContain('is made anew by a generator at each reload: /etc/systemd/system-generators/60-made names it, is of no package and goes with it');
    expect(done.steps[0]?.summary).toBe('made.timer and made.service are gone');
    expect(done.steps[0]?.changes).toEqual(planned.steps[0]?.changes);
    // Also what the timer has nothing to do with.
    expect(states(host, 'keeper.service')).toEqual(['not-found inactive']);
    expect(states(host, 'made.timer', 'made.service')).toEqual(['masked inactive', 'masked inactive']);
    expect(host.shell('systemctl daemon-reload; find /etc/systemd /run/systemd/generator* -name "*made*"').stdout).toBe('');
    expect(planted(host)).toBe(0);
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    expect(states(host, 'made.timer', 'made.service', 'keeper.service')).toEqual(['loaded active', 'loaded active', 'loaded active']);
  });

  test('a generator is taken out itself: what it made is stopped, what others make stays, and all of it comes back', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    const generator = '/etc/systemd/system-generators/60-made';
    // It hides what it makes, overrides a unit of a package, and resists being stopped and taken away.
    host.shell(`install -d /etc/systemd/system-generators /usr/local/lib/systemd/system-generators
cat > ${generator} <<'END'
#!/bin/sh
n=ma; n=\${n}de
printf "[Timer]\\nOnActiveSec=1h\\n" > "$2/$n.timer"
printf "[Service]\\nExecStart=/bin/sh -c 'setsid sleep 4321 & exec sleep 4321'\\nExecStopPost=/bin/touch /run/made.post\\nRestart=always\\nRestartSec=0\\nKillMode=process\\n" > "$1/$n.service"
printf "[Service]\\nExecStart=/bin/sleep 1234\\n" > "$2/cron.service"
printf "[Mount]\\nWhat=tmpfs\\nWhere=/mnt/a b\\nType=tmpfs\\n" > "$1/mnt-a\\\\x20b.mount"
printf "[Unit]\\nDescription=made\\n" > "$1/$n.target"
mkdir "$1/ssh.service.d"; printf "[Service]\\nEnvironment=A=1\\n" > "$1/ssh.service.d/x.conf"
END
printf '#!/bin/sh\\nprintf "[Service]\\\\nExecStart=/bin/sleep 1000\\\\n" > "$1/other.service"\\n' > /usr/local/lib/systemd/system-generators/50-other
chmod 755 ${generator} /usr/local/lib/systemd/system-generators/50-other
systemctl daemon-reload
systemctl start made.timer made.service other.service made.target 'mnt-a\\x20b.mount' ssh.service
systemctl restart cron.service
echo stash > '/mnt/a b/stash'
chattr +i ${generator} /etc/systemd/system-generators`);
    await until(() => planted(host) === 2, () => 'two processes');
    const before = treeOf(host);
    const planned = respond(host, generator, '--dry-run');
    expect(treeOf(host)).toEqual(before);
    const done = remove(host, generator);
    expect(done.steps[0]?.changes).toEqual(planned.steps[0]?.changes);
    const said = done.steps[0]?.notes.join('\n');
    expect(said).toMatch(/gone with it: .*made\.timer.*; stopped: made\.(?:timer|service), made\.(?:timer|service); still mounted/);
    // What it mounted is evidence, and no undo would bring back what is in it.
    expect(said).toContain(String.raw`; still mounted, and for you to decide: /mnt/a b (tmpfs, which is lost when it is unmounted): it may be evidence or in use, so keep a copy of what is in it before systemctl stop 'mnt-a\x20b.mount'; `);
    expect(said).toContain("; still there, and nothing makes it any more: made.target: look what needs it before systemctl stop 'made.target'; ");
    expect(said).toMatch(/; goes on as it was started, look at it and start it anew: (?:cron\.service, ssh\.service|ssh\.service, cron\.service)$/m);
    expect(planned.steps[0]?.notes.join('\n')).toMatch(/which stay as they are and are named where they are gone then: .*made\.target/);
    expect(host.shell("cat '/mnt/a b/stash'").stdout).toBe('stash\n');
    expect([planted(host), states(host, 'made.timer', 'made.service', 'other.service')]).toEqual([0, ['not-found inactive', 'not-found inactive', 'loaded active']]);
    expect(host.shell('systemctl daemon-reload; find /etc/systemd/system-generators /run/systemd/generator* -name "*made*"; ls /run/made.post 2>/dev/null || true; systemctl show -p FragmentPath --value cron.service').stdout).toMatch(/^(?:\/usr)?\/lib\/systemd\/system\/cron\.service\n$/);
    expect(respond(host, generator, '--yes').steps).toMatchObject([{ state: 'unchanged', summary: `${generator} is gone already` }]);
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    expect(treeOf(host)).toEqual(before);
    await until(() => planted(host) === 2, () => 'what was active, again');
    expect(states(host, 'made.timer', 'made.service', 'other.service')).toEqual(['loaded active', 'loaded active', 'loaded active']);
  });

  test('a template goes with its instances; an instance goes alone; a name with a pattern in it is no pattern', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`cd /etc/systemd/system
printf '[Timer]\\nOnActiveSec=1h\\n' > evil@.timer
printf '[Service]\\nExecStart=sleep 4321\\n' > evil@.service
cp evil@.timer evil@own.timer
printf '[Timer]\\nOnActiveSec=1h\\nUnit=none.service\\n' | tee ./-.timer 'x\\x2dy.timer' '*.timer' "$(printf 'a\\nb.timer')" > kept.timer
printf '[Service]\\nExecStart=/bin/true\\n' > none.service
systemctl daemon-reload
systemctl start -- -.timer evil@one.timer evil@own.timer evil@one.service kept.timer`);
    const timers = (): string[] => host.shell('systemctl list-units --type=timer --no-legend --plain | cut -d" " -f1 | grep -E "^(-|evil.*|kept)[.]timer"').stdout.trim().split('\n');
    expect([timers(), planted(host)]).toEqual([['-.timer', 'evil@one.timer', 'evil@own.timer', 'kept.timer'], 1]);
    for (const name of ['*.timer', 'a\nb.timer', String.raw`x\x2dy.timer`]) remove(host, `/etc/systemd/system/${name}`);
    expect(timers()).toEqual(['-.timer', 'evil@one.timer', 'evil@own.timer', 'kept.timer']);
    remove(host, '/etc/systemd/system/-.timer');
    remove(host, '/etc/systemd/system/evil@own.timer');
    expect(timers()).toEqual(['evil@one.timer', 'kept.timer']);
    remove(host, '/etc/systemd/system/evil@.timer');
    expect(timers()).toEqual(['kept.timer']);
    expect(planted(host)).toBe(0);
    expect(host.shell('find /etc/systemd/system -maxdepth 1 -name "*.timer" -o -maxdepth 1 -name "evil*"').stdout).toBe('/etc/systemd/system/kept.timer\n');
  });

  test('a changed unit of a package is put back as the package has it, from the .deb that apt kept, and the undo gives back the changed one', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`install -d /root/p/DEBIAN /root/p/usr/lib/systemd/system
printf 'Package: clock\\nVersion: 1:2.0-1\\nArchitecture: all\\nMaintainer: Test <test@example.org>\\nDescription: test\\n' > /root/p/DEBIAN/control
printf '[Timer]\\nOnCalendar=daily\\n' > /root/p/usr/lib/systemd/system/clock.timer
printf '[Service]\\nExecStart=/bin/true\\n' > /root/p/usr/lib/systemd/system/clock.service
(cd /root/p; md5sum usr/lib/systemd/system/* > DEBIAN/md5sums)
dpkg-deb --root-owner-group --build /root/p /root/clock.deb
dpkg -i /root/clock.deb`);
    const timer = '/usr/lib/systemd/system/clock.timer';
    const look = (): string => host.shell(`stat -c '%f %u:%g %y' ${timer}; cat ${timer}`).stdout;
    const installed = look();
    expect(respond(host, timer, '--dry-run').steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('is as the package installed it') }]);
    host.shell(`echo 'OnCalendar=minutely' >> ${timer}; systemctl daemon-reload; systemctl start clock.timer`);
    const changed = look();
    expect(respond(host, timer, '--dry-run').steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(/its \.deb is not in apt's cache \(\/var\/cache\/apt\/archives\/clock_1%3a2\.0-1_all\.deb\)\): restore it from there \(apt-get install --reinstall clock/) }]);
    host.shell('cp /root/clock.deb /var/cache/apt/archives/clock_1%3a2.0-1_all.deb');
    const done = respond(host, timer, '--yes');
    expect(done.steps).toMatchObject([{ state: 'changed', summary: expect.stringContaining('/systemd/system/clock.timer is as its package has it') }]);
    expect(look()).toBe(installed);
    expect(host.run(['dpkg', '--verify', 'clock']).stdout).toBe('');
    expect(host.shell('systemctl show -p TimersCalendar clock.timer').stdout).not.toContain('*:*:00');
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    expect(look()).toBe(changed);
  });
});

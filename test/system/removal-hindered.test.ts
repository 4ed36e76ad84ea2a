/** remove_timer where something is in its way, by chance or on purpose: it says so before it has done anything. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { boot, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';
import { planted, treeOf } from '../helpers/hostile.ts';
import { json } from '../helpers/lines.ts';
import { remove, respond, states, undo } from '../helpers/removed.ts';
import { until } from '../helpers/until.ts';

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('what is mounted over its files or over the masks is told before anything is done, and the service that Tickward runs in is not stopped', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    const timer = '/etc/systemd/system/evil.timer';
    host.shell(`cd /etc/systemd/system
printf '[Timer]\\nOnActiveSec=1h\\n' | tee evil.timer > /root/other.timer
printf '[Service]\\nExecStart=/bin/sh -c "while [ ! -e /run/go ]; do sleep 0.1; done; ${PROGRAM} respond --file ${timer} --only remove --yes --json > /run/said; touch /run/done; exec sleep 4321"\\n' > evil.service
systemctl daemon-reload
systemctl start evil.timer evil.service`);
    const refused = (how: string, undo_: string): string => {
      host.shell(how);
      const { steps: [step] } = respond(host, timer, '--yes');
      const summary = `${step?.state}: ${step?.summary} ${host.shell('cat /sys/fs/cgroup/system.slice/evil.service/cgroup.freeze').stdout.trim()}`;
      host.shell(undo_);
      return summary;
    };
    expect(refused(`mount --bind /root/other.timer ${timer}`, `umount ${timer}`)).toMatch(/^failed: cannot be done: something is mounted on \/etc\/systemd\/system\/evil\.timer, .* 0$/);
    expect(refused(`mkdir ${timer}.d; mount -t tmpfs tmpfs ${timer}.d`, `umount ${timer}.d; rmdir ${timer}.d`)).toMatch(/^failed: cannot be done: something is mounted on \/etc\/systemd\/system\/evil\.timer\.d, .* 0$/);
    expect(refused('mkdir -p /run/systemd/system.control; mount -t tmpfs -o ro tmpfs /run/systemd/system.control', 'umount /run/systemd/system.control')).toMatch(/^failed: cannot be done: no unit can be masked in \/run\/systemd\/system\.control: .* 0$/);
    host.shell('touch /run/go');
    await until(() => host.run(['test', '-e', '/run/done']).status === 0, () => 'the end of the response from inside');
    expect(json<RunResult>(host.run(['cat', '/run/said'])).steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('evil.service cannot be stopped from here: Tickward itself runs under process') }]);
    expect(states(host, 'evil.timer', 'evil.service')).toEqual(['loaded active', 'loaded active']);
    remove(host, timer);
    expect(states(host, 'evil.timer', 'evil.service')).toEqual(['masked inactive', 'masked inactive']);
  });

  test("a user's units behind a link of theirs are taken out; what is there for every user, or behind a link to others, stays", { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    const units = '/home/alice/.config/systemd/user';
    host.shell(`useradd -m alice; loginctl enable-linger alice; until [ -e /run/user/$(id -u alice)/systemd/private ]; do sleep 0.05; done
install -d /home/alice/elsewhere /home/alice/.config/systemd
ln -s ../../elsewhere ${units}
printf '[Timer]\\nOnActiveSec=1h\\n' | tee ${units}/evil.timer > /etc/systemd/user/evil.timer
printf '[Service]\\nExecStart=sleep 4321\\n' | tee ${units}/evil.service > /etc/systemd/user/evil.service
chown -R alice:alice /home/alice
systemctl --user -M alice@ daemon-reload
systemctl --user -M alice@ start evil.timer evil.service`);
    const there = (): string => host.shell(`cd /; for f in ${units}/evil.* /etc/systemd/user/evil.*; do [ ! -e $f ] || stat -c '%n %u %y' $f; done; systemctl --user -M alice@ show --property=LoadState,ActiveState --value evil.timer evil.service`).stdout;
    const before = there();
    const done = remove(host, `${units}/evil.timer`);
    expect(there()).toMatch(/^\/etc\/systemd\/user\/evil\.service 0 .*\n\/etc\/systemd\/user\/evil\.timer 0 .*\nmasked\ninactive\n\nmasked\ninactive\n$/);
    expect(done.steps[0]?.notes).toContain('/etc/systemd/user/evil.timer stays, masked for alice alone: it is of every user, so respond to it by itself');
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    await until(() => there() === before, () => `all as before, not ${there()}`);
    host.shell(`systemctl --user -M alice@ stop evil.timer evil.service; rm ${units}; ln -s /etc/systemd/user ${units}`);
    expect(respond(host, `${units}/evil.timer`, '--user', 'alice', '--yes').steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('is a symbolic link') }]);
    expect(host.run(['ls', '/etc/systemd/user/evil.timer', '/etc/systemd/user/evil.service']).status).toBe(0);
  });

  test('a timer that names what the host needs by another name ends nothing of it', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`cd /etc/systemd/system
[ -L sshd.service ] || ln -s "$(systemctl show --property=FragmentPath --value ssh.service)" sshd.service
ln -s "$(systemctl show --property=FragmentPath --value ssh.service)" mine.service
printf '[Timer]\\nOnActiveSec=1h\\nUnit=sshd.service\\n' > evil.timer
ln -s b.service a.service
printf '[Service]\\nExecStart=sleep 4321\\n' > b.service
printf '[Timer]\\nOnActiveSec=1h\\nUnit=a.service\\n' > own.timer
systemctl daemon-reload
systemctl start ssh.service evil.timer own.timer a.service`);
    const main = (): string => host.run(['systemctl', 'show', '--property=MainPID,ActiveState', 'ssh.service']).stdout;
    const before = main();
    expect(planted(host)).toBe(1);
    const done = remove(host, '/etc/systemd/system/evil.timer');
    expect(done.steps[0]?.notes).toEqual(expect.arrayContaining(['sshd.service is another name of ssh.service', 'ssh.service stays: it belongs to the package openssh-server']));
    expect(remove(host, '/etc/systemd/system/mine.service').steps[0]?.notes.join('\n')).toContain('ssh.service has another name that goes, and stays as it is');
    expect([before, main(), host.run(['test', '-L', '/etc/systemd/system/sshd.service']).status]).toEqual([expect.stringContaining('ActiveState=active'), before, 0]);
    // What is the attacker's own goes by whatever name.
    remove(host, '/etc/systemd/system/own.timer');
    expect([planted(host), states(host, 'own.timer', 'b.service')]).toEqual([0, ['masked inactive', 'masked inactive']]);
    expect(host.shell('ls /etc/systemd/system/a.service /etc/systemd/system/b.service 2>/dev/null; true').stdout).toBe('');
  });

  test('a full quarantine and a read-only /etc are told before anything is done, and what is free is enough again then', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`printf '[Timer]\\nOnActiveSec=1h\\nUnit=none.service\\n' > /etc/systemd/system/big.timer
yes '# more of it' | head -c 20000000 >> /etc/systemd/system/big.timer
printf '[Service]\\nExecStart=/bin/true\\n' > /etc/systemd/system/none.service
systemctl daemon-reload; systemctl start big.timer
mkdir /mnt/small; mount -t tmpfs -o size=16m tmpfs /mnt/small; chmod 700 /mnt/small`);
    const tree = treeOf(host);
    const full = respond(host, '/etc/systemd/system/big.timer', '--yes', '--state-dir', '/mnt/small');
    expect(full.steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('there is no room for the copies in /mnt/small/quarantine') }]);
    host.shell('mount --bind /etc /etc; mount -o remount,bind,ro /etc');
    const locked = respond(host, '/etc/systemd/system/big.timer', '--yes');
    expect(locked.steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('is mounted read-only') }]);
    expect(treeOf(host)).toEqual(tree);
    expect(states(host, 'big.timer')).toEqual(['loaded active']);
    host.shell('umount /etc; mount -o remount,size=64m /mnt/small');
    expect(respond(host, '/etc/systemd/system/big.timer', '--yes', '--state-dir', '/mnt/small').steps).toMatchObject([{ state: 'changed' }]);
    expect(states(host, 'big.timer')).toEqual(['masked inactive']);
  });

  test('where the disk of the journal is full, another state directory takes the run and its undo, as it is said', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`cd /etc/systemd/system
printf '[Timer]\\nOnActiveSec=1h\\n' > evil.timer; printf '[Service]\\nExecStart=/bin/true\\n' > evil.service
systemctl daemon-reload; systemctl start evil.timer
mkdir -m 700 /var/lib/tickward; mount -t tmpfs -o size=2m,mode=700 tmpfs /var/lib/tickward
${PROGRAM} runs; head -c 9M /dev/zero > /var/lib/tickward/fill || true`);
    const respondBy = (...more: string[]): ReturnType<Booted['run']> => host.run([PROGRAM, 'respond', '--file', '/etc/systemd/system/evil.timer', '--only', 'remove', '--yes', ...more]);
    expect(respondBy()).toMatchObject({ status: 1, stderr: expect.stringMatching(/the disk is full: the journal could not be written to \S+ — make room on that file system, or go on with another one: --state-dir DIR, for the undo too;/) });
    expect(states(host, 'evil.timer')).toEqual(['loaded active']);
    const [back = ''] = /(?<=^Take it back: tickward ).*/m.exec(respondBy('--state-dir', '/run/an other').stdout) ?? [];
    expect(states(host, 'evil.timer')).toEqual(['masked inactive']);
    expect(host.run([PROGRAM, 'undo', back.split(' ').at(-1) ?? '']).stderr).toContain('one of another state directory is found with --state-dir');
    expect(host.shell(`${PROGRAM} ${back}`).stdout).toMatch(/^changed /);
    expect(states(host, 'evil.timer')).toEqual(['loaded active']);
  });

  test('what would hold systemd up for minutes is not read by it: not for a look, not for the removal', { timeout: 180_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    // Some 600,000 lines of nothing a second, by the first process itself: 20 s for the small ones, half an hour for the large one.
    host.shell(`cd /etc/systemd/system
truncate -s 2G huge.timer
install -d slow.timer.d
printf '[Timer]\\nOnActiveSec=1h\\n' > slow.timer; truncate -s 12M slow.timer.d/x.conf
printf '[Service]\\nExecStart=/bin/true\\n' > huge.service; truncate -s 12M slow.service`);
    const listing = (): string => host.shell("cd /etc/systemd/system; find . -printf '%p %y %m %U:%G %s %T@\\n' | sort; sha256sum slow.timer slow.timer.d/x.conf slow.service").stdout;
    const before = listing();
    const prompt = (): void => {
      const start = performance.now();
      expect(host.run(['systemctl', 'is-active', 'dbus.service']).stdout).toBe('active\n');
      expect(performance.now() - start).toBeLessThan(3_000);
    };
    const slow = '/etc/systemd/system/slow.timer';
    expect(respond(host, '/etc/systemd/system/huge.timer', '--dry-run').steps).toMatchObject([{ state: 'would-change' }]);
    expect(respond(host, slow, '--dry-run').steps).toMatchObject([{ state: 'would-change' }]);
    expect(host.run([PROGRAM, 'investigate', '--file', slow, '--json'], { timeout: 60_000 })).toMatchObject({ status: 3 });
    expect(host.run([PROGRAM, 'respond', '--file', slow, '--only', 'evidence', '--yes', '--json'], { timeout: 60_000 })).toMatchObject({ status: 0 });
    prompt();
    expect(listing()).toEqual(before);
    const done = remove(host, slow);
    const huge = remove(host, '/etc/systemd/system/huge.timer');
    expect(huge.steps[0]?.summary).toBe('huge.service is gone; huge.timer cannot start until the next boot, but /etc/systemd/system/huge.timer stays');
    expect(huge.steps[0]?.notes.join('\n')).toContain('/etc/systemd/system/huge.timer is too large to keep a copy of');
    prompt();
    expect(states(host, 'slow.timer', 'slow.service', 'huge.timer', 'huge.service')).toEqual(['masked inactive', 'masked inactive', 'masked inactive', 'masked inactive']);
    expect([undo(host, huge).steps[0]?.state, undo(host, done).steps[0]?.state]).toEqual(['changed', 'changed']);
    prompt();
    expect(listing()).toEqual(before);
    host.shell(`cd /etc/systemd/system; install -d wide.timer.d; truncate -s 2G wide.timer.d/x.conf
printf '[Service]\\nExecStart=/bin/true\\n' > wide.service; printf '[Timer]\\nOnActiveSec=1h\\n' > wide.timer`);
    const wide = remove(host, '/etc/systemd/system/wide.timer');
    expect(wide.steps[0]?.notes.join('\n')).toMatch(/wide\.timer\.d\/x\.conf is \/etc\/systemd\/system\/\.tickward-[0-9a-f]{16}\.aside now, look at it/);
    prompt();
    expect(states(host, 'wide.timer')).toEqual(['masked inactive']);
  });

  test('nor does systemd read what a unit that runs has grown to', { timeout: 180_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`cd /etc/systemd/system; install -d wide.timer.d
for each in wide large; do printf '[Service]\\nExecStart=/bin/sleep 1000\\n' > $each.service; printf '[Timer]\\nOnActiveSec=1h\\n' > $each.timer; done
systemctl daemon-reload; systemctl start wide.timer wide.service large.timer`);
    // One after the other: a reload reads all that is loaded.
    for (const [name, file] of [['wide', 'wide.timer.d/x.conf'], ['large', 'large.timer']] as const) {
      host.shell(`truncate -s 2G /etc/systemd/system/${file}`);
      expect(respond(host, `/etc/systemd/system/${name}.timer`, '--dry-run').steps).toMatchObject([{ state: 'would-change' }]);
      remove(host, `/etc/systemd/system/${name}.timer`);
    }
    expect(states(host, 'wide.timer', 'wide.service', 'large.timer')).toEqual(['masked inactive', 'masked inactive', 'masked inactive']);
    expect(host.run(['pgrep', '-f', 'sleep 1000']).stdout).toBe('');
  });
});

/** remove_timer where others have a hand in it: what may bring the timer back, and what was put in its place before the undo. */
import { beforeAll, describe, expect, test } from 'vitest';
import { boot, noBoot, prepareBase, type Booted } from '../helpers/booted.ts';
import { planted } from '../helpers/hostile.ts';
import { remove, respond, states, undo } from '../helpers/removed.ts';
import { until } from '../helpers/until.ts';

const UNITS = '/etc/systemd/system';
const TIMER = `${UNITS}/evil.timer`;

async function bootWithTimer(more = ''): Promise<Booted> {
  const host = await boot();
  const { status, stderr } = host.shell(`install -d /var/evil
printf '#!/bin/sh\\nexec sleep 4321\\n' > /var/evil/payload; chmod 755 /var/evil/payload
cd ${UNITS}
printf '[Timer]\\nOnActiveSec=1h\\n' > evil.timer
printf '[Service]\\nExecStart=/var/evil/payload\\n' > evil.service
${more}
systemctl daemon-reload; systemctl start evil.timer evil.service`);
  expect([status, stderr]).toEqual([0, '']);
  await until(() => planted(host) === 1, () => 'the process');
  return host;
}

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 600_000);

  test('whatever starts the service or its program by itself is named, of whatever kind, and starts it no more', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await bootWithTimer(`
printf '[Path]\\nPathExists=/run/evil.go\\nUnit=evil.service\\n' > put.path
printf '[Socket]\\nListenStream=/run/evil.sock\\nService=evil.service\\n' > put.socket
install -d /etc/udev/rules.d /etc/systemd/system-generators
printf 'ACTION=="add", TAG+="systemd", ENV{SYSTEMD_WANTS}+="evil.service"\\n' > /etc/udev/rules.d/99-put.rules
printf '/var/evil/payload &\\n' > /etc/profile.d/put.sh
printf '/var/evil/payload &\\n' >> /root/.bashrc
printf 'DPkg::Post-Invoke {"/var/evil/payload &";};\\n' > /etc/apt/apt.conf.d/99put
printf '0 0 1 1 * root /var/evil/payload\\n' > /etc/cron.d/put
printf '#!/bin/sh\\n# cp /var/evil/copy ${TIMER}; systemctl start evil.timer\\n' > /etc/systemd/system-generators/put
chmod 755 /etc/systemd/system-generators/put
systemctl daemon-reload; systemctl start put.path put.socket`);
    const notes = remove(host, TIMER).steps[0]?.notes.join('\n') ?? '';
    for (const path of [`${UNITS}/put.path`, `${UNITS}/put.socket`, '/etc/udev/rules.d/99-put.rules', '/etc/profile.d/put.sh', '/root/.bashrc', '/etc/apt/apt.conf.d/99put', '/etc/cron.d/put', '/etc/systemd/system-generators/put']) expect(notes).toMatch(new RegExp(`^${path} names (?:evil\\.(?:timer|service)|/var/evil/payload) as well and may bring it back: `, 'm'));
    host.shell('touch /run/evil.go');
    await until(() => states(host, 'put.path')[0] === 'loaded failed', () => 'the end of what waits for the path');
    expect([planted(host), states(host, 'evil.timer', 'evil.service')]).toEqual([0, ['masked inactive', 'masked inactive']]);
  });

  test('the undo starts nothing of what somebody put in the place of the timer meanwhile', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await bootWithTimer();
    const done = remove(host, TIMER);
    host.shell(`printf '[Timer]\\nOnActiveSec=1s\\nUnit=other.service\\n' > ${TIMER}; printf '[Service]\\nExecStart=touch /run/other\\n' > ${UNITS}/other.service`);
    const undone = undo(host, done);
    expect(undone.steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining(`${TIMER} is not restored: something else has this name now`), notes: expect.arrayContaining(['evil.timer stays masked and is not started: a file of it could not be given back']) }]);
    expect(states(host, 'evil.timer', 'evil.service')).toEqual(['masked inactive', 'loaded active']);
    expect(host.run(['systemctl', 'start', 'evil.timer']).stderr).toContain('is masked');
    host.shell(`rm ${TIMER}`);
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    expect([states(host, 'evil.timer', 'evil.service'), planted(host), host.run(['ls', '/run/other']).status]).toEqual([['loaded active', 'loaded active'], 1, 2]);
    expect(respond(host, TIMER, '--dry-run').steps).toMatchObject([{ state: 'would-change' }]);
  });

  test('what has left the control group of the service is ended as well, also where the service itself has ended', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    host.shell(`printf '#!/bin/sh\\nmkdir -p /sys/fs/cgroup/hidden\\n(echo 0 > /sys/fs/cgroup/hidden/cgroup.procs; touch /run/moved.$$; setsid sleep 4321 & exec sleep 4321) &\\nuntil [ -e /run/moved.$$ ]; do sleep 0.05; done\\n' > /root/hide
cp /root/hide /root/stay; printf 'exec sleep 4321\\n' >> /root/stay; chmod 755 /root/hide /root/stay
cd ${UNITS}
printf '[Timer]\\nOnActiveSec=1h\\n' | tee evil.timer > gone.timer
printf '[Service]\\nExecStart=/root/stay\\n' > evil.service
printf '[Service]\\nType=oneshot\\nExecStart=/root/hide\\n' > gone.service
systemctl daemon-reload; systemctl start evil.timer gone.timer evil.service gone.service`);
    await until(() => planted(host) === 5, () => `five processes, not ${planted(host)}`);
    expect(host.shell('wc -l < /sys/fs/cgroup/hidden/cgroup.procs').stdout.trim()).toBe('4');
    expect(respond(host, TIMER, '--dry-run').steps[0]?.notes.join('\n')).toMatch(/^of evil\.service have left its control group, and are ended too: \d+ \(sleep\), \d+ \(sleep\)$/m);
    expect(remove(host, TIMER).steps[0]?.notes.join('\n')).toMatch(/^of evil\.service had left its control group, and were ended too: \d+ \(sleep\), \d+ \(sleep\)$/m);
    expect(planted(host)).toBe(2);
    expect(remove(host, `${UNITS}/gone.timer`).steps[0]?.changes).toContain('kill all processes of gone.service and stop it');
    expect(planted(host)).toBe(0);
  });
});

/** Investigations on a booted host, where a manager knows the units and packages own most of them. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Investigation } from '../../src/investigate/index.ts';
import { boot, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';

const SERVICE = '[Service]\\nExecStart=/opt/job.sh\\nUser=daemon\\n';
const JOB = '#!/bin/sh\\n# nobody answers there\\nURL=http://c2.example.net/x\\nsleep 600\\n';

describe.skipIf(noBoot !== undefined)('on a booted host', () => {
  let noBase: string | undefined;
  beforeAll(() => {
    noBase = prepareBase();
  }, 300_000);

  const investigated = (host: Booted, file: string): Investigation => {
    const { stdout, stderr } = host.run([PROGRAM, 'investigate', '--file', file, '--engine', 'embedded', '--json']);
    expect(stderr).toBe('');
    const found = JSON.parse(stdout) as Investigation;
    expect(found.steps.filter(({ error }) => error !== null)).toEqual([]);
    return found;
  };
  const rowsOf = (found: Investigation, id: string): Record<string, string>[] => found.steps.find((step) => step.id === id)?.rows ?? [];
  const valueOf = (found: Investigation, id: string, what: string): string | undefined => rowsOf(found, id).find((row) => row['what'] === what)?.['value'];

  test('a timer that runs is told with its state, its next runs and its processes; one of a package is explained', async ({ skip }) => {
    if (noBase !== undefined) skip(noBase);
    const host = await boot();
    expect(host.shell(`printf '${JOB}' > /opt/job.sh; chmod 755 /opt/job.sh; chown daemon /opt/job.sh; printf '${SERVICE}' > /etc/systemd/system/mine.service; printf '[Timer]\\nOnCalendar=hourly\\n' > /etc/systemd/system/mine.timer; systemctl daemon-reload; systemctl start mine.timer mine.service`)).toMatchObject({ status: 0 });

    const mine = investigated(host, '/etc/systemd/system/mine.timer');
    expect([valueOf(mine, 'timer', 'state'), valueOf(mine, 'service', 'state'), valueOf(mine, 'service', 'runs as')]).toEqual(['active', 'active (running)', 'daemon']);
    expect(rowsOf(mine, 'timer').filter(({ what }) => /^(?:next run|run \d)$/.test(what ?? ''))).toHaveLength(5);
    expect(rowsOf(mine, 'processes').map(({ role, name, user }) => ({ role, name, user }))).toEqual(expect.arrayContaining([{ role: 'unit', name: 'job.sh', user: 'daemon' }, { role: 'unit', name: 'sleep', user: 'daemon' }]));
    expect(rowsOf(mine, 'chain').map(({ path, package: owner }) => `${path}: ${owner}`)).toEqual(expect.arrayContaining(['/opt/job.sh: none', expect.stringMatching(/sleep: coreutils, as installed$/)]));
    expect(mine.verdict).toMatchObject({ level: 'unclear', signs: [{ id: 'names-the-network', from: 'strings' }] });

    // Its script sources a file that no package has, and so does PAM, as packages installed it.
    expect(host.shell('echo LANG=C > /etc/default/locale; grep -q /etc/default/locale /etc/pam.d/su')).toMatchObject({ status: 0 });
    expect(investigated(host, '/usr/lib/systemd/system/apt-daily.timer').verdict).toMatchObject({ level: 'unclear', signs: [] });

    const packaged = investigated(host, '/usr/lib/systemd/system/systemd-tmpfiles-clean.timer');
    expect(packaged.verdict).toMatchObject({ level: 'explained', signs: [{ id: 'all-packaged' }] });
    expect(host.shell('echo "# more" >> /usr/bin/systemd-tmpfiles')).toMatchObject({ status: 0 });
    expect(investigated(host, '/usr/lib/systemd/system/systemd-tmpfiles-clean.timer').verdict).toMatchObject({ level: 'suspicious', signs: expect.arrayContaining([expect.objectContaining({ id: 'package-file-changed', weight: 'strong' })]) });
  });

  test("a user's own timer is told by that user's manager", async ({ skip }) => {
    if (noBase !== undefined) skip(noBase);
    const host = await boot();
    expect(host.shell("useradd -m -s /bin/bash alice; loginctl enable-linger alice; mkdir -p /home/alice/.config/systemd/user; printf '[Timer]\\nOnCalendar=daily\\n' > /home/alice/.config/systemd/user/own.timer; printf '[Service]\\nExecStart=%%h/x\\n' > /home/alice/.config/systemd/user/own.service; chown -R alice: /home/alice; for i in $(seq 100); do [ -S /run/user/$(id -u alice)/systemd/private ] && break; sleep 0.1; done")).toMatchObject({ status: 0 });
    expect(host.as('alice', ['sh', '-c', 'systemctl --user daemon-reload && systemctl --user start own.timer'])).toMatchObject({ status: 0 });
    const own = investigated(host, '/home/alice/.config/systemd/user/own.timer');
    expect([valueOf(own, 'timer', 'of'), valueOf(own, 'timer', 'state'), valueOf(own, 'service', 'runs as')]).toEqual(['alice', 'active', 'alice']);
    expect(rowsOf(own, 'chain')).toMatchObject([{ path: '/home/alice/x', kind: 'missing' }]);
  });
});

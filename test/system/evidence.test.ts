/** Evidence and traces of an attack on a real Debian: gathered and found without a change. */
import { beforeAll, describe, expect, test } from 'vitest';
import { actingOn } from '../helpers/acting.ts';
import { boot, noBoot, prepareBase } from '../helpers/booted.ts';

const ATTACK = `
mkdir /tmp/.x; cp /bin/sleep /tmp/.x/run
printf '[Timer]\\nOnActiveSec=1h\\n' > /etc/systemd/system/evil.timer
printf '[Service]\\nType=exec\\nExecStartPre=/bin/sh -c "echo said by evil"\\nExecStart=/tmp/.x/run 4711\\n' > /etc/systemd/system/evil.service
systemctl daemon-reload; systemctl start evil.timer evil.service
rm /tmp/.x/run
echo '* * * * * root /tmp/.x/run 4711' > /etc/cron.d/again
printf 'DPkg::Post-Invoke {"/tmp/.x/run 4711";};\\n' > /etc/apt/apt.conf.d/99again
printf '#!/bin/sh\\n/tmp/.x/run 4711 &\\n' > /var/lib/dpkg/info/hostname.postinst
journalctl --sync
`;

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, { timeout: 180_000 }, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 300_000);

  test('the archive has the units, their state, their log, and the program that runs though its file is gone; the host is as it was', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    expect(host.shell(ATTACK).stderr).toBe('');
    const state = (): string => host.shell('find /etc /usr/lib/systemd /var/spool /home /root /tmp/.x -printf "%p %m %U:%G %s %T@ %C@\\n" | sort | sha256sum; systemctl show evil.service evil.timer -p ActiveState,MainPID,NRestarts').stdout;
    const before = state();
    const done = actingOn(host, 'collect_evidence').apply({});
    expect(done.verdict).toMatchObject({ ok: true });
    expect(state()).toBe(before);
    const archive = '/run/tickward-act/evidence/test-run-test-step.tar.zst';
    expect(host.shell(`stat -c '%a %U' ${archive} /run/tickward-act/evidence`).stdout).toBe('600 root\n700 root\n');
    const unpacked = host.shell(`mkdir /run/u; cd /run/u; sh /opt/tickward/src/node.sh -e 'fs.writeFileSync("a.tar", zlib.zstdDecompressSync(fs.readFileSync("${archive}")))'; tar xf a.tar; ls units processes/*; cat units/evil.service.journal.txt units/evil.service.show.txt files/*evil.service; cmp processes/*/executable /bin/sleep && echo same`);
    expect(unpacked.stderr).toBe('');
    for (const part of ['evil.timer.show.txt', 'evil.service.cat.txt', 'timers.txt', 'maps', 'said by evil', 'ActiveState=active', 'ExecStart=/tmp/.x/run 4711', 'same']) expect(unpacked.stdout).toContain(part);
  });

  test('the sweep finds the unit, its process, cron, a hook of apt and a changed script of a package', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    expect(host.shell(ATTACK).stderr).toBe('');
    const done = actingOn(host, 'sweep_local').apply({ paths: ['/tmp/.x/run'], commands: ['/tmp/.x/run 4711'], days: 0 });
    const traces = (done.changes ?? []).map(({ data }) => `${String(data['place'])} ${String(data['where']).replace(/^pid \d+.*/, 'pid')}`);
    expect(traces.toSorted()).toEqual(['cron /etc/cron.d/again', 'package hook /etc/apt/apt.conf.d/99again', 'package hook /var/lib/dpkg/info/hostname.postinst', 'process pid', 'unit /etc/systemd/system/evil.service', 'unit /etc/systemd/system/evil.timer']);
  });

  test('where /lib is a link to /usr/lib, the sweep names each unit once, and those that an update of their package wrote lately are no traces', async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await boot();
    expect(host.shell("printf '[Service]\\nExecStart=/bin/true\\n' > /usr/lib/systemd/system/of-nobody.service; touch /usr/lib/systemd/system/apt-daily.timer").stderr).toBe('');
    const done = actingOn(host, 'sweep_local').apply({ from_alert: false, units: ['not-there.timer'], days: 1 });
    expect((done.changes ?? []).map(({ data }) => `${String(data['place'])} ${String(data['where'])}`)).toEqual([expect.stringMatching(/^unit (?:\/usr)?\/lib\/systemd\/system\/of-nobody\.service$/)]);
  });
});

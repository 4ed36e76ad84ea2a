/** Responses by the name of a file, on a host of the test's own. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { noHost, notRoot, ownHost, TICKWARD, type OwnHost } from '../helpers/host.ts';

interface Result {
  steps: { id: string; state: string; summary: string; changes: string[] }[];
}

async function host(): Promise<OwnHost> {
  const own = await ownHost();
  own.run(['sh', '-c', 'mkdir /mnt/lib && mount --bind /mnt/lib /usr/lib/systemd/system']);
  return own;
}

function dryRun(own: OwnHost, path: string): Result['steps'][number] | undefined {
  const { stdout } = own.run([TICKWARD, 'respond', '--file', path, '--only', 'remove', '--dry-run', '--json', '--state-dir', '/mnt/state']);
  return (JSON.parse(stdout) as Result).steps[0];
}

/** Where /lib is a link to /usr/lib; in a namespace of a plain user that link belongs to nobody and is not followed. */
describe.skipIf(notRoot !== undefined)(`a file below /usr/lib has two paths (${notRoot ?? 'on a host of its own'})`, () => {
  test.each(['/lib', '/usr/lib'])('a drop-in is found by %s', async (lib) => {
    const own = await host();
    own.run(['sh', '-c', 'mkdir /usr/lib/systemd/system/x.timer.d && echo "[Timer]" > /usr/lib/systemd/system/x.timer.d/evil.conf']);
    expect(dryRun(own, `${lib}/systemd/system/x.timer.d/evil.conf`)).toMatchObject({ state: 'would-change', changes: [expect.stringContaining('/systemd/system/x.timer.d/evil.conf')] });
  });

  test.skipIf(!existsSync('/var/lib/dpkg/info/apt.list')).each(['/lib', '/usr/lib'])('the package of a timer is found by %s (needs the package apt)', async (lib) => {
    const own = await host();
    own.run(['sh', '-c', 'echo "[Timer]" > /usr/lib/systemd/system/apt-daily.timer']);
    expect(dryRun(own, `${lib}/systemd/system/apt-daily.timer`)).toMatchObject({ state: 'failed', summary: expect.stringContaining('belongs to the package apt') });
  });
});

test.skipIf(noHost !== undefined)(`a timer whose name is no UTF-8 is listed and taken out by the name that is shown (${noHost ?? 'on a host of its own'})`, async () => {
  const own = await ownHost();
  own.run(['sh', '-c', String.raw`printf '[Timer]\nOnCalendar=daily\n' > "/etc/systemd/system/$(printf 'hid\377').timer"`]);
  const shown = String.raw`/etc/systemd/system/hid\xff.timer`;
  const timers = JSON.parse(own.run([TICKWARD, 'timers', '--json', '--state-dir', '/mnt/state']).stdout) as { path: string | null }[];
  expect(timers).toContainEqual(expect.objectContaining({ unit: String.raw`hid\xff.timer`, path: shown, schedule: 'OnCalendar=daily' }));
  const { stdout } = own.run([TICKWARD, 'respond', '--file', shown, '--only', 'remove', '--yes', '--json', '--state-dir', '/mnt/state']);
  expect(JSON.parse(stdout)).toMatchObject({ steps: [{ state: 'changed', summary: String.raw`hid\xff.timer is gone` }] });
  expect(own.run(['ls', '/etc/systemd/system']).stdout).toBe('');
});

test.skipIf(noHost !== undefined)(`a quarantine without room is said with what to do, and the file stays (${noHost ?? 'on a host of its own'})`, async () => {
  const own = await ownHost();
  own.run(['sh', '-c', 'install -d -m 700 /mnt/state /mnt/state/quarantine; mount -t tmpfs -o size=4k,mode=700 tmpfs /mnt/state/quarantine; head -c 50000 /dev/zero > /etc/systemd/system/big.timer']);
  const { stdout, status } = own.run([TICKWARD, 'respond', '--file', '/etc/systemd/system/big.timer', '--only', 'remove', '--yes', '--json', '--state-dir', '/mnt/state']);
  expect(JSON.parse(stdout)).toMatchObject({ steps: [{ state: 'failed', summary: expect.stringMatching(/^cannot be done: there is no room for the copies in \/mnt\/state\/quarantine: \d+ bytes are needed, 4096 are free$/) }] });
  expect([status, own.run(['ls', '/etc/systemd/system']).stdout, own.run(['ls', '-A', '/mnt/state/quarantine']).stdout]).toEqual([1, 'big.timer\n', '']);
});

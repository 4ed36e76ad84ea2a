/** Responses by the name of a file, on a host of the test's own. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { noHost, ownHost, TICKWARD, type OwnHost } from '../helpers/host.ts';

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

/** Where /lib is a link to /usr/lib. */
describe.skipIf(noHost !== undefined)(`a file below /usr/lib has two paths (${noHost ?? 'on a host of its own'})`, () => {
  test.each(['/lib', '/usr/lib'])('a drop-in is found by %s', async (lib) => {
    const own = await host();
    own.run(['sh', '-c', 'mkdir /usr/lib/systemd/system/x.timer.d && echo "[Timer]" > /usr/lib/systemd/system/x.timer.d/evil.conf']);
    expect(dryRun(own, `${lib}/systemd/system/x.timer.d/evil.conf`)).toMatchObject({ state: 'would-change', changes: [expect.stringContaining('/systemd/system/x.timer.d/evil.conf')] });
  });

  test.skipIf(!existsSync('/var/lib/dpkg/info/apt.list')).each(['/lib', '/usr/lib'])('the package of a timer is found by %s (needs the package apt)', async (lib) => {
    const own = await host();
    own.run(['sh', '-c', 'echo "[Timer]" > /usr/lib/systemd/system/apt-daily.timer']);
    expect(dryRun(own, `${lib}/systemd/system/apt-daily.timer`)).toMatchObject({ state: 'skipped', summary: expect.stringContaining('belongs to the package apt') });
  });
});

/** remove_timer against attackers on real systemd hosts: what resists, what is generated, transient, of a user, of a package; and the way back. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/respond/run.ts';
import { boot, noBoot, prepareBase, PROGRAM, type Booted } from '../helpers/booted.ts';
import { planted, plantHostile, treeOf } from '../helpers/hostile.ts';
import { until } from '../helpers/until.ts';

function json<Document>({ stdout, stderr }: { stdout: string; stderr: string }): Document {
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Document;
}

function respond(host: Booted, path: string, ...options: string[]): RunResult {
  return json<RunResult>(host.run([PROGRAM, 'respond', '--file', path, '--only', 'remove', '--json', ...options]));
}

function undo(host: Booted, { run }: RunResult): RunResult {
  return json<RunResult>(host.run([PROGRAM, 'undo', run ?? '', '--json']));
}

function states(host: Booted, ...units: string[]): string[] {
  return host.run(['systemctl', 'show', '--property=LoadState,ActiveState', '--value', ...units]).stdout.trim().split('\n\n').map((block) => block.replace('\n', ' '));
}

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
    const done = respond(host, '/etc/systemd/system/evil-clock.timer', '--yes');
    expect(done.steps).toMatchObject([{ state: 'changed' }]);
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
});

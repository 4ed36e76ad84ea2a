/** remove_timer against a user who holds the own manager, so that it answers nobody: nobody waits for it, and all that can be done without it is done. */
import { beforeAll, describe, expect, test } from 'vitest';
import { boot, noBoot, prepareBase, type Booted } from '../helpers/booted.ts';
import { planted } from '../helpers/hostile.ts';
import { respond, undo } from '../helpers/removed.ts';
import { until } from '../helpers/until.ts';

const UNITS = '/home/alice/.config/systemd/user';
const TIMER = `${UNITS}/evil.timer`;
const GROUP = '/sys/fs/cgroup/user.slice/user-$(id -u alice).slice/user@$(id -u alice).service';
const MANAGER = '$(systemctl show --property=MainPID --value user@$(id -u alice).service)';
/** Of all questions and answers: before, it was 27 s for the first. */
const BOUND_MS = 20_000;

async function bootWithAlice(): Promise<Booted> {
  const host = await boot();
  host.shell(`useradd -m alice; loginctl enable-linger alice; until [ -e /run/user/$(id -u alice)/systemd/private ]; do sleep 0.05; done
install -d ${UNITS}; cd ${UNITS}
printf '[Timer]\\nOnActiveSec=1h\\n[Install]\\nWantedBy=timers.target\\n' > evil.timer
printf '[Service]\\nExecStart=/bin/sh -c "sleep 4321 & exec sleep 4321"\\nKillMode=process\\nRestart=always\\nExecStopPost=/bin/touch /tmp/evil.post\\n' > evil.service
chown -R alice:alice /home/alice
systemctl --user -M alice@ daemon-reload
systemctl --user -M alice@ -q enable --now evil.timer
systemctl --user -M alice@ start --no-block evil.service`);
  await until(() => planted(host) === 2, () => 'the processes');
  return host;
}

const tree = (host: Booted): string => host.shell(`cd ${UNITS}; find . -type f -o -type l | sort | xargs -r stat -c '%N %f %u:%g %y'`).stdout;
const states = (host: Booted): string => host.shell('systemctl --user -M alice@ show --property=LoadState,ActiveState --value evil.timer evil.service').stdout.trim().replaceAll('\n', ' ');

function timed<Value>(work: () => Value): Value {
  const start = performance.now();
  const value = work();
  expect(performance.now() - start).toBeLessThan(BOUND_MS);
  return value;
}

describe.skipIf(noBoot !== undefined)(`on a booted Debian (${noBoot ?? 'systemd-nspawn'})`, () => {
  let unbuilt: string | undefined;
  beforeAll(() => {
    unbuilt = prepareBase();
  }, 600_000);

  test.for<[what: string, hold: string, why: RegExp]>([
    ['stopped by a signal', `kill -STOP ${MANAGER}`, /is stopped \(process \d+, by a signal\)/],
    ['frozen alone, as its user can', `runuser -u alice -- sh -c "echo 1 > ${GROUP}/init.scope/cgroup.freeze"`, /is frozen \(control group .*\/init\.scope\)/],
  ])('what is %s is let go on, and the removal is whole', { timeout: 120_000 }, async ([, hold, why], { skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await bootWithAlice();
    const before = tree(host);
    expect(host.shell(hold)).toMatchObject({ status: 0, stderr: '' });
    const planned = timed(() => respond(host, TIMER, '--dry-run'));
    expect(planned.steps[0]?.changes[1]).toMatch(new RegExp(`^let the manager of alice go on, which ${why.source}$`));
    expect([planted(host), tree(host)]).toEqual([2, before]);
    const done = timed(() => respond(host, TIMER, '--yes'));
    expect(done.steps).toMatchObject([{ state: 'changed', summary: 'evil.timer and evil.service are gone', changes: planned.steps[0]?.changes }]);
    expect([planted(host), tree(host), states(host), host.run(['ls', '/tmp/evil.post']).status]).toEqual([0, '', 'masked inactive  masked inactive', 2]);
    expect(undo(host, done).steps).toMatchObject([{ state: 'changed' }]);
    await until(() => planted(host) === 2, () => 'what was active, again');
    expect([tree(host), states(host)]).toEqual([before, 'loaded active  loaded active']);
  });

  test('what is stopped again and again is said to have the timer in memory; its files and processes are gone all the same', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await bootWithAlice();
    const before = tree(host);
    host.shell(`systemd-run --quiet --uid=alice --unit=holder /bin/sh -c 'while kill -STOP ${MANAGER}; do :; done'`);
    const done = timed(() => respond(host, TIMER, '--yes'));
    expect(done.steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(/^all was done that can be done without the manager of alice, but it (?:is stopped|gave no answer).* and may start what it has in memory when it goes on: loginctl terminate-user alice ends it/) }]);
    expect([planted(host), tree(host)]).toEqual([0, '']);
    host.shell(`systemctl stop holder.service; kill -CONT ${MANAGER}`);
    expect(respond(host, TIMER, '--yes').steps).toMatchObject([{ state: expect.stringMatching(/^(?:changed|unchanged)$/) }]);
    expect([planted(host), states(host)]).toEqual([0, 'masked inactive  masked inactive']);
    undo(host, done);
    expect(tree(host)).toBe(before);
  });

  test('what root froze with all of its user stays frozen, and who undoes it meanwhile does not wait either', { timeout: 120_000 }, async ({ skip }) => {
    skip(unbuilt !== undefined, unbuilt);
    const host = await bootWithAlice();
    const before = tree(host);
    host.shell(`echo 1 > ${GROUP}/cgroup.freeze`);
    const done = timed(() => respond(host, TIMER, '--yes'));
    expect(done.steps).toMatchObject([{ state: 'failed', summary: expect.stringMatching(/without the manager of alice, but it is frozen \(control group .*\/user@\d+\.service\)/), notes: expect.arrayContaining([expect.stringContaining('what it has in memory it may start when it goes on')]) }]);
    expect(done.steps[0]?.changes.join('\n')).not.toMatch(/go on|read its units/);
    expect([planted(host), tree(host), host.shell(`cat ${GROUP}/cgroup.freeze`).stdout]).toEqual([0, '', '1\n']);
    const undone = timed(() => undo(host, done));
    expect(undone.steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining('the manager of alice is frozen') }]);
    expect(tree(host)).toBe(before);
    host.shell(`echo 0 > ${GROUP}/cgroup.freeze`);
    expect(undo(host, done).steps).toMatchObject([{ state: expect.stringMatching(/^(?:changed|unchanged)$/) }]);
  });
});

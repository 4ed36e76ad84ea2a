/** The drill on a host of the test's own. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { DrillResult } from '../../src/cli/drill/result.ts';
import { collect, MOUNTED, noHost, notRoot, ownHost, SCRATCH, TICKWARD, USER, type OwnHost } from '../helpers/host.ts';
import { until } from '../helpers/until.ts';

/** From its sources, as `npm start` runs it. */
const DRILL = ['env', `TMPDIR=${SCRATCH}`, `${MOUNTED}/src/cli/tickward`, 'drill'];

/** Every name there is below, with what it is. */
function tree(host: OwnHost, ...roots: string[]): string {
  return host.run(['find', ...roots, '-printf', '%p %y %s %i\n']).stdout.split('\n').sort().join('\n');
}

test.skipIf(noHost !== undefined)(`as root it detects, names, investigates, removes, undoes and leaves nothing (${noHost ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  host.run(['sh', '-c', 'echo "[Timer]" > /etc/systemd/system/other.timer']);
  const before = tree(host, '/etc/systemd', SCRATCH);
  const { status, stdout, stderr } = host.run([...DRILL, '--json', '--yes']);
  expect(stderr).toBe('');
  const result = JSON.parse(stdout) as DrillResult;
  expect(result).toMatchObject({ detected: true, engine: 'embedded', investigation: { queries: 5, failed: 0, skipped: 0 }, removed: true, undone: true, clean: true, user: 'root' });
  expect(result.executable).toMatch(/\/(?:da|ba|busybox)?sh$/);
  expect(result.detection_ms).toBeLessThan(1_000);
  expect(result.steps.map(({ id, ok }) => `${id} ${ok}`)).toEqual(['sense', 'plant', 'detect', 'investigate', 'plan', 'remove', 'undo', 'remove-again', 'clean'].map((id) => `${id} true`));
  expect(status).toBe(0);
  expect(tree(host, '/etc/systemd', SCRATCH)).toBe(before);
});

test.skipIf(notRoot !== undefined)(`as a plain user it does the same in that user's own directory (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const { status, stdout } = host.run(host.asUser([TICKWARD, 'drill', '--json', '--yes']));
  const result = JSON.parse(stdout) as DrillResult;
  expect(result).toMatchObject({ detected: true, attribution: 'inferred', user: USER.name, investigation: { queries: 5, failed: 0 }, removed: true, undone: true, clean: true });
  expect(result.path).toMatch(new RegExp(`^${USER.home}/\\.config/systemd/user/tickward-drill-\\w+\\.timer$`));
  expect(status).toBe(0);
  expect(tree(host, USER.home).split('\n')).toHaveLength(1 + 1);
});

test.skipIf(notRoot !== undefined)(`by inotify as well (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  const { status, stdout } = host.run(host.asUser([TICKWARD, 'drill', '--json', '--sensor', 'inotify']));
  expect(JSON.parse(stdout)).toMatchObject({ detected: true, attribution: 'inferred', clean: true });
  expect(status).toBe(0);
});

test.skipIf(noHost !== undefined)('a unit that is there already is refused and stays', async () => {
  const host = await ownHost();
  host.run(['sh', '-c', 'echo mine > /etc/systemd/system/mine.service']);
  const before = tree(host, '/etc/systemd', SCRATCH);
  const { status, stdout } = host.run([...DRILL, '--unit', 'mine.timer', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'REFUSED', message: expect.stringContaining('mine.service is there already') } });
  expect(status).toBe(1);
  expect(tree(host, '/etc/systemd', SCRATCH)).toBe(before);
  expect(host.run([...DRILL, '--unit', '../../x.timer']).status).toBe(2);
});

test.skipIf(noHost !== undefined)('a timer that was exchanged for another one meanwhile is left alone, and said', async () => {
  const host = await ownHost();
  const drill = host.start([...DRILL, '--unit', 'exchanged.timer', '--json']);
  const output = collect(drill.stdout);
  const path = '/etc/systemd/system/exchanged.timer';
  // In the moment in which the shell that plants it still lingers.
  host.run(['sh', '-c', `until [ -s ${path} ]; do :; done; rm ${path}; echo mine > ${path}`]);
  const [code] = (await once(drill, 'close')) as [number];
  const result = JSON.parse(output.text()) as DrillResult;
  expect(result).toMatchObject({ removed: false, clean: false });
  expect(result.steps.at(-1)?.summary).toContain('exchanged.timer is not what the drill planted');
  expect(host.run(['cat', path]).stdout).toBe('mine\n');
  expect(host.run(['ls', '/etc/systemd/system']).stdout).toBe('exchanged.timer\n');
  expect(code).toBe(1);
});

test.skipIf(noHost !== undefined).each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s in the middle leaves nothing', async (signal) => {
  const host = await ownHost();
  const before = tree(host, '/etc/systemd', SCRATCH);
  const drill = host.start(DRILL);
  const output = collect(drill.stdout);
  const errors = collect(drill.stderr);
  await until(() => host.run(['sh', '-c', 'ls /etc/systemd/system']).stdout.includes('tickward-drill-'), () => `planting, got ${output.text()} ${errors.text()}`);
  drill.kill(signal);
  const [code] = (await once(drill, 'close')) as [number];
  expect(errors.text()).toMatch(/interrupted/);
  expect(code).toBe(130);
  expect(tree(host, '/etc/systemd', SCRATCH)).toBe(before);
});

test.skipIf(noHost !== undefined).each(['INT', 'HUP', 'TERM'])('SIG%s to the whole group while it plants, as Ctrl-C in a terminal, is an interruption and leaves nothing', async (signal) => {
  const host = await ownHost();
  const before = tree(host, '/etc/systemd', SCRATCH);
  // A session of its own is a process group of its own. The shell that plants lingers as soon as the timer is there.
  const script = `setsid "$@" > /mnt/out 2>&1 & until [ -e /etc/systemd/system/group.timer ]; do :; done; kill -s ${signal} -- -$!; wait $!; echo "code $?"`;
  const { stdout } = host.run(['sh', '-c', script, 'sh', ...DRILL, '--unit', 'group.timer']);
  expect(`${stdout}${host.run(['cat', '/mnt/out']).stdout}`).toMatch(/^code 130\n[^]*tickward: the drill was interrupted/);
  expect(tree(host, '/etc/systemd', SCRATCH)).toBe(before);
});

test.skipIf(noHost !== undefined).each([['a pipe that is closed', '| head -n 1'], ['a full disk', '> /dev/full']])('output that nobody takes (%s) ends it, and leaves nothing', async (_why, reader) => {
  const host = await ownHost();
  const before = tree(host, '/etc/systemd', SCRATCH);
  const { stderr } = host.run(['sh', '-c', `"$@" ${reader}`, 'sh', ...DRILL]);
  expect(stderr).toMatch(/^tickward: the drill was interrupted/);
  expect(tree(host, '/etc/systemd', SCRATCH)).toBe(before);
});

test.skipIf(noHost !== undefined)('where it can keep no state that is said, and nothing is left', async () => {
  const host = await ownHost();
  const nowhere = host.run(['env', 'TMPDIR=/nonexistent', TICKWARD, 'drill', '--json']);
  expect(JSON.parse(nowhere.stdout)).toMatchObject({ error: { code: 'STATE', message: expect.stringContaining('/nonexistent'), hint: expect.stringContaining('TMPDIR') } });
  // Enough for a directory and not for a database in it.
  host.run(['sh', '-c', 'mkdir /mnt/small && mount -t tmpfs -o size=4k,nr_inodes=3 tmpfs /mnt/small']);
  const full = host.run(['env', 'TMPDIR=/mnt/small', TICKWARD, 'drill', '--json']);
  expect([full.status, host.run(['ls', '-A', '/mnt/small']).stdout]).toEqual([1, '']);
});

test.skipIf(notRoot !== undefined)(`a home that the rule for created timers does not cover is found by the one for unusual directories (${notRoot ?? 'on a host of its own'})`, async () => {
  const host = await ownHost();
  host.run(['sh', '-c', `mkdir /mnt/elsewhere && chown ${USER.uid} /mnt/elsewhere && sed s:${USER.home}:/mnt/elsewhere: /etc/passwd > /mnt/other && cat /mnt/other > /etc/passwd`]);
  const { status, stdout } = host.run(host.asUser([TICKWARD, 'drill', '--json']));
  const result = JSON.parse(stdout) as DrillResult;
  expect(result).toMatchObject({ detected: true, removed: true, undone: true, clean: true });
  expect(status).toBe(0);
  expect(host.run(['ls', '-A', '/mnt/elsewhere']).stdout).toBe('');
});

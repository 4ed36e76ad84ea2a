/** A store where nothing can be written, as an investigator has one: the disk of another host, mounted read-only. */
import { describe, expect, test } from 'vitest';
import { fileEvent } from '../helpers/events.ts';
import { MOUNTED, noHost, notRoot, ownHost, SCRATCH, TICKWARD, USER, type OwnHost } from '../helpers/host.ts';

const STATE = `${SCRATCH}/state`;
/** A file system that fills up. */
const SMALL = `${SCRATCH}/small`;

/** Two events, the second only in SQLite's log: who writes is killed, or ends well. */
function storing(end: 'killed' | 'closed'): string {
  const base = fileEvent({ path: '/etc/systemd/system/first.timer' });
  return `
    import { DatabaseSync } from 'node:sqlite';
    import { openStore } from '${MOUNTED}/src/store/index.ts';
    const store = openStore(process.argv[1]);
    const event = ${JSON.stringify(base)};
    store.events.append([event]);
    new DatabaseSync(process.argv[1] + '/events.db').exec('PRAGMA wal_checkpoint');
    store.events.append([{ ...event, event: { ...event.event, id: 'second' } }]);
    ${end === 'killed' ? "process.kill(process.pid, 'SIGKILL')" : 'store.close()'};`;
}

function stored(host: OwnHost, end: 'killed' | 'closed', as: (argv: readonly string[]) => readonly string[] = (argv) => argv): void {
  host.run(as([process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', storing(end), STATE]));
}

/** Of each file, and of what is there at all. */
function bytesOf(host: OwnHost): string {
  return host.run(['sh', '-c', `cd ${STATE} && stat -c '%n %a %s %y' . * && sha256sum *`]).stdout;
}

const CASES: [how: string, end: 'killed' | 'closed', then: string, events: number][] = [
  ['after an end', 'closed', ':', 2],
  ['after a kill, with its log', 'killed', ':', 2],
  ['with a log whose index is not there', 'killed', `rm ${STATE}/*-shm`, 2],
  ['with no log', 'killed', `rm ${STATE}/events.db-*`, 1],
  ['with an empty log', 'killed', `rm ${STATE}/events.db-shm; : > ${STATE}/events.db-wal`, 1],
];

describe.skipIf(noHost)('read-only', () => {
  test.each(CASES)('a store %s is read as it lies, and stays so', async (_, end, then, events) => {
    const host = await ownHost();
    stored(host, end);
    host.run(['sh', '-c', `${then}; mount --bind ${STATE} ${STATE} && mount -o remount,ro,bind ${STATE}`]);
    const before = bytesOf(host);
    const on = (...args: string[]): { status: number | null; stdout: string; stderr: string } => host.run([TICKWARD, ...args, '--state-dir', STATE]);
    const listed = on('events', '--json');
    expect(listed.stderr).toMatch(/nothing can be written in the state directory .*read as it lies/);
    expect(listed.stdout.trim().split('\n')).toHaveLength(events);
    const queried = on('query', '--engine', 'embedded', '--json', 'SELECT count(*) AS n FROM systemd_timer_events');
    expect(JSON.parse(queried.stdout)).toEqual([{ n: String(events) }]);
    expect(queried.stderr).toContain('read as it lies');
    for (const args of [['alerts'], ['runs'], ['exception', 'list']]) expect(on(...args)).toMatchObject({ status: 0 });
    for (const args of [['watch', '--once', '--for', '1s'], ['watch', '--from', '/dev/null', '--once'], ['fleet', 'sweep', '--inventory', '/etc/passwd', '--unit', 'x.timer']]) expect(on(...args)).toMatchObject({ status: 1, stderr: expect.stringMatching(/cannot be written — give another one with --state-dir/) });
    expect(bytesOf(host)).toBe(before);
  });

  test.each([['after an end', 'closed', ':', 2], ['after a kill, with its log', 'killed', 'rm *-shm', 2]] as const)('a store %s on a full disk is read all the same', async (_, end, then, events) => {
    const host = await ownHost();
    stored(host, end);
    host.run(['sh', '-ec', `mkdir ${SMALL}; mount -t tmpfs -o size=1m tmpfs ${SMALL}; cp -a ${STATE} ${SMALL}/state; cd ${SMALL}/state; ${then}; cat /dev/zero > ${SMALL}/filled 2>/dev/null || :`]);
    const on = (...args: string[]): { status: number | null; stdout: string; stderr: string } => host.run([TICKWARD, ...args, '--state-dir', `${SMALL}/state`]);
    const listed = on('events', '--json');
    expect(listed.stderr).toMatch(/nothing can be written .*for the disk is full: it is read as it lies/);
    expect(listed.stdout.trim().split('\n')).toHaveLength(events);
    for (const args of [['alerts'], ['runs'], ['restore'], ['isolate', '--status'], ['exception', 'list']]) expect(on(...args)).toMatchObject({ status: 0 });
    for (const args of [['watch', '--for', '1s'], ['release', '--yes']]) expect(on(...args)).toMatchObject({ status: 1, stderr: expect.stringMatching(/the disk is full: .* — make room/) });
    host.run(['rm', `${SMALL}/filled`]);
    expect(on('events', '--json')).toMatchObject({ status: 0, stdout: listed.stdout, stderr: '' });
    host.run(['umount', SMALL]);
  });

  test('of an older layout it says what to do', async () => {
    const host = await ownHost();
    stored(host, 'closed');
    host.run([process.execPath, '-e', `new (require('node:sqlite').DatabaseSync)('${STATE}/events.db').exec('PRAGMA user_version = 4')`]);
    host.run(['sh', '-c', `mount --bind ${STATE} ${STATE} && mount -o remount,ro,bind ${STATE}`]);
    expect(host.run([TICKWARD, 'events', '--state-dir', STATE])).toMatchObject({ status: 1, stderr: expect.stringMatching(/older Tickward \(layout 4.*cp -a/) });
  });
});

test.skipIf(notRoot)('a directory that its owner closed to writing is read, and neither opened again nor changed', async () => {
  const host = await ownHost();
  stored(host, 'killed', (argv) => host.asUser(argv));
  host.run(['sh', '-c', `rm ${STATE}/*-shm; chmod 555 ${STATE}`]);
  const before = bytesOf(host);
  const listed = host.run(host.asUser([TICKWARD, 'events', '--json', '--state-dir', STATE]));
  expect(listed.stdout.trim().split('\n')).toHaveLength(2);
  expect(bytesOf(host)).toBe(before);
  expect(host.run(['stat', '-c', '%u', STATE]).stdout.trim()).toBe(String(USER.uid));
});

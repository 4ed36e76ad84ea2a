/** Against the real kernel, in directories of the test's own. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chmodSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { placesOf, type UnitDirectory } from '../../src/host/directories.ts';
import { hostIdentity } from '../../src/host/identity.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { sensorSupport, startSensor, type Sensor, type SensorMode } from '../../src/sensor/index.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { until } from '../helpers/until.ts';

interface Watched {
  sensor: Sensor;
  root: string;
  events: FileEvent[];
  notices: string[];
  /** `action name` of each event so far. */
  told(): string[];
  wait(count: number): Promise<void>;
}

async function watch(mode: SensorMode, options: { directories?: (root: string) => string[]; rescanSeconds?: number } = {}): Promise<Watched> {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'units'));
  const paths = options.directories?.(root) ?? [join(root, 'units')];
  const directories = paths.map((path): UnitDirectory => ({ path, scope: 'system', kind: 'units' }));
  const events: FileEvent[] = [];
  const notices: string[] = [];
  const sensor = await startSensor({ mode, places: () => placesOf(directories), host: hostIdentity(), onEvents: (batch) => events.push(...batch), onNotice: ({ message }) => notices.push(message), ...(options.rescanSeconds === undefined ? {} : { rescanSeconds: options.rescanSeconds }) });
  onTestFinished(() => sensor.stop());
  return { sensor, root: join(root, 'units'), events, notices, told: () => events.map((event) => `${event.event.action} ${event.file.name}`), wait: (count) => until(() => events.length >= count, () => `${count} events, got ${JSON.stringify(events.map((event) => [event.event.action, event.file.name]))}`) };
}

const support = sensorSupport();
const kernel: SensorMode[] = support.mode === 'fanotify' ? ['fanotify', 'inotify'] : ['inotify'];

describe.each(kernel)('by %s', (mode) => {
  test('a file that is written is one creation with its content', async () => {
    const { root, events, wait } = await watch(mode);
    writeFileSync(join(root, 'a.timer'), '[Timer]\n');
    await wait(1);
    expect(events[0]).toMatchObject({ event: { action: 'creation', type: ['creation'] }, file: { path: join(root, 'a.timer'), directory: root, name: 'a.timer', extension: 'timer', size: 8, type: 'file', hash: { sha256: createHash('sha256').update('[Timer]\n').digest('hex') } }, tickward: { unit: 'a.timer', unit_type: 'timer', scope: 'system', source: mode } });
  });

  test('a unit and a drop-in are told with what they say and run, anything else without', async () => {
    const { root, events, wait } = await watch(mode);
    writeFileSync(join(root, 'a.service'), '[Service]\nExecStart=-/bin/sh -c "id > /tmp/x"\n');
    await wait(1);
    mkdirSync(join(root, 'a.timer.d'));
    writeFileSync(join(root, 'a.timer.d', 'x.conf'), '[Timer]\nOnCalendar=hourly\n');
    await wait(2);
    writeFileSync(join(root, 'notes.txt'), '[Timer]\nOnCalendar=hourly\n');
    await wait(3);
    expect(events.map(({ tickward: { directives, commands } }) => ({ directives, commands }))).toEqual([
      { directives: ['Service.ExecStart=-/bin/sh -c "id > /tmp/x"'], commands: ['/bin/sh -c id > /tmp/x'] },
      { directives: ['Timer.OnCalendar=hourly'], commands: undefined },
      { directives: undefined, commands: undefined },
    ]);
  });

  test('a rename tells where the file was before', async () => {
    const { root, events, told, wait } = await watch(mode);
    writeFileSync(join(root, 'a.timer.dpkg-new'), 'x');
    await wait(1);
    renameSync(join(root, 'a.timer.dpkg-new'), join(root, 'a.timer'));
    await wait(2);
    expect(told()).toEqual(['creation a.timer.dpkg-new', 'rename a.timer']);
    expect(events[1]?.file.Ext?.original).toEqual({ path: join(root, 'a.timer.dpkg-new'), name: 'a.timer.dpkg-new', extension: 'dpkg-new' });
  });

  test('edits, modes, links and removals are told once each', async () => {
    const { root, events, told, wait } = await watch(mode);
    const file = join(root, 'a.timer');
    const steps: (() => void)[] = [() => writeFileSync(file, 'x'), () => appendFileSync(file, 'y'), () => chmodSync(file, 0o600), () => symlinkSync('a.timer', join(root, 'l.timer')), () => unlinkSync(join(root, 'l.timer')), () => unlinkSync(file)];
    for (const [index, step] of steps.entries()) {
      step();
      await wait(index + 1);
    }
    expect(told()).toEqual(['creation a.timer', 'modification a.timer', 'modification a.timer', 'creation l.timer', 'deletion l.timer', 'deletion a.timer']);
    expect(events[2]?.file.mode).toBe('0600');
    expect(events[3]?.file).toMatchObject({ type: 'symlink', target_path: 'a.timer' });
  });

  test('a file moved in from outside is a rename, moved out a deletion', async () => {
    const { root, told, wait } = await watch(mode);
    const outside = join(root, '../outside.timer');
    writeFileSync(outside, 'x');
    renameSync(outside, join(root, 'in.timer'));
    await wait(1);
    renameSync(join(root, 'in.timer'), outside);
    await wait(2);
    expect(told()).toEqual(['rename in.timer', 'deletion in.timer']);
  });

  test('a hard link is a creation', async () => {
    const { root, told, wait } = await watch(mode);
    writeFileSync(join(root, '../source'), 'x');
    linkSync(join(root, '../source'), join(root, 'h.timer'));
    await wait(1);
    expect(told()).toEqual(['creation h.timer']);
  });

  test('a drop-in folder that appears is followed, and its files are named by their unit', async () => {
    const { root, events, wait } = await watch(mode);
    mkdirSync(join(root, 'a.timer.d'));
    await until(() => { writeFileSync(join(root, 'a.timer.d/o.conf'), String(events.length)); return events.length > 0; });
    await wait(1);
    expect(events[0]).toMatchObject({ file: { name: 'o.conf', directory: join(root, 'a.timer.d') }, tickward: { unit: 'a.timer', unit_type: 'drop-in' } });
  });

  test('no late directory is missed, however fast its first file comes', async () => {
    const count = 50;
    const { root, events, wait } = await watch(mode, { directories: (base) => Array.from({ length: count }, (_, n) => join(base, 'units', `u${n}`, '.config/systemd/user')) });
    for (let n = 0; n < count; n += 1) {
      mkdirSync(join(root, `u${n}`, '.config/systemd/user'), { recursive: true });
      writeFileSync(join(root, `u${n}`, '.config/systemd/user/a.timer'), 'x');
    }
    await wait(count);
    expect(new Set(events.map((event) => event.file.path)).size).toBe(count);
    expect(events.filter((event) => event.event.action === 'creation')).toHaveLength(count);
  });

  test('a directory that is removed and made again is watched again', async () => {
    const { root, events, told } = await watch(mode);
    writeFileSync(join(root, 'a.timer'), 'x');
    await until(() => events.length === 1);
    rmSync(root, { recursive: true });
    await until(() => told().includes('deletion a.timer'));
    mkdirSync(root);
    await until(() => { writeFileSync(join(root, 'b.timer'), String(Math.random())); return told().some((each) => each.endsWith(' b.timer')); });
    expect(told().filter((each) => each === 'deletion a.timer')).toHaveLength(1);
  });

  test('names with quotes, newlines, escapes and bytes that are no UTF-8 arrive exactly', async () => {
    const { root, events, wait } = await watch(mode);
    const names = [Buffer.from(`q'"\`$(x).timer`), Buffer.from('new\nline\u001b[31m.timer'), Buffer.from('bad\xff\xfe.timer', 'latin1'), Buffer.from('100%.timer')];
    for (const name of names) writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'x');
    await wait(names.length);
    const exact = events.map((event) => (event.tickward.path_bytes === undefined ? Buffer.from(event.file.path) : Buffer.from(event.tickward.path_bytes, 'base64')).subarray(root.length + 1));
    expect(exact.map((name) => name.toString('latin1')).sort()).toEqual(names.map((name) => name.toString('latin1')).sort());
  });

  test('every file of a burst that overflows the queue of the kernel is told of once, and what happened meanwhile to known and to new ones is found', async () => {
    const { root, events, wait } = await watch(mode);
    for (const name of ['changed', 'removed', 'kept']) writeFileSync(join(root, `${name}.timer`), name);
    await wait(3);
    events.length = 0;
    const count = 17_000; // more than fs.fanotify.max_queued_events and fs.inotify.max_queued_events (16,384) in one turn of the event loop
    for (let n = 0; n < count; n += 1) writeFileSync(join(root, `${n}.timer`), '');
    // None of this is told: the queue is full since the 16,384th.
    chmodSync(join(root, 'changed.timer'), 0o600);
    unlinkSync(join(root, 'removed.timer'));
    unlinkSync(join(root, '1.timer'));
    writeFileSync(join(root, '2.timer'), 'written again');
    await until(() => events.length >= count + 3, () => `${events.length} of ${count + 3}`, 20_000);
    await until(() => events.some((event) => event.event.action === 'deletion' && event.file.name === '1.timer'));
    const told = (name: string): unknown[] => events.filter((event) => event.file.name === name).map((event) => [event.event.action, event.file.size]);
    expect(['changed', 'removed', 'kept', '0', '2', '16999'].map((name) => told(`${name}.timer`))).toEqual([[['modification', 7]], [['deletion', undefined]], [], [['creation', 0]], [['creation', 13]], [['creation', 0]]]);
    expect(told('1.timer')).toEqual([['creation', undefined], ['deletion', undefined]]);
    expect(new Set(events.map((event) => event.file.name)).size).toBe(count + 2);
    expect(events).toHaveLength(count + 3);
  }, 30_000);

  test('two names that are exchanged stay known', async () => {
    const { root, events, told, wait } = await watch(mode);
    writeFileSync(join(root, 'a.timer'), 'a');
    writeFileSync(join(root, 'b.timer'), 'b');
    await wait(2);
    execFileSync('python3', ['-c', 'import ctypes,sys; sys.exit(ctypes.CDLL(None).renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2))', join(root, 'a.timer'), join(root, 'b.timer')]);
    await until(() => events.filter((event) => event.event.action === 'rename').length === 2);
    unlinkSync(join(root, 'a.timer'));
    unlinkSync(join(root, 'b.timer'));
    await until(() => events.length === 6);
    expect(told().slice(4).sort()).toEqual(['deletion a.timer', 'deletion b.timer']);
  });
});

describe('by comparing', () => {
  test('changes are found and nobody is named', async () => {
    const { root, events, told } = await watch('scan', { rescanSeconds: 0.05 });
    writeFileSync(join(root, 'a.timer'), 'x');
    await until(() => events.length === 1);
    unlinkSync(join(root, 'a.timer'));
    await until(() => events.length === 2);
    expect(told()).toEqual(['creation a.timer', 'deletion a.timer']);
    expect(events[0]?.tickward).toMatchObject({ source: 'scan', attribution: 'none' });
    expect(events[0]?.process).toBeUndefined();
  });
});

describe('who did it', () => {
  const privileged = support.attribution === 'exact' || support.attribution === 'proc';

  test.skipIf(!privileged)('a process that lives is named with program, command line, parent and user (needs CAP_SYS_ADMIN: run as root)', async () => {
    const { root, events, wait } = await watch('fanotify');
    const shell = spawn('/bin/sh', ['-c', 'echo x > "$1"; read line', 'evil', join(root, 'a.timer')], { stdio: ['pipe', 'ignore', 'ignore'] });
    await wait(1);
    shell.stdin.end();
    await once(shell, 'close');
    expect(events[0]).toMatchObject({ process: { pid: shell.pid, command_line: `/bin/sh -c echo x > "$1"; read line evil ${join(root, 'a.timer')}`, parent: { pid: process.pid } }, user: { id: String(process.getuid?.()) }, tickward: { attribution: 'exact' } });
    expect(events[0]?.process?.executable).toMatch(/sh$/);
    expect(events[0]?.tickward.ancestry[0]?.pid).toBe(process.pid);
  });

  test.skipIf(!privileged)('a shell that becomes rm is never named as what removed the file (needs CAP_SYS_ADMIN: run as root)', async () => {
    const { root, events, told, wait } = await watch('fanotify');
    // The last command takes the shell's place: the same process, another program.
    const shell = spawn('/bin/sh', ['-c', 'echo x > "$1"; sleep 0.1; exec rm "$1"', 'evil', join(root, 'a.timer')], { stdio: 'ignore' });
    await once(shell, 'close');
    await wait(2);
    expect(told()).toEqual(['creation a.timer', 'deletion a.timer']);
    expect(events[0]?.process?.executable).toMatch(/sh$/);
    expect(events[1]?.process?.pid ?? shell.pid).toBe(shell.pid);
    expect(events[1]?.process?.executable ?? '/bin/rm').toMatch(/\/rm$/);
  });

  test('a process that has the file open is inferred where the kernel names none', async () => {
    const { root, events, wait } = await watch('inotify');
    const shell = spawn('/bin/sh', ['-c', 'exec 3> "$1"; read line', 'evil', join(root, 'a.timer')], { stdio: ['pipe', 'ignore', 'ignore'] });
    await wait(1);
    shell.stdin.end();
    await once(shell, 'close');
    expect(events[0]).toMatchObject({ process: { pid: shell.pid }, tickward: { attribution: 'inferred', attribution_note: expect.stringContaining('had the file open') } });
  });
});

test('a sensor that is stopped lets the process end', async () => {
  const program = `
    import { startSensor } from ${JSON.stringify(new URL('../../src/sensor/index.ts', import.meta.url).pathname)};
    import { hostIdentity } from ${JSON.stringify(new URL('../../src/host/identity.ts', import.meta.url).pathname)};
    import { placesOf } from ${JSON.stringify(new URL('../../src/host/directories.ts', import.meta.url).pathname)};
    const sensor = await startSensor({ places: () => placesOf([{ path: '/etc/systemd/system', scope: 'system', kind: 'units' }]), host: hostIdentity(), onEvents() {}, onNotice() {} });
    await sensor.stop(); console.log('stopped');`;
  expect(execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], { timeout: 10_000 }).toString()).toBe('stopped\n');
});

test('a mode that is asked for and not possible is refused, not replaced', async () => {
  expect(sensorSupport().mode).toMatch(/^(fanotify|inotify|scan)$/);
  const { sensor } = await watch('scan');
  expect(sensor.source).toBe('scan');
  expect(sensor.blind.join(' ')).toContain('nobody is named');
});

test.each([['all of a few', 500, 500, 500], ['the last of many', 3_000, 1, 1_280]])('a comparison tells of each file once, and reads the contents of %s', async (_which, files, least, most) => {
  const { root, told, events, wait } = await watch('scan', { rescanSeconds: 0.2 });
  // In one go: the sensor in this process finds them all at once.
  for (let n = 0; n < files; n += 1) writeFileSync(join(root, `${n}.timer`), `[Timer]\nOnCalendar=daily\n# ${n}\n`);
  await wait(files);
  expect(told().toSorted()).toEqual(Array.from({ length: files }, (_, n) => `creation ${n}.timer`).toSorted());
  const read = events.filter(({ file }) => file.hash !== undefined).length;
  expect(read).toBeGreaterThanOrEqual(least);
  expect(read).toBeLessThanOrEqual(most);
});

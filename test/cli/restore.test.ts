/** `tickward restore` as a person uses it: the quarantine listed, and given back from, with the journal and without. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Quarantined } from '../../src/actions/index.ts';
import type { RunResult } from '../../src/respond/run.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { noHost, ownHost, TICKWARD, type OwnHost } from '../helpers/host.ts';
import { jsonLines } from '../helpers/lines.ts';
import { terminal, type Terminal } from '../helpers/terminal.ts';

const UNITS = '/etc/systemd/system';
const TIMER = `${UNITS}/evil.timer`;

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A host from which a timer, its service and the link that enables it were taken. */
async function taken(): Promise<{ state: string; run: string; shell: (script: string) => string; tickward: (...args: string[]) => Ran; listed: () => Quarantined[]; enter: OwnHost['enter'] }> {
  const host = await ownHost();
  const state = join(temporaryDirectory(), 'state');
  const shell = (script: string): string => host.run(['sh', '-c', script]).stdout;
  const tickward = (...args: string[]): Ran => {
    const { status, stdout, stderr } = host.run([TICKWARD, ...args, '--state-dir', state]);
    return { code: status, stdout, stderr };
  };
  shell(`cd ${UNITS}; printf '[Timer]\\nOnCalendar=daily\\n' > evil.timer; printf '[Service]\\nExecStart=/bin/true\\n' > evil.service; mkdir timers.target.wants; ln -s ../evil.timer timers.target.wants/evil.timer`);
  const { run } = JSON.parse(tickward('respond', '--file', TIMER, '--only', 'remove', '--yes', '--json').stdout) as RunResult;
  const listed = (): Quarantined[] => jsonLines(tickward('restore', '--json').stdout);
  return { state, run: run ?? '', shell, tickward, listed, enter: host.enter };
}

const FILES = [`${UNITS}/evil.service`, TIMER, `${UNITS}/timers.target.wants/evil.timer`];

test.skipIf(noHost !== undefined)(`what was taken is listed, with where it was and whether it is back (${noHost ?? 'on a host of its own'})`, async () => {
  const { run, shell, tickward, listed } = await taken();
  expect(listed().toSorted((one, other) => (one.path < other.path ? -1 : 1))).toEqual([
    { time: expect.stringMatching(/Z$/), run, step: 'remove', path: FILES[0], kind: 'file', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), size: 30, target: null, state: 'taken' },
    { time: expect.stringMatching(/Z$/), run, step: 'remove', path: FILES[1], kind: 'file', sha256: expect.stringMatching(/^[0-9a-f]{64}$/), size: 25, target: null, state: 'taken' },
    { time: expect.stringMatching(/Z$/), run, step: 'remove', path: FILES[2], kind: 'link', sha256: null, size: null, target: '../evil.timer', state: 'taken' },
  ]);
  expect(tickward('restore').stdout).toMatch(new RegExp(`${run} +${TIMER} +taken`));
  shell(`echo other > ${FILES[0]}`);
  expect(listed().map(({ state }) => state).toSorted()).toEqual(['replaced', 'taken', 'taken']);
});

const WAYS: [string, (scene: { run: string; listed: () => Quarantined[] }) => string, string[]][] = [
  ['its run', ({ run }) => run, FILES],
  ['the name of the timer', () => 'evil.timer', FILES],
  ['the name of the service', () => 'evil.service', FILES],
  ['a path', () => FILES[2] ?? '', FILES],
  ['a SHA-256, alone', ({ listed }) => listed().find(({ path }) => path === TIMER)?.sha256 ?? '', [TIMER]],
];

test.skipIf(noHost !== undefined).each(WAYS)('by %s it comes back, once, after a dry run that says so and changes nothing', async (_how, nameOf, expected) => {
  const scene = await taken();
  const { shell, tickward, listed } = scene;
  const what = nameOf(scene);
  const there = (): string[] => shell(`ls ${FILES.join(' ')} 2>/dev/null`).split('\n').filter(Boolean);
  const dry = JSON.parse(tickward('restore', what, '--dry-run', '--json').stdout) as RunResult;
  expect([dry.run, dry.steps[0]?.state, there()]).toEqual([null, 'would-change', []]);
  expect(tickward('restore', what)).toMatchObject({ code: 2, stderr: expect.stringContaining('nobody is here to decide') });
  const done = tickward('restore', what, '--yes', '--json');
  const { steps: [step] } = JSON.parse(done.stdout) as RunResult;
  expect([done.code, step?.state, there()]).toEqual([0, 'changed', expected]);
  expect(step?.changes).toEqual(dry.steps[0]?.changes);
  expect(listed().filter(({ state }) => state === 'back').map(({ path }) => path).toSorted()).toEqual(expected);
  expect(JSON.parse(tickward('restore', what, '--yes', '--json').stdout)).toMatchObject({ steps: [{ state: 'unchanged', summary: 'all of it is there already' }] });
});

test.skipIf(noHost !== undefined)('it comes back also when the journal is lost', async () => {
  const { state, shell, tickward } = await taken();
  for (const name of ['journal.db', 'journal.db-wal', 'journal.db-shm']) rmSync(join(state, name), { force: true });
  expect(tickward('restore', 'evil.timer', '--yes').code).toBe(0);
  expect(shell(`cat ${TIMER}`)).toBe('[Timer]\nOnCalendar=daily\n');
});

test.skipIf(noHost !== undefined)('a name that was taken from two places, and one that never was, is told and changes nothing', async () => {
  const { shell, tickward } = await taken();
  shell('mkdir -p /etc/systemd/system.control; printf "[Timer]\\nOnCalendar=daily\\n" > /etc/systemd/system.control/evil.timer');
  expect(tickward('respond', '--file', '/etc/systemd/system.control/evil.timer', '--only', 'remove', '--yes').code).toBe(0);
  expect(tickward('restore', 'evil.timer', '--yes')).toMatchObject({ code: 2, stderr: expect.stringMatching(/taken from more than one place: .*\/etc\/systemd\/system\/evil\.timer.*, \/etc\/systemd\/system\.control\/evil\.timer/) });
  expect(tickward('restore', 'evil', '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining(' — is it evil.timer or evil.service? ') });
  expect(tickward('restore', 'no\u001b[2Jne.timer', '--yes')).toMatchObject({ code: 1, stderr: expect.stringContaining(String.raw`nothing of no\e[2Jne.timer is in the quarantine`) });
  expect(tickward('restore', '/etc/systemd/system.control/evil.timer', '--yes').code).toBe(0);
  expect(shell(`ls ${TIMER} /etc/systemd/system.control/evil.timer 2>/dev/null`)).toBe('/etc/systemd/system.control/evil.timer\n');
});

test.skipIf(noHost !== undefined)('a name that cannot be printed is given back by its path and by its name, as they are and as they are shown', async () => {
  const { shell, tickward, listed } = await taken();
  const path = `${UNITS}/a\nb.timer`;
  const shown = String.raw`${UNITS}/a\nb.timer`;
  for (const what of [path, shown, 'a\nb.timer', String.raw`a\nb.timer`]) {
    shell(`printf '[Timer]\\nOnCalendar=daily\\n' > '${path}'`);
    expect(tickward('respond', '--file', shown, '--only', 'remove', '--yes').code).toBe(0);
    expect([shell(`ls '${path}' 2>/dev/null`), listed().at(-1)?.path]).toEqual(['', shown]);
    expect(tickward('restore', what, '--yes').code).toBe(0);
    expect(shell(`cat '${path}'`)).toBe('[Timer]\nOnCalendar=daily\n');
  }
  // Another that is shown alike: then only what is exact is meant.
  shell(String.raw`printf '[Timer]\nOnCalendar=weekly\n' > '${shown}'`);
  expect(tickward('respond', '--file', shown, '--only', 'remove', '--yes').code).toBe(0);
  expect(tickward('restore', shown, '--yes').code).toBe(0);
  expect(shell(`cat '${shown}'`)).toContain('weekly');
});

test.skipIf(noHost !== undefined)('a copy that is gone is told, and nothing of it comes back', async () => {
  const { state, shell, tickward, listed } = await taken();
  const sha256 = listed().find(({ path }) => path === TIMER)?.sha256 ?? '';
  rmSync(join(state, 'quarantine', sha256));
  expect(listed().find(({ path }) => path === TIMER)?.state).toBe('lost');
  expect(tickward('restore', sha256, '--yes')).toMatchObject({ code: 1, stdout: expect.stringContaining('failed') });
  expect(shell(`ls ${TIMER} 2>/dev/null`)).toBe('');
});

test.skipIf(noHost !== undefined)('a copy that somebody changed is said to be damaged, and is not promised', async () => {
  const { shell, state, tickward, listed } = await taken();
  shell(`find ${state}/quarantine -type f -exec grep -l ExecStart=/bin/true {} + | xargs -I COPY sh -c 'case COPY in *.ndjson) ;; *) chmod u+w COPY; echo more >> COPY ;; esac'`);
  const of = (path: string): Quarantined | undefined => listed().find((each) => each.path === path);
  expect([of(`${UNITS}/evil.service`)?.state, of(TIMER)?.state]).toEqual(['damaged', 'taken']);
  const [step] = (JSON.parse(tickward('restore', 'evil.timer', '--dry-run', '--json').stdout) as RunResult).steps;
  expect(step).toMatchObject({ state: 'would-change', notes: expect.arrayContaining([expect.stringMatching(/evil\.service does not come back: its copy .* is no longer what was taken$/)]) });
  expect(JSON.stringify(step?.changes)).not.toContain('evil.service (sha256');
  const sha256 = of(`${UNITS}/evil.service`)?.sha256 ?? '';
  expect(JSON.parse(tickward('restore', sha256, '--yes', '--json').stdout)).toMatchObject({ steps: [{ state: 'failed', summary: expect.stringContaining('is no longer what was taken') }] });
  const whole = tickward('restore', 'evil.timer', '--yes', '--json');
  expect([whole.code, of(TIMER)?.state, shell(`ls ${UNITS}/evil.service`)]).toEqual([1, 'back', '']);
});

test.skipIf(noHost !== undefined)('on a terminal an undo shows what was changed and takes nothing back without a yes', async () => {
  const { state, run, listed, enter } = await taken();
  const undone = async (answer: string): Promise<[code: number, states: string[]]> => {
    const asking = terminal(enter([TICKWARD, 'undo', run, '--state-dir', state]));
    await asking.sees(/the newest first:\s+remove[^]*- move the file \/etc\/systemd\/system\/evil\.timer into the quarantine[^]*Take it back\?/);
    asking.pty.write(answer);
    return [await asking.ended, listed().map((each) => each.state)];
  };
  expect(await undone('\r')).toEqual([0, ['taken', 'taken', 'taken']]);
  expect(await undone('\u0003')).toEqual([130, ['taken', 'taken', 'taken']]);
  expect(await undone('y\r')).toEqual([0, ['back', 'back', 'back']]);
});

test.skipIf(noHost !== undefined).each([
  ['a signal', (asking: Terminal) => asking.pty.kill('SIGTERM')],
  ['Ctrl-C', (asking: Terminal) => asking.pty.write('\u0003')],
])('%s ends it while it asks, and nothing comes back', async (_what, interrupt) => {
  const { state, listed, enter } = await taken();
  const asking = terminal(enter([TICKWARD, 'restore', 'evil.timer', '--state-dir', state]));
  await asking.sees(/Do it\?/);
  interrupt(asking);
  await asking.sees(/It was interrupted\. Run the command again/);
  expect(await asking.ended).toBe(130);
  expect(listed().map((each) => each.state)).toEqual(['taken', 'taken', 'taken']);
});

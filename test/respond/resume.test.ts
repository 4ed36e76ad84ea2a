/** Runs that were stopped, interrupted or killed: gone on with or undone from their journal alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startedAt, statOf } from '../../src/host/proc.ts';
import type { Journal, JournalEntry } from '../../src/model/journal.ts';
import { TickwardError } from '../../src/model/errors.ts';
import { runAction } from '../../src/respond/single.ts';
import { resumeOf } from '../../src/respond/resume.ts';
import type { RunResult } from '../../src/respond/run.ts';
import { undoRun } from '../../src/respond/undo.ts';
import { programOf } from '../helpers/program.ts';
import { plant, snapshot } from '../helpers/response.ts';
import { until } from '../helpers/until.ts';
import { scene, sceneOf, states, without, type Scene } from './scene.ts';

const ONE = '{id: one, kind: human, title: One, text: First., questions: [{id: who, ask: Who?}]}';
const REMOVE = '{id: remove, kind: action, title: Remove, action: remove_timer}';
const LAST = '{id: last, kind: human, title: Last, text: Last.}';

function goOn({ respond, journal }: Scene, run: string, changes: Parameters<Scene['respond']>[0] = {}): Promise<RunResult> {
  const resume = resumeOf(journal, run);
  return respond({ resume, playbook: resume.playbook, event: resume.event, only: resume.only, ...changes });
}

describe('a run that was stopped', () => {
  test('goes on at the step where it was, with its answers and under its id, and is undone as one', async () => {
    const own = sceneOf(ONE, REMOVE, LAST);
    const before = snapshot(own.root, without);
    const stopped = await own.respond({ ask: async () => 'me', attend: async () => 'done', decide: async () => ({ stop: true }) });
    expect([stopped.ended, states(stopped)]).toEqual(['stopped', ['one unchanged', 'remove skipped-because', 'last skipped-because']]);
    const asked: string[] = [];
    const done = await goOn(own, stopped.run!, { attend: async ({ id }) => (asked.push(id), 'done'), ask: async () => { throw new Error('asked again'); } });
    expect([done.run, done.ended, states(done), asked]).toEqual([stopped.run, 'finished', ['one unchanged', 'remove changed', 'last unchanged'], ['last']]);
    expect(done.steps[0]).toMatchObject({ summary: 'a person says that it is done', answers: { who: 'me' } });
    await undoRun({ run: done.run!, journal: own.journal, context: own.context });
    expect(snapshot(own.root, without)).toEqual(before);
  });

  test('is not begun anew for what was done, but once more for what failed or was left open', async () => {
    const own = sceneOf(REMOVE, ONE);
    const failed = await own.respond({ decide: async () => (plant(own.root, { 'etc/evil.service': 'other' }), 'apply') });
    expect(states(failed)).toEqual(['remove failed', 'one skipped-because']);
    const done = await goOn(own, failed.run!);
    expect(states(done)).toEqual(['remove changed', 'one needs-person']);
    expect(done.steps[0]?.undo).toBe(`tickward undo ${failed.run} remove`);
    expect(states(await goOn(own, failed.run!, { decide: async () => { throw new Error('asked again'); }, attend: async () => 'done' }))).toEqual(['remove changed', 'one unchanged']);
  });

  test('does not look again at what had nothing to do', async () => {
    const own = sceneOf('{id: stop, kind: action, title: Stop, action: kill_process}', ONE);
    const { run } = await own.respond();
    expect(states(await goOn(own, run!))).toEqual(['stop unchanged', 'one needs-person']);
    expect(own.journal.entries(run!).filter(({ kind, step }) => kind === 'step-done' && step === 'stop')).toHaveLength(1);
  });

  test('asks again whether a condition holds that did not', async () => {
    const own = sceneOf(ONE, `{id: last, kind: human, title: Last, text: Last., when: 'answers.one.who == "me"'}`);
    const { run, steps } = await own.respond();
    expect(steps[1]).toMatchObject({ state: 'skipped-because' });
    expect(states(await goOn(own, run!, { answers: { one: { who: 'me' } } }))).toEqual(['one needs-person', 'last needs-person']);
  });

  test('keeps what was skipped without one', async () => {
    const own = sceneOf(REMOVE, ONE);
    const { run } = await own.respond({ decide: async () => 'skip' });
    expect(states(await goOn(own, run!, { decide: async () => { throw new Error('asked again'); } }))).toEqual(['remove skipped-because', 'one needs-person']);
  });

  test('keeps what was skipped with its reason', async () => {
    const own = sceneOf(REMOVE, ONE);
    const { run } = await own.respond({ decide: async () => ({ skip: 'not wanted: evidence first' }) });
    expect((await goOn(own, run!, { decide: async () => { throw new Error('asked again'); } })).steps[0]).toMatchObject({ state: 'skipped-because', summary: 'not wanted: evidence first' });
  });

  test('ends as interrupted where a question is', async () => {
    const own = sceneOf(REMOVE);
    const result = await own.respond({ decide: async () => { throw new TickwardError('INTERRUPTED', 'Ctrl-C'); } });
    expect([result.ended, states(result)]).toEqual(['interrupted', ['remove skipped-because']]);
    expect(own.journal.entries(result.run!).at(-1)).toMatchObject({ kind: 'run-interrupted', data: { reason: 'interrupted' } });
  });
});

describe('no run is gone on with', () => {
  test('that there is not, that was undone, or of which the journal says too little', async () => {
    const own = sceneOf(REMOVE);
    const { run } = await own.respond();
    expect(() => resumeOf(own.journal, 'none')).toThrow('there is no run none');
    const poor: Journal = { ...own.journal, entries: (id) => own.journal.entries(id).filter((entry) => entry.kind !== 'run-known') };
    expect(() => resumeOf(poor, run!)).toThrow('too little is known of this run');
    await undoRun({ run: run!, journal: own.journal, context: own.context });
    expect(() => resumeOf(own.journal, run!)).toThrow('was undone');
  });

  test('of one action about the whole host', async () => {
    const own = sceneOf(REMOVE);
    const { run } = await runAction({ action: 'release', params: {}, context: { ...own.context, uid: 1000 }, journal: own.journal, decide: async () => 'skip' });
    expect(() => resumeOf(own.journal, run!)).toThrow('is of one action about the whole host');
  });

  test('while another process is at it, also one that came a moment before', async () => {
    const own = sceneOf(REMOVE, ONE);
    const { run } = await own.respond({ decide: async () => ({ stop: true }) });
    const data = { pid: process.ppid, start_ticks: String(statOf(process.ppid)?.startTicks) };
    const resume = resumeOf(own.journal, run!);
    own.journal.append({ run: run!, kind: 'run-resumed', data });
    expect(() => resumeOf(own.journal, run!)).toThrow('still going on');
    await expect(own.respond({ resume })).rejects.toMatchObject({ code: 'REFUSED' });
    await expect(undoRun({ run: run!, journal: own.journal, context: own.context })).rejects.toMatchObject({ code: 'REFUSED' });
  });
});

test('no run is undone by two processes at once: each would take what the other gives back for an attacker\'s', async () => {
  const own = sceneOf(REMOVE);
  const { run } = await own.respond();
  const other = { run: run!, kind: 'undo-started' as const, data: { steps: ['remove'], pid: process.ppid, start_ticks: String(statOf(process.ppid)?.startTicks) } };
  own.journal.append(other);
  await expect(undoRun({ run: run!, journal: own.journal, context: own.context })).rejects.toMatchObject({ code: 'REFUSED', message: `the run is being undone in process ${process.ppid}` });
  const later = sceneOf(REMOVE);
  const again = await later.respond();
  later.journal.append({ ...other, run: again.run!, data: { ...other.data, start_ticks: '1' } });
  expect((await undoRun({ run: again.run!, journal: later.journal, context: later.context })).steps).toMatchObject([{ state: 'changed' }]);
});

/** A process of the test's own that waits to be ended. */
async function victim(): Promise<{ pid: number; start: string; isGone: () => boolean }> {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'sleep\n', () => 'the exec of sleep');
  const stat = statOf(pid);
  return { pid, start: stat === undefined ? '' : startedAt(stat), isGone: () => (statOf(pid)?.state ?? 'Z') === 'Z' };
}

/** A response that is killed; gives its run, `none` when it was killed before its first entry. */
async function cutOff(root: string, number: number | 'remove', moment: string, { pid, start }: { pid: number; start: string }): Promise<{ run: string; signal: string | null }> {
  const child = spawn(process.execPath, [programOf('test/respond/cut-off'), root, String(number), moment, String(pid), start], { stdio: ['ignore', 'ignore', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  const file = join(root, 'quarantine-journal');
  return { signal, run: existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '') as JournalEntry).run : 'none' };
}

/** The times of directories come back only where a run came to its end in one go: else nobody knows who worked there meanwhile. */
function withoutDirectories(tree: Record<string, string>): [string, string][] {
  return Object.entries(tree).filter(([, what]) => !what.endsWith('directory'));
}

/** No fewer than the entries of the journal of the whole run. Where it ends before, it is gone on with all the same: nothing is left to do. */
const ENTRIES = 20;

describe('a response that is killed with SIGKILL', () => {
  const cases = ['before', 'after'].flatMap((moment) => Array.from({ length: ENTRIES }, (_, index) => [moment, index + 1] as const));
  /** Its start and what it is about are two entries: without both there is nothing to go on with. */
  const isKnown = ([moment, number]: (typeof cases)[number]): boolean => number > 2 || (number === 2 && moment === 'after');

  test.each(cases.filter((each) => isKnown(each)))('%s entry %i is on disk is gone on with to its end, and then undone', async (moment, number) => {
    const own = scene();
    const before = snapshot(own.root, without);
    const process = await victim();
    const { run } = await cutOff(own.root, number, moment, process);
    const done = await goOn(own, run, { attend: async () => 'done' });
    expect(states(done)).toEqual(['case unchanged', expect.stringMatching(/^stop (?:un)?changed$/), expect.stringMatching(/^remove (?:un)?changed$/)]);
    expect([process.isGone(), existsSync(own.path), existsSync(join(own.root, 'etc/evil.service'))]).toEqual([true, false, false]);
    const undone = await undoRun({ run, journal: own.journal, context: own.context });
    expect(undone.steps.filter((step) => step.state === 'failed')).toEqual([]);
    expect(withoutDirectories(snapshot(own.root, without))).toEqual(withoutDirectories(before));
  });

  test.each(cases.filter((each) => isKnown(each)))('%s entry %i is on disk is undone', async (moment, number) => {
    const own = scene();
    const before = snapshot(own.root, without);
    const { run } = await cutOff(own.root, number, moment, await victim());
    const undone = await undoRun({ run, journal: own.journal, context: own.context });
    expect(undone.steps.filter((step) => step.state === 'failed')).toEqual([]);
    expect(withoutDirectories(snapshot(own.root, without))).toEqual(withoutDirectories(before));
  });

  test.each(cases.filter((each) => !isKnown(each)))('%s entry %i is on disk has changed nothing, and is not gone on with', async (moment, number) => {
    const own = scene();
    const before = snapshot(own.root, without);
    const { run } = await cutOff(own.root, number, moment, await victim());
    expect(snapshot(own.root, without)).toEqual(before);
    expect(() => resumeOf(own.journal, run)).toThrow(/there is no run|too little is known/);
  });

  test('is so at each of its entries', async () => {
    const own = scene();
    const { signal, run } = await cutOff(own.root, ENTRIES + 1, 'before', await victim());
    expect([signal, own.journal.entries(run).at(-1)?.kind]).toEqual([null, 'run-finished']);
  });

  test('says so when it cannot find again what it had planned', async () => {
    const own = scene({ 'etc/evil.timer': '[Timer]\nOnCalendar=hourly\nUnit=other.service\n', 'etc/other.service': '[Service]\nExecStart=/tmp/evil.sh\n' });
    const { run } = await cutOff(own.root, 'remove', 'after', await victim());
    // As after the timer was taken away: nothing names the other service any more.
    renameSync(own.path, join(own.root, 'stamps/kept'));
    const [, , remove] = (await goOn(own, run, { attend: async () => 'done' })).steps;
    expect(remove).toMatchObject({ state: 'needs-person', summary: expect.stringContaining(`was not found to do again: tickward undo ${run} remove`), notes: [expect.stringContaining('etc/other.service into the quarantine')] });
  });
});

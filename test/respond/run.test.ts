import { existsSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Journal, JournalEntry, JsonObject } from '../../src/model/journal.ts';
import { planResponse } from '../../src/respond/plan.ts';
import { parsePlaybook } from '../../src/respond/playbook.ts';
import { newRunId } from '../../src/respond/run-id.ts';
import { changedSteps, undoRun } from '../../src/respond/undo.ts';
import { temporaryDirectory } from '../helpers/events.ts';
import { eventOf, plant, snapshot } from '../helpers/response.ts';
import { PLAYBOOK, scene, sceneOf, without } from './scene.ts';

describe('a response', () => {
  test('does its actions, leaves a person what is theirs, and says how it is undone', async () => {
    const { respond: go, root } = scene();
    const result = await go();
    expect(result.steps.map(({ id, state }) => [id, state])).toEqual([['case', 'needs-person'], ['stop', 'unchanged'], ['remove', 'changed'], ['lessons', 'needs-person']]);
    expect(result.steps[2]).toMatchObject({ action: 'remove_timer', summary: 'evil.timer and evil.service are gone', undo: `tickward undo ${result.run} remove` });
    expect(existsSync(join(root, 'etc/evil.timer'))).toBe(false);
    expect(result).toMatchObject({ playbook: 'test', dry_run: false, target: { unit: 'evil.timer', scope: 'system' } });
  });

  test('lists the same changes in a dry run, which changes nothing and leaves no trace', async () => {
    const { respond: go, root } = scene();
    const before = snapshot(root, []);
    const dry = await go({ dryRun: true, decide: () => { throw new Error('asked in a dry run'); } });
    expect(snapshot(root, [])).toEqual(before);
    expect(dry).toMatchObject({ run: null, dry_run: true });
    expect(dry.steps.map((step) => step.state)).toEqual(['needs-person', 'unchanged', 'would-change', 'needs-person']);
    const wet = await go();
    expect(dry.steps.map((step) => step.changes)).toEqual(wet.steps.map((step) => step.changes));
    expect([wet.steps[2]?.changes.length, dry.steps[2]?.summary]).toEqual([5, '5 changes would be made']);
  });

  test('says in a dry run of a step that only looks what it would look for, and that nothing changes', async () => {
    const { respond: go } = sceneOf('{id: sweep, kind: action, title: Sweep, action: sweep_local}');
    const { steps } = await go({ dryRun: true });
    expect(steps).toMatchObject([{ state: 'unchanged', summary: expect.stringMatching(/^would /), changes: [] }]);
  });

  test('is planned without a change', async () => {
    const { root, context, path } = scene();
    const before = snapshot(root, []);
    const planned = await planResponse(PLAYBOOK, eventOf(path), { ...context, uid: 1000 });
    expect(planned.map(({ id, state }) => [id, state])).toEqual([['case', 'needs-person'], ['cut', 'blocked'], ['stop', 'nothing-to-do'], ['remove', expect.stringMatching(/ready|blocked/)], ['lessons', 'needs-person']]);
    expect(planned[1]?.changes).toHaveLength(1);
    expect(snapshot(root, [])).toEqual(before);
  });

  test('is planned without the steps that are not for the case', async () => {
    const { context, path } = scene();
    const human = (rest: string): string => `  - {kind: human, title: T, text: T, ${rest}}\n`;
    const playbook = parsePlaybook(`name: test\ntitle: A test\nsteps:\n${human('id: a, when: process.pid == 7')}${human('id: b, severity: high')}${human('id: c')}`);
    const planned = await planResponse(playbook, eventOf(path, { pid: 8 }), context, { severity: 'low' });
    expect(planned.map(({ id, state, reason }) => [id, state, reason])).toEqual([
      ['a', 'skipped-because', 'its condition does not hold: process.pid == 7'],
      ['b', 'skipped-because', expect.stringContaining('high')],
      ['c', 'needs-person', null],
    ]);
  });

  test('does again nothing when it is run again', async () => {
    const { respond: go } = scene();
    await go();
    expect((await go()).steps[2]).toMatchObject({ state: 'unchanged', changes: [], undo: null });
  });

  test('skips what is not wanted and stops where it is told to', async () => {
    const { respond: go, root } = scene();
    expect((await go({ decide: async () => 'skip' })).steps[2]).toMatchObject({ state: 'skipped-because', summary: 'not wanted' });
    const stopped = await go({ decide: async () => ({ stop: true }) });
    expect(stopped.steps.map((step) => step.state)).toEqual(['needs-person', 'unchanged', 'skipped-because', 'skipped-because']);
    expect(existsSync(join(root, 'etc/evil.timer'))).toBe(true);
  });

  test('takes only the steps that are asked for, by id or by action', async () => {
    const { respond: go } = scene();
    expect((await go({ only: ['remove_timer', 'case'], dryRun: true })).steps.map((step) => step.id)).toEqual(['case', 'remove']);
    await expect(go({ only: ['remvoe'] })).rejects.toMatchObject({ code: 'USAGE', message: 'the response has no step remvoe', hint: 'it has case, cut, stop, remove, lessons' });
  });

  test('marks a step of a person as done only when they say so', async () => {
    const { respond: go } = scene();
    expect((await go({ attend: async (step) => (step.id === 'case' ? 'done' : 'open') })).steps.map((step) => step.state)).toEqual(['unchanged', 'unchanged', 'changed', 'needs-person']);
  });

  test('skips an optional step that cannot be done and goes on', async () => {
    const { respond: go, context } = scene();
    const plain = { ...context, uid: 1000 };
    for (const dryRun of [true, false]) {
      const result = await go({ only: [], context: plain, dryRun, decide: async () => ({ stop: true }) });
      expect(result.steps[1]).toMatchObject({ id: 'cut', state: 'skipped-because', summary: expect.stringMatching(/cannot be done: only root/) });
      expect(result.steps[2]?.summary).not.toMatch(/^not tried/);
      // Whoever names it wants it.
      expect((await go({ only: ['cut', 'case'], context: plain, dryRun })).steps[1]).toMatchObject({ id: 'cut', state: 'failed', summary: expect.stringMatching(/cannot be done: only root/) });
    }
  });

  test('fails in a dry run where it would fail, and shows what comes after all the same', async () => {
    const steps = ['{id: cut, kind: action, title: C, action: isolate}', '{id: next, kind: human, title: N, text: N, needs: [cut]}', '{id: remove, kind: action, title: R, action: remove_timer}'];
    const { respond: go, context } = sceneOf(...steps);
    const result = await go({ dryRun: true, context: { ...context, uid: 1000, users: [] } });
    expect(result).toMatchObject({ run: null, ended: 'finished', steps: [
      { id: 'cut', state: 'failed', summary: expect.stringMatching(/^cannot be done: only root/), notes: expect.arrayContaining(['the response would end here: what follows is what it would do without this']) },
      { id: 'next', state: 'skipped-because', summary: 'it needs cut, which is failed' },
      { id: 'remove', state: expect.stringMatching(/^(?:would-change|failed)$/) },
    ] });
    // Nothing comes after it.
    expect((await go({ dryRun: true, only: ['cut'], context: { ...context, uid: 1000 } })).steps[0]?.notes.join()).not.toContain('would end here');
  });

  test('ends at a required step that fails, and says why for the rest', async () => {
    const { respond: go, path } = scene();
    const result = await go({ decide: async () => (unlinkSync(path), plant(join(path, '../..'), { 'etc/evil.timer': 'other' }), 'apply') });
    expect(result.steps.slice(2).map(({ state, summary }) => [state, summary])).toEqual([['failed', expect.stringContaining('was changed since the plan was made')], ['skipped-because', 'not tried: step remove failed']]);
    expect(readFileSync(path, 'utf8')).toBe('other');
  });

  test('makes no change when the journal cannot take it', async () => {
    const { respond: go, root, journal } = scene();
    const before = snapshot(root, without);
    const full: Journal = { entries: journal.entries, append: (entry) => { if (entry.kind === 'change') throw new Error('no space left on device'); return journal.append(entry); } };
    expect((await go({ journal: full })).steps[2]).toMatchObject({ state: 'failed', summary: 'no space left on device', changes: [], undo: null });
    expect(snapshot(root, without)).toEqual(before);
  });

  test('ends between two steps when it is interrupted', async () => {
    const { respond: go } = scene();
    const abort = new AbortController();
    const result = await go({ signal: abort.signal, onStep: () => abort.abort() });
    expect(result.steps.map((step) => step.state)).toEqual(['needs-person', 'skipped-because', 'skipped-because', 'skipped-because']);
  });

  test('is journalled: the change before it is made, and what came of each step', async () => {
    const { respond: go, journal, path } = scene();
    const seen: [string, boolean][] = [];
    const watching: Journal = { entries: journal.entries, append: (entry) => (seen.push([entry.kind, existsSync(path)]), journal.append(entry)) };
    const result = await go({ journal: watching });
    expect([...new Set(seen.map(([kind]) => kind))]).toEqual(['run-started', 'run-known', 'step-done', 'step-started', 'change', 'run-finished']);
    expect(seen.find(([kind]) => kind === 'change')?.[1]).toBe(true);
    const removal = journal.entries(result.run ?? '').filter(({ step }) => step === 'remove');
    expect([removal[0]?.kind, removal.at(-1)]).toEqual(['step-started', expect.objectContaining({ kind: 'step-done', data: expect.objectContaining({ state: 'changed', summary: result.steps[2]?.summary, settled: true }) })]);
    expect(journal.entries(result.run ?? '').every((entry: JournalEntry, index, all) => index === 0 || entry.seq > all[index - 1]!.seq)).toBe(true);
  });
});

describe('undo', () => {
  test('gives back what the run took, and the second time finds everything as it was', async () => {
    const { respond: go, root, journal, context } = scene();
    const before = snapshot(root, without);
    const { run } = await go();
    const undone = await undoRun({ run: run!, journal, context });
    expect(undone).toMatchObject({ dry_run: false, ended: 'finished', steps: [{ id: 'remove', state: 'changed' }] });
    expect(snapshot(root, without)).toEqual(before);
    const { time } = journal.entries(run!).find(({ kind }) => kind === 'undone')!;
    for (const again of ['second', 'third']) {
      const { steps } = await undoRun({ run: run!, step: 'remove', journal, context });
      expect({ again, steps }).toMatchObject({ steps: [{ state: 'unchanged', summary: `it was undone before, at ${time}` }] });
    }
    expect(snapshot(root, without)).toEqual(before);
  });

  test('ends between two steps when it is interrupted, says which are left, and is gone on with', async () => {
    const root = temporaryDirectory();
    plant(root, { one: '1', two: '2' });
    const before = snapshot(root);
    const { respond: go, journal, context } = sceneOf(...['one', 'two'].map((id) => `{id: ${id}, kind: action, title: Take, action: quarantine_file, params: {path: ${root}/${id}}}`));
    const { run } = await go();
    const abort = new AbortController();
    const undone = await undoRun({ run: run!, journal, context, signal: abort.signal, onStep: () => abort.abort() });
    expect(undone.ended).toBe('interrupted');
    expect(undone.steps.map(({ id, action, state, summary }) => [id, action, state, summary])).toEqual([
      ['two', 'quarantine_file', 'changed', expect.stringContaining('taken back')],
      ['one', 'quarantine_file', 'skipped-because', 'not tried: interrupted'],
    ]);
    expect(Object.keys(snapshot(root))).toEqual(['two']);
    const rest = await undoRun({ run: run!, journal, context });
    expect([rest.ended, rest.steps.map(({ id, state }) => [id, state])]).toEqual(['finished', [['two', 'unchanged'], ['one', 'changed']]]);
    expect(snapshot(root)).toEqual(before);
  });

  test('takes each step back by its own action, and one alone where one is asked for', async () => {
    const root = temporaryDirectory();
    plant(root, { one: '1' });
    const { respond: go, root: host, journal, context, path } = sceneOf(`{id: file, kind: action, title: Take, action: quarantine_file, params: {path: ${root}/one}}`, '{id: timer, kind: action, title: Remove, action: remove_timer}');
    const before = snapshot(host, without);
    const { run, steps: done } = await go();
    expect(changedSteps({ run: run!, journal })).toEqual([{ id: 'timer', changes: done[1]?.changes.toReversed() }, { id: 'file', changes: [`move the file ${root}/one into the quarantine`] }]);
    const one = await undoRun({ run: run!, step: 'file', journal, context });
    expect([one.steps.map(({ id, state }) => [id, state]), existsSync(join(root, 'one')), existsSync(path)]).toEqual([[['file', 'changed']], true, false]);
    const all = await undoRun({ run: run!, journal, context });
    expect(all.steps.map(({ id, state }) => [id, state])).toEqual([['timer', 'changed'], ['file', 'unchanged']]);
    expect(snapshot(host, without)).toEqual(before);
  });

  test('of a run from another version says so, and changes nothing', async () => {
    const { respond: go, journal, context, path } = scene();
    const { run } = await go();
    const written = (kind: JournalEntry['kind'], data: JsonObject): Journal => ({ append: journal.append, entries: (id) => journal.entries(id).map((entry) => (entry.kind === kind ? { ...entry, data: { ...entry.data, ...data } } : entry)) });
    await expect(undoRun({ run: run!, journal: written('run-started', { target: 'evil.timer' }), context })).rejects.toMatchObject({ code: 'STATE', message: expect.stringContaining('of a form that this version does not know') });
    expect((await undoRun({ run: run!, journal: written('change', { action: 'turn_over' }), context })).steps).toMatchObject([{ state: 'failed', summary: 'this version has no action turn_over' }]);
    expect(existsSync(path)).toBe(false);
  });

  test('says what it could not give back', async () => {
    const { respond: go, root, journal, context } = scene();
    const { run } = await go();
    plant(root, { 'etc/evil.service': 'of somebody else' });
    const { steps } = await undoRun({ run: run!, journal, context });
    expect(steps[0]).toMatchObject({ state: 'failed', summary: expect.stringContaining('evil.service is not restored') });
    expect(journal.entries(run!).at(-1)?.kind).toBe('undo-failed');
  });

  test('names a change that it does not know by its words, and gives back the others', async () => {
    const { respond: go, root, journal, context } = scene();
    const before = snapshot(root, without);
    const { run } = await go();
    journal.append({ run: run!, step: 'remove', kind: 'change', data: { action: 'remove_timer', text: 'turn it over', data: { kind: 'of a later version' } } });
    const { steps } = await undoRun({ run: run!, journal, context });
    expect(steps).toMatchObject([{ state: 'failed', summary: 'the journal has a change that this version does not know: turn it over — undo it with the version that made it' }]);
    expect(snapshot(root, without)).toEqual(before);
  });

  test.each<[JsonObject, string]>([[{ illegible: '{"act' }, 'it is not legible'], [{ action: 'remove_timer', text: 'turn it over', data: [] }, 'turn it over']])('says that a change is not what was written, %j, and gives back the others', async (data, text) => {
    const { respond: go, root, journal, context } = scene();
    const before = snapshot(root, without);
    const { run } = await go();
    const damaged: Journal = { append: journal.append, entries: (id) => journal.entries(id).flatMap((entry) => (entry.kind === 'run-started' ? [entry, { ...entry, step: 'remove', kind: 'change', data }] : [entry])) };
    const { steps } = await undoRun({ run: run!, journal: damaged, context });
    expect(steps).toMatchObject([{ state: 'failed', summary: expect.stringContaining(`does not know: ${text}`) }]);
    expect(snapshot(root, without)).toEqual(before);
  });

  test('knows no other run and no step without changes', async () => {
    const { respond: go, journal, context } = scene();
    const { run } = await go();
    await expect(undoRun({ run: 'none', journal, context })).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'there is no run none' });
    await expect(undoRun({ run: run!, step: 'no-such', journal, context })).rejects.toMatchObject({ code: 'NOT_FOUND', message: `run ${run} has no step no-such that changed something` });
    await expect(undoRun({ run: run!, step: 'stop', journal, context })).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'step stop of this run changed nothing', hint: 'steps with changes: remove' });
  });

  test('waits for nobody: a run that is still going on in another process is refused', async () => {
    const { respond: go, journal, context } = scene();
    const { run } = await go();
    const parent: Journal = { append: journal.append, entries: (id) => journal.entries(id).filter((entry) => entry.kind !== 'run-finished').map((entry) => (entry.kind === 'run-started' ? { ...entry, data: { ...entry.data, pid: process.ppid, start_ticks: startOf(process.ppid) } } : entry)) };
    await expect(undoRun({ run: run!, journal: parent, context })).rejects.toMatchObject({ code: 'REFUSED', message: expect.stringContaining('still going on') });
  });
});

function startOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[19] ?? '';
}

test('ids of runs sort by the time of their start, also within a millisecond', () => {
  const ids = Array.from({ length: 50 }, () => newRunId(1_700_000_000_000));
  expect(ids.toSorted()).toEqual(ids);
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(newRunId(1_800_000_000_000) > ids.at(-1)!).toBe(true);
});

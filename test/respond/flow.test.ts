/** What decides whether a step is taken: conditions, severity, needs, answers; and what a failure and a person's way back do. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Investigated } from '../../src/respond/findings.ts';
import type { Decision } from '../../src/respond/run.ts';
import { TickwardError } from '../../src/model/errors.ts';
import type { Journal } from '../../src/model/journal.ts';
import { eventOf, plant, snapshot } from '../helpers/response.ts';
import { sceneOf, states, without } from './scene.ts';

const REMOVE = '{id: remove, kind: action, title: Remove, action: remove_timer}';
const CASE = '{id: case, kind: human, title: Case, text: Open a case., questions: [{id: attack, ask: An attack?, kind: yes-no}, {id: name, ask: Its name?}]}';

function found(level: string): Investigated {
  return { verdict: { level, reasons: ['r'] }, indicators: { paths: ['/p'] }, steps: [{ id: '1', rows: [{ sha256: 'abc' }, { sha256: 'def' }], error: null, skipped: null, needs_person: null }] };
}

describe('a condition', () => {
  const investigate = async (): Promise<Investigated> => found('suspicious');

  test.each([
    ['file.path : "*/evil.timer"', true],
    ['process.pid == null', false],
    ['verdict.level == "suspicious"', true],
    ['verdict.level == "unclear"', false],
    ['indicators.paths == "/p" and guide.step_1.count == 2', true],
    ['guide.step_1.rows.sha256 : "DEF"', true],
    ['guide.step_2.rows.sha256 != null', false],
    ['severity in ("high", "critical")', true],
    ['rule.id == null', true],
  ])('%s: %s', async (when, holds) => {
    const { respond } = sceneOf(`{id: remove, kind: action, title: Remove, action: remove_timer, when: '${when}'}`);
    const [step] = (await respond({ investigate, severity: 'high', dryRun: true })).steps;
    expect(step).toMatchObject(holds ? { state: 'would-change' } : { state: 'skipped-because', summary: `its condition does not hold: ${when}` });
  });

  test('over findings has them made once, one over the event alone not at all', async () => {
    let made = 0;
    const counted = async (): Promise<Investigated> => (made += 1, found('unclear'));
    const step = (id: string, when: string): string => `{id: ${id}, kind: human, title: T, text: T, when: '${when}'}`;
    await sceneOf(step('a', 'file.path != null')).respond({ investigate: counted });
    expect(made).toBe(0);
    await sceneOf(step('a', 'verdict.level == "unclear"'), step('b', 'guide.step_1.count > 0')).respond({ investigate: counted });
    expect(made).toBe(1);
  });

  test('over findings leaves in the journal what was found', async () => {
    const { respond, journal } = sceneOf(`{id: a, kind: human, title: T, text: T, when: 'verdict.level == "unclear"'}`);
    const { run } = await respond({ investigate });
    expect(journal.entries(run!).flatMap(({ kind, data }) => (kind === 'run-known' && 'verdict' in data ? [data] : []))).toEqual([{ verdict: found('suspicious').verdict, indicators: { paths: ['/p'] } }]);
  });

  test('over the alert, where there is one', async () => {
    const { respond, path } = sceneOf(`{id: a, kind: human, title: T, text: T, when: 'rule.name : "Timer*"'}`);
    const rule = { id: 'r', name: 'Timer made', severity: 'low', risk_score: 21, version: 1, threat: { tactic: 'TA0003', technique: ['T1053.006'] } };
    const event = eventOf(path, { pid: 2 ** 22 + 1 });
    expect(states(await respond({ event, alert: { id: 'a', '@timestamp': event['@timestamp'], status: 'open', rule, event } }))).toEqual(['a needs-person']);
    expect(states(await respond({ event }))).toEqual(['a skipped-because']);
  });

  test('over findings that cannot be made fails its step alone; an interruption meanwhile ends the run', async () => {
    const steps = [`{id: a, kind: action, title: T, action: remove_timer, on_failure: continue, when: 'verdict.level == "unclear"'}`, '{id: b, kind: human, title: T, text: T}'];
    const failing = (code: 'TIMEOUT' | 'INTERRUPTED') => (): Promise<Investigated> => Promise.reject(new TickwardError(code, 'no answer', { hint: 'look' }));
    const late = await sceneOf(...steps).respond({ investigate: failing('TIMEOUT') });
    expect([late.ended, states(late), late.steps[0]?.summary]).toEqual(['finished', ['a failed', 'b needs-person'], 'no answer — look']);
    const cut = await sceneOf(...steps).respond({ investigate: failing('INTERRUPTED') });
    expect([cut.ended, states(cut)]).toEqual(['interrupted', ['a skipped-because', 'b skipped-because']]);
  });

  test('over what was answered and what became of a step before', async () => {
    const { respond } = sceneOf(CASE, `{id: a, kind: human, title: A, text: A, when: answers.case.attack == true}`, `{id: b, kind: human, title: B, text: B, when: answers.case.attack == false or steps.a == "needs-person"}`);
    expect(states(await respond({ answers: { case: { attack: true } } }))).toEqual(['case needs-person', 'a needs-person', 'b needs-person']);
    expect(states(await respond())).toEqual(['case needs-person', 'a skipped-because', 'b skipped-because']);
  });
});

test('an answer given beforehand counts also where its step is not asked for, and stands in the journal', async () => {
  const { respond, journal } = sceneOf(CASE, '{id: a, kind: human, title: A, text: A, when: answers.case.attack != false}');
  const given = { only: ['a'], answers: { case: { attack: false } } };
  expect(states(await respond({ only: ['a'] }))).toEqual(['a needs-person']);
  expect(states(await respond({ ...given, dryRun: true }))).toEqual(['a skipped-because']);
  const result = await respond(given);
  expect(states(result)).toEqual(['a skipped-because']);
  expect(journal.entries(result.run ?? '').flatMap(({ kind, step, data }) => (kind === 'answer' ? [{ step, ...data }] : []))).toEqual([{ step: 'case', question: 'attack', ask: 'An attack?', answer: false }]);
});

test('a severity gate lets through what is as bad, and nothing of which that is not known', async () => {
  const { respond } = sceneOf('{id: a, kind: human, title: A, text: A, severity: high}');
  expect(states(await respond({ severity: 'critical' }))).toEqual(['a needs-person']);
  expect((await respond({ severity: 'medium' })).steps[0]).toMatchObject({ state: 'skipped-because', summary: 'it is for severity high and above, and this is medium (--severity says otherwise)' });
  expect(states(await respond())).toEqual(['a skipped-because']);
});

test('a step waits for those that it needs, and one that was not asked for is not done', async () => {
  const { respond } = sceneOf(CASE, '{id: remove, kind: action, title: Remove, action: remove_timer, needs: [case]}');
  expect((await respond()).steps[1]).toMatchObject({ state: 'skipped-because', summary: 'it needs case, which is needs-person' });
  expect((await respond({ only: ['remove'] })).steps[0]).toMatchObject({ state: 'skipped-because', summary: 'it needs case, which was not asked for' });
  expect(states(await respond({ dryRun: true }))).toEqual(['case needs-person', 'remove would-change']);
  expect(states(await respond({ attend: async () => 'done' }))).toEqual(['case unchanged', 'remove changed']);
});

test('answers stand in the result and in the journal, and are parameters of later steps', async () => {
  const { respond, journal, path } = sceneOf(CASE, "{id: stop, kind: action, title: Stop, action: kill_process, params: {executable: '{{answers.case.name}}', pid: '{{process.pid}}'}}");
  const result = await respond({ event: eventOf(path, { pid: process.ppid }), answers: { case: { attack: false } }, ask: async ({ id }) => (id === 'name' ? '/tmp/$(reboot)\u001b[2J' : undefined), decide: async (step) => (expect(step.params).toEqual({ executable: '/tmp/$(reboot)\u001b[2J', pid: process.ppid }), 'skip') });
  expect(result.steps[0]?.answers).toEqual({ attack: false, name: '/tmp/$(reboot)\u001b[2J' });
  expect(journal.entries(result.run ?? '').flatMap(({ kind, step, data }) => (kind === 'answer' ? [{ step, ...data }] : []))).toEqual([
    { step: 'case', question: 'attack', ask: 'An attack?', answer: false },
    { step: 'case', question: 'name', ask: 'Its name?', answer: '/tmp/$(reboot)\u001b[2J' },
  ]);
});

test('a step is not done before what must be answered is', async () => {
  const { respond } = sceneOf('{id: case, kind: human, title: C, text: C, questions: [{id: lead, ask: Who?, required: true}]}');
  expect((await respond({ attend: async () => 'done' })).steps[0]).toMatchObject({ state: 'needs-person', summary: 'not answered yet: lead' });
  expect((await respond({ attend: async () => 'done', ask: async () => 'me' })).steps[0]).toMatchObject({ state: 'unchanged', answers: { lead: 'me' } });
});

describe('a failure', () => {
  /** The disk is full for a moment, when the second file is to be taken away: the first one is gone by then. */
  const fullOnce = (journal: Journal): Journal => {
    let changes = 0;
    return { entries: journal.entries, append(entry) {
      if (entry.kind === 'change' && entry.data['text'] !== undefined && (changes += 1) === 2) throw new Error('no space left on device');
      return journal.append(entry);
    } };
  };

  test.each([
    ['stop', ['remove failed', 'after skipped-because'], false],
    ['continue', ['remove failed', 'after needs-person'], false],
    ['undo', ['remove failed', 'after skipped-because'], true],
  ] as const)('%s', async (policy, expected, isBack) => {
    const { respond, journal, root } = sceneOf(REMOVE.replace('}', `, on_failure: ${policy}}`), '{id: after, kind: human, title: A, text: A}');
    const before = Object.keys(snapshot(root, without));
    const result = await respond({ journal: fullOnce(journal) });
    expect(states(result)).toEqual(expected);
    expect(result.steps[0]?.summary).toBe(`no space left on device${isBack ? '; what it had changed was taken back' : ''}`);
    expect(result.steps[0]?.changes).toHaveLength(1);
    expect(before.filter((name) => !Object.keys(snapshot(root, without)).includes(name))).toHaveLength(isBack ? 0 : 1);
    expect(result.ended).toBe(policy === 'continue' ? 'finished' : 'stopped');
    expect(journal.entries(result.run!).flatMap(({ kind, data }) => (kind === 'step-failed' ? [data] : []))).toEqual([{ error: 'no space left on device' }]);
  });

  test('before anything is changed takes nothing back', async () => {
    const { respond, context } = sceneOf(REMOVE.replace('}', ', on_failure: undo}'));
    const result = await respond({ context: { ...context, uid: 1000 } });
    expect(result.steps[0]).toMatchObject({ state: 'failed', summary: expect.stringMatching(/^cannot be done: (?!.*taken back)/) });
  });
});

test('what is back once all is taken away is no success', async () => {
  const { respond, journal, root } = sceneOf(REMOVE);
  const files = ['etc/evil.timer', 'etc/evil.service'];
  const comeBack: Journal = { entries: journal.entries, append(entry) {
    if (entry.kind === 'change') for (const file of files) if (!existsSync(join(root, file))) plant(root, { [file]: '[Timer]\nOnCalendar=hourly\n' });
    return journal.append(entry);
  } };
  const result = await respond({ journal: comeBack });
  expect([result.ended, states(result)]).toEqual(['stopped', ['remove failed']]);
  expect(result.steps[0]).toMatchObject({ summary: expect.stringMatching(/evil\.(timer|service)/), undo: `tickward undo ${result.run} remove` });
});

describe('a person', () => {
  test('skips a step of theirs with a reason, and ends the response at it', async () => {
    const { respond } = sceneOf(CASE, REMOVE);
    const skipped = await respond({ attend: async () => ({ skip: 'not wanted: there is one' }), decide: async () => 'skip' });
    expect(skipped.steps[0]).toMatchObject({ state: 'skipped-because', summary: 'not wanted: there is one' });
    const stopped = await respond({ attend: async () => ({ stop: true }) });
    expect([stopped.ended, states(stopped), stopped.steps[1]?.summary]).toEqual(['stopped', ['case skipped-because', 'remove skipped-because'], 'not tried: the response was stopped']);
  });

  test('goes back to what was skipped, and does it', async () => {
    const { respond } = sceneOf(REMOVE, CASE);
    const decisions: Decision[] = [{ skip: 'not wanted: too early' }, 'apply'];
    let visits = 0;
    const result = await respond({ decide: async () => decisions.shift() ?? 'skip', attend: async () => ((visits += 1) === 1 ? 'back' : 'done') });
    expect(states(result)).toEqual(['remove changed', 'case unchanged']);
    expect(decisions).toEqual([]);
  });

  test('goes back from a step that waits for a decision, and does both', async () => {
    const { respond } = sceneOf('{id: owner, kind: action, title: O, action: quarantine_file, params: {path: /nowhere/at/all}}', REMOVE, '{id: again, kind: action, title: R, action: remove_timer}');
    const decided: string[] = [];
    const answers: Decision[] = ['skip', 'back', { skip: 'not wanted: too early' }, 'apply'];
    const result = await respond({ decide: async ({ id }) => (decided.push(id), answers.shift() ?? 'skip') });
    expect(decided).toEqual(['remove', 'again', 'remove', 'again']);
    expect(result.steps.map(({ id, state, summary }) => [id, state, summary])).toEqual([['owner', 'unchanged', expect.any(String)], ['remove', 'skipped-because', 'not wanted: too early'], ['again', 'changed', expect.any(String)]]);
  });

  test('that wants no step is quoted where they gave a reason', async () => {
    const said = async (decision: Decision): Promise<string | undefined> => (await sceneOf(REMOVE).respond({ decide: async () => decision })).steps[0]?.summary;
    expect([await said('skip'), await said({ skip: 'not ours' })]).toEqual(['not wanted', 'not ours']);
  });

  test.each([
    ['takes it back', 'undo', 'remove skipped-because', true],
    ['leaves it', 'keep', 'remove changed', false],
  ] as const)('goes back to what was done, and %s', async (_what, choice, state, isBack) => {
    const { respond, path } = sceneOf(REMOVE, CASE);
    let visits = 0;
    const result = await respond({ decide: async () => (visits === 0 ? 'apply' : { skip: 'not wanted: not ours' }), revisit: async ({ undo }) => (expect(undo).toContain('tickward undo'), choice), attend: async () => ((visits += 1) === 1 ? 'back' : 'open') });
    expect(states(result)).toEqual([state, 'case needs-person']);
    expect([result.steps[0]?.undo === null, existsSync(path)]).toEqual([isBack, isBack]);
  });

  test('goes back to a step that is theirs, which says what is to be done', async () => {
    const { respond } = sceneOf(CASE, '{id: last, kind: human, title: Last, text: Learn.}');
    const attended: string[] = [];
    const result = await respond({ attend: async ({ id }) => (attended.push(id), attended.length === 2 ? 'back' : 'open') });
    expect([attended, result.steps.map(({ summary }) => summary)]).toEqual([['case', 'last', 'case', 'last'], ['Open a case.', 'Learn.']]);
    expect((await respond()).steps.map(({ summary }) => summary)).toEqual(['Open a case.', 'Learn.']);
  });

  test('goes back, has it taken back, and is interrupted there: it is not said to be done', async () => {
    const { respond, path } = sceneOf(REMOVE, CASE);
    let decisions = 0;
    const decide = async (): Promise<Decision> => {
      if ((decisions += 1) > 1) throw new TickwardError('INTERRUPTED', 'Ctrl-C');
      return 'apply';
    };
    const result = await respond({ decide, revisit: async () => 'undo', attend: async () => 'back' });
    expect([result.ended, states(result), existsSync(path)]).toEqual(['interrupted', ['remove skipped-because', 'case skipped-because'], true]);
  });

  test('goes back to what was done and cannot be taken back, and sees that it failed', async () => {
    const { respond, path } = sceneOf(REMOVE, CASE);
    let visits = 0;
    const result = await respond({ revisit: async () => (writeFileSync(path, 'of somebody else'), 'undo'), attend: async () => ((visits += 1) === 1 ? 'back' : 'open') });
    expect(result.steps[0]).toMatchObject({ state: 'failed', summary: expect.stringMatching(/^it could not be taken back: .*evil\.timer is not restored/) });
    expect(readFileSync(path, 'utf8')).toBe('of somebody else');
  });

  test('is asked, and has answered, before anything is decided', async () => {
    const { respond } = sceneOf(REMOVE.replace('}', ', questions: [{id: owner, ask: Whose is it?}]}'));
    const said: string[] = [];
    const ask = async (): Promise<string> => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      said.push('answered');
      return 'nobody';
    };
    const result = await respond({ ask, decide: async () => (said.push('decided'), 'apply') });
    expect([said, result.steps[0]?.answers]).toEqual([['answered', 'decided'], { owner: 'nobody' }]);
  });

  test('that cannot be asked for a decision fails the step, not the whole response', async () => {
    const { respond, path } = sceneOf(REMOVE.replace('}', ', on_failure: continue}'), CASE);
    const result = await respond({ decide: async () => { throw new Error('the terminal is gone'); } });
    expect([states(result), result.steps[0]?.summary, existsSync(path)]).toEqual([['remove failed', 'case needs-person'], 'the terminal is gone', true]);
  });

  test('stays where nothing is before', async () => {
    let asked = 0;
    const { respond } = sceneOf(CASE);
    expect(states(await respond({ attend: async () => ((asked += 1) < 3 ? 'back' : 'done') }))).toEqual(['case unchanged']);
    expect(asked).toBe(3);
  });
});

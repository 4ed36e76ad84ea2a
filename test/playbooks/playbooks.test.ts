/** What every installed playbook has to have, and that all of it works here. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { embeddedTables } from '../../extension/tables/embedded.ts';
import { createHostContext } from '../../src/actions/index.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { investigate, type InvestigatedStep } from '../../src/investigate/index.ts';
import { playbookNames } from '../../src/playbooks/files.ts';
import { readGuide, type Language } from '../../src/playbooks/guides.ts';
import { playbookOfRule } from '../../src/playbooks/of-rule.ts';
import { readPlaybook } from '../../src/playbooks/responses.ts';
import { loadRules } from '../../src/playbooks/rules.ts';
import { compileWhen } from '../../src/respond/condition.ts';
import type { Answers } from '../../src/respond/findings.ts';
import { respond, type RunResult } from '../../src/respond/run.ts';
import type { Rule } from '../../src/rule/load.ts';
import { createEmbedded } from '../../src/sql/embedded/index.ts';
import { openStore } from '../../src/store/index.ts';
import { fileEvent, temporaryDirectory } from '../helpers/events.ts';
import { tickward } from '../helpers/tickward.ts';

const NAMES = playbookNames();
const rules = loadRules((error) => {
  throw error;
});

test('every rule runs, has an id of its own, and leads to its playbook', () => {
  expect(rules.map(({ run }) => run.runs)).toEqual(NAMES.map(() => true));
  expect(rules.map(({ id }) => playbookOfRule(id))).toEqual(NAMES);
  for (const { id } of rules) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

test('a rule that is not installed, and a file without an alert, lead to the general playbook', () => {
  expect([playbookOfRule(undefined), playbookOfRule('another')]).toEqual(['systemd-timer-created', 'systemd-timer-created']);
});

/** Risk as Elastic's rules have it for each severity. */
const RISK: Record<Rule['severity'], number> = { low: 21, medium: 47, high: 73, critical: 99 };

describe.each(rules.map((rule) => [rule.name, rule] as const))('%s', (_name, rule) => {
  test('says what it is about, what it may be wrong about, and where to read on', () => {
    expect(rule.unknown).toEqual([]);
    expect(rule.risk_score).toBe(RISK[rule.severity]);
    expect([rule.description, rule.setup, ...rule.false_positives].every((text) => text !== undefined && text.trim().length > 40)).toBe(true);
    expect(rule.references).toEqual(expect.arrayContaining([expect.stringContaining('https://attack.mitre.org/techniques/')]));
    expect(rule.index).not.toEqual([]);
  });

  test('names its tactics and techniques as MITRE does', () => {
    expect(rule.threat[0]?.tactic.id).toBe('TA0003');
    for (const { tactic, techniques } of rule.threat) {
      expect(tactic.reference).toBe(`https://attack.mitre.org/tactics/${tactic.id}/`);
      for (const technique of techniques) {
        expect(technique.reference).toBe(`https://attack.mitre.org/techniques/${technique.id}/`);
        for (const { id, reference } of technique.subtechniques) expect([id.split('.')[0], reference]).toEqual([technique.id, `https://attack.mitre.org/techniques/${id.replace('.', '/')}/`]);
      }
    }
  });
});

const made = fileEvent({ path: '/etc/systemd/system/tickward-test-none.timer' });
/** It has all that a guide may ask for. */
const event: FileEvent = { ...made, file: { ...made.file, target_path: '/nonexistent', hash: { sha256: 'e3b0' } } };

/** What the guide finds, in each language. */
async function answers(name: string): Promise<Record<Language, InvestigatedStep[]>> {
  const store = openStore(temporaryDirectory());
  store.events.append([event]);
  const engine = await createEmbedded({ tables: embeddedTables({ stateDir: store.directory, uid: process.getuid?.() ?? 0 }) });
  const ask = async (lang: Language): Promise<InvestigatedStep[]> => (await investigate({ event, guide: readGuide(name, lang), engine, parses: (sql) => engine.parses(sql), host: { uid: 0, users: [] }, history: { events: () => [], alerts: () => [] }, lang, timeoutMs: 30_000, maxRows: 1_000 })).steps;
  try {
    return { en: await ask('en'), 'zh-CN': await ask('zh-CN') };
  } finally {
    await engine.close();
    store.close();
  }
}

/** Steps of a dry run that are left out where it was no intruder. */
async function closedSteps(name: string, given: Answers): Promise<string[]> {
  const store = openStore(temporaryDirectory());
  const context = createHostContext({ quarantine: join(store.directory, 'quarantine') });
  const { steps } = await respond({ playbook: readPlaybook(name), event, context, journal: store.journal, dryRun: true, answers: given, decide: async () => 'skip' });
  store.close();
  return steps.filter(({ summary }) => summary === 'its condition does not hold: answers.case.intruder != false').map(({ id }) => id);
}

/** What is only for an attack. */
const AGAINST_INTRUDERS = ['isolate', 'other-hosts', 'backdoors', 'credentials', 'entry'];
const COMPANIONS = NAMES.filter((name) => name !== 'systemd-timer-created');

describe.each(COMPANIONS)('the response of %s', (name) => {
  test('leaves out, where it was no intruder, the isolation and the search for more', async () => {
    expect(await closedSteps(name, { case: { intruder: false } })).toEqual(AGAINST_INTRUDERS);
    expect(await closedSteps(name, { case: { intruder: true } })).toEqual([]);
    expect(await closedSteps(name, {})).toEqual([]);
  });

  test('asks for the record what only a person knows, and ends no process that nobody knows', () => {
    const { steps } = readPlaybook(name);
    const asked = new Map(steps.map(({ id, questions }) => [id, questions.map((question) => question.id)]));
    expect(['case', 'other-hosts', 'backdoors', 'credentials', 'entry', 'lessons'].map((id) => asked.get(id)?.length ?? 0).every((count) => count > 0)).toBe(true);
    expect(steps.filter((step) => step.kind === 'action' && step.action === 'kill_process').map(({ when }) => when ?? '')).toEqual(steps.some(({ id }) => id === 'stop-process') ? ['process.pid != null'] : []);
    expect(steps.filter((step) => step.kind === 'action' && step.action === 'remove_timer').map(({ id }) => id)).toHaveLength(1);
  });
});

test('a unit that was changed is put back by hand only where the action did not', () => {
  const [step] = readPlaybook('systemd-unit-modified').steps.filter(({ id }) => id === 'restore');
  const holds = (state: string): boolean => compileWhen(step?.when ?? 'false').holds({ steps: { remove: state } });
  expect(['changed', 'would-change', 'failed', 'unchanged', 'skipped-because'].map(holds)).toEqual([false, false, true, true, true]);
});

test('a program of a container is not taken by its path on the host', () => {
  const [step] = readPlaybook('systemd-unit-excluded-name').steps.filter(({ id }) => id === 'program');
  const holds = (document: object): boolean => compileWhen(step?.when ?? 'false').holds(document);
  expect([holds({ process: { executable: '/tmp/dpkg' } }), holds({ process: { executable: '/tmp/dpkg' }, container: { id: 'c0ffee' } }), holds({})]).toEqual([true, false, false]);
});

describe.each(NAMES)('the guide and the response of %s', (name) => {
  test('every query runs on the embedded engine, and both languages ask the same in their own words', async () => {
    const { en: english, 'zh-CN': chinese } = await answers(name);
    expect(english.filter(({ kind }) => kind !== 'task').length).toBeGreaterThan(3);
    for (const { title, error, skipped, repairs } of [...english, ...chinese].filter(({ kind }) => kind !== 'check')) expect({ title, error, skipped, repairs }).toEqual({ title, error: null, skipped: null, repairs: [] });
    const shape = (steps: InvestigatedStep[]): unknown[] => steps.map(({ kind, sql }) => ({ kind, sql }));
    expect(shape(chinese)).toEqual(shape(english));
    for (const { title } of chinese) expect(title).toMatch(/\p{Script=Han}/u);
    for (const { title } of english) expect(title).not.toMatch(/\p{Script=Han}/u);
  });

  test('the response can be planned, and offers nothing that changes the host with yes', () => {
    expect(readPlaybook(name).steps.flatMap((step) => (step.kind === 'action' ? [step.default] : []))).not.toContain('yes');
    const { code, stdout, stderr } = tickward(['respond', '--file', '/usr/bin/env', '--playbook', name, '--dry-run', '--json', '--state-dir', join(temporaryDirectory(), 'state')]);
    expect(stderr).toBe('');
    const planned = JSON.parse(stdout) as RunResult;
    expect(planned).toMatchObject({ run: null, playbook: name, dry_run: true, steps: expect.arrayContaining([expect.objectContaining({ id: 'case', state: expect.any(String) }), expect.objectContaining({ id: 'isolate' })]) });
    // A program of a package is taken out by nobody.
    const refused = planned.steps.filter(({ state }) => state === 'failed');
    for (const { summary } of refused) expect(summary).toMatch(/^cannot be done: /);
    expect(refused.length > 0 ? [1] : [0, 3]).toContain(code);
  });
});

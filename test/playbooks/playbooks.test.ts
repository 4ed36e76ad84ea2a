/** What every installed playbook has to have, and that all of it works here. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { embeddedTables } from '../../extension/tables/embedded.ts';
import type { FileEvent } from '../../src/model/event.ts';
import { investigate, type InvestigatedStep } from '../../src/investigate/index.ts';
import { playbookNames } from '../../src/playbooks/files.ts';
import { readGuide, type Language } from '../../src/playbooks/guides.ts';
import { playbookOfRule } from '../../src/playbooks/of-rule.ts';
import { readPlaybook } from '../../src/playbooks/responses.ts';
import { loadRules } from '../../src/playbooks/rules.ts';
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

async function answers(name: string, language: Language): Promise<InvestigatedStep[]> {
  const store = openStore(temporaryDirectory());
  store.events.append([event]);
  const engine = await createEmbedded({ tables: embeddedTables({ stateDir: store.directory, uid: process.getuid?.() ?? 0 }) });
  try {
    return (await investigate({ event, guide: readGuide(name, language), engine, parses: (sql) => engine.parses(sql), host: { uid: 0, users: [] }, history: { events: () => [], alerts: () => [] }, lang: language, timeoutMs: 30_000, maxRows: 1_000 })).steps;
  } finally {
    await engine.close();
    store.close();
  }
}

describe.each(NAMES)('the guide and the response of %s', (name) => {
  test('every query runs on the embedded engine, and both languages ask the same in their own words', async () => {
    const english = await answers(name, 'en');
    const chinese = await answers(name, 'zh-CN');
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
    expect(JSON.parse(stdout)).toMatchObject({ run: null, playbook: name, dry_run: true, steps: expect.arrayContaining([expect.objectContaining({ id: 'case', state: expect.any(String) }), expect.objectContaining({ id: 'isolate' })]) });
    expect([0, 3]).toContain(code);
  });
});

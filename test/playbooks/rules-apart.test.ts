import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadRulesApart } from '../../src/playbooks/rules-apart.ts';
import { loadRules } from '../../src/playbooks/rules.ts';
import type { Rule } from '../../src/rule/rule.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const withoutCode = ({ run, ...rule }: Rule): object => ({ ...rule, run: run.runs ? { tree: run.tree } : run });

test('the installed rules come from the other process as they are read here, and judge alike', async () => {
  const broken: string[] = [];
  const apart = await loadRulesApart((message) => broken.push(message));
  const here = loadRules((error) => broken.push(String(error)));
  expect(apart.map(withoutCode)).toEqual(here.map(withoutCode));
  expect(broken).toEqual([]);
  const timer = { event: { category: ['file'], action: 'creation', type: ['creation'] }, host: { os: { type: 'linux' } }, file: { path: '/etc/systemd/system/x.timer', name: 'x.timer', extension: 'timer', directory: '/etc/systemd/system' }, process: { name: 'sh', executable: '/usr/bin/dash' } };
  const matching = (rules: readonly Rule[]): string[] => rules.flatMap(({ name, run }) => (run.runs && run.matches(timer) ? [name] : []));
  expect(matching(apart)).toContain('Systemd Timer Created');
  expect(matching(apart)).toEqual(matching(here));
});

test('a rule that does not load is said with its place, and the others come', async () => {
  const directory = temporaryDirectory();
  const playbooks = { a: '[rule\n', b: '[rule]\nrule_id = "1"\nname = "n"\ndescription = "d"\nseverity = "low"\nrisk_score = 1\ntype = "eql"\nquery = "file where true"\n' };
  for (const [name, text] of Object.entries(playbooks)) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'rule.toml'), text);
  }
  const broken: string[] = [];
  const rules = await loadRulesApart((message, file) => broken.push(`${file.slice(directory.length)}: ${message}`), directory);
  expect(rules.map(({ id }) => id)).toEqual(['1']);
  expect(broken).toEqual([expect.stringMatching(/^\/a\/rule.toml: .*this is no TOML/)]);
});

test('without a directory of rules it fails instead of waiting', async () => {
  await expect(loadRulesApart(() => undefined, '/nonexistent')).rejects.toThrow(/\/nonexistent/);
});

test('where no other process can be started, they are read here', async () => {
  const node = process.execPath;
  onTestFinished(() => void (process.execPath = node));
  process.execPath = '/nonexistent/node';
  const rules = await loadRulesApart((message) => expect.fail(message));
  expect(rules.map(withoutCode)).toEqual(loadRules((error) => expect.fail(String(error))).map(withoutCode));
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { messageOf } from '../../src/model/errors.ts';
import { loadRules } from '../../src/playbooks/rules.ts';
import { temporaryDirectory } from '../helpers/events.ts';

const rule = (id: string): string => `[rule]\nrule_id = "${id}"\nname = "n"\ndescription = "d"\nseverity = "low"\nrisk_score = 1\ntype = "eql"\nquery = "file where true"\n`;

test('a rule that does not load, or has the id of another, is said; the others go on', () => {
  const directory = temporaryDirectory();
  const playbooks = { a: rule('1'), b: rule('1'), c: '[rule\n', d: rule('2') };
  for (const [name, text] of Object.entries(playbooks)) {
    mkdirSync(join(directory, name));
    writeFileSync(join(directory, name, 'rule.toml'), text);
  }
  mkdirSync(join(directory, 'e'));
  const broken: string[] = [];
  const rules = loadRules((error, file) => broken.push(`${file.slice(directory.length)}: ${messageOf(error)}`), directory);
  expect(rules.map(({ id }) => id)).toEqual(['1', '2']);
  expect(broken).toEqual([expect.stringMatching(/^\/b\/rule.toml: the rule_id 1 is also that of .*\/a\/rule.toml/), expect.stringMatching(/^\/c\/rule.toml: this is no TOML/), expect.stringMatching(/^\/e\/rule.toml: .*there is no such file/)]);
});

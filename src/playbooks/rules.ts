/** The rules of the playbooks that are installed. Apart from guides and responses: who only watches needs none of what those need. */
import { join } from 'node:path';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import type { Export } from '../rule/export.ts';
import { loadRuleFile } from '../rule/file.ts';
import { loadRule, type Rule } from '../rule/load.ts';
import { PLAYBOOKS, playbookNames, readText } from './files.ts';

/** Rules of all playbooks. One that does not load, or has the id of one before it, is given to `onBroken`; the others go on. */
export function loadRules(onBroken: (error: unknown, file: string) => void, directory: string = PLAYBOOKS): Rule[] {
  const fileOf = new Map<string, string>();
  return playbookNames(directory).flatMap((name) => {
    const file = join(directory, name, 'rule.toml');
    try {
      const rule = readRule(file);
      const other = fileOf.get(rule.id);
      if (other !== undefined) throw new TickwardError('BAD_INPUT', `the rule_id ${printable(rule.id)} is also that of ${other}: this rule is left out`, { hint: 'give each rule an id of its own' });
      fileOf.set(rule.id, file);
      return [rule];
    } catch (error) {
      onBroken(error, file);
      return [];
    }
  });
}

export function readRule(file: string): Rule {
  return loadRule(readText(file, 'the rule'), file);
}

/** A rule in TOML, or the rules of an export. Throws when the file cannot be read; what is broken in it is in `errors`. */
export function readRules(file: string): Export {
  return loadRuleFile(readText(file, 'the rule'), file, Date.now());
}

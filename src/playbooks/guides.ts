/** The guides of the playbooks that are installed, and which of them an alert belongs to. Apart from rules and responses: who only investigates needs none of what those need. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { parseGuide, type Guide } from '../guide/parse.ts';
import { readToml } from '../rule/toml.ts';
import { playbookNames, PLAYBOOKS, readText } from './files.ts';

export type Language = 'en' | 'zh-CN';

/** The guide in the language asked for, else in English. */
export function readGuide(name: string, language: Language): Guide {
  const english = join(PLAYBOOKS, name, 'guide.md');
  const translated = join(PLAYBOOKS, name, `guide.${language}.md`);
  const file = language === 'en' ? english : translated;
  try {
    return parseGuide(readFileSync(file, 'utf8'), { file });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || file === english) throw error;
    return parseGuide(readText(english, 'the guide'), { file: english });
  }
}

/** For a file without an alert, and for alerts of rules that are not installed. */
const GENERAL = 'systemd-timer-created';

/** The playbook that a rule of this id belongs to; the general one where none does. */
export function playbookOfRule(ruleId: string | undefined): string {
  const names = playbookNames();
  const found = ruleId === undefined ? undefined : names.find((name) => ruleIdOf(name) === ruleId);
  const chosen = found ?? names.find((name) => name === GENERAL) ?? names[0];
  if (chosen === undefined) throw new TickwardError('FAILED', `no playbook is installed in ${PLAYBOOKS}`, { hint: 'install Tickward again' });
  return chosen;
}

/** Its text alone: to load ten rules takes longer than the rest of the start. One that is broken keeps none of the others from being found: `doctor` and `watch` say what is wrong with it. */
function ruleIdOf(name: string): string | undefined {
  try {
    const file = join(PLAYBOOKS, name, 'rule.toml');
    const { rule } = readToml({ text: readText(file, 'the rule'), file }) as { rule?: { rule_id?: string } };
    return rule?.rule_id;
  } catch {
    return undefined;
  }
}

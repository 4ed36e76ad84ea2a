/** The playbooks that are installed: one folder each with rule.toml, guide.md (guide.LANG.md) and response.yaml. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { parseGuide, type Guide } from '../guide/parse.ts';
import { parsePlaybook, type Playbook } from '../respond/playbook.ts';
import { playbookNames, PLAYBOOKS, readRule, readText } from './rules.ts';

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

/** An installed one by its name; any other by a path with a slash, to its folder or its response.yaml. */
export function readPlaybook(name: string): Playbook {
  const file = name.includes('/') ? responseFile(name) : join(PLAYBOOKS, known(name), 'response.yaml');
  return parsePlaybook(readText(file, 'the response'), file);
}

/** `path` itself, or the response in it where it is a folder. */
export function responseFile(path: string): string {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? join(path, 'response.yaml') : path;
}

function known(name: string): string {
  if (!playbookNames().includes(name)) throw new TickwardError('NOT_FOUND', `there is no playbook ${printable(name)}`, { hint: `known: ${playbookNames().join(', ')}; another one is named by its path` });
  return name;
}

/** How bad the rule of an installed playbook thinks it is; undefined where there is none. */
export function severityOf(name: string): string | undefined {
  try {
    return readRule(join(PLAYBOOKS, known(name), 'rule.toml')).severity;
  } catch {
    return undefined;
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

/** One that does not load keeps none of the others from being found: `doctor` and `watch` say what is wrong with it. */
function ruleIdOf(name: string): string | undefined {
  try {
    return readRule(join(PLAYBOOKS, name, 'rule.toml')).id;
  } catch {
    return undefined;
  }
}

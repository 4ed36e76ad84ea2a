/** The playbooks that are installed: one folder each with rule.toml, guide.md (guide.LANG.md) and response.yaml. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf, TickwardError } from './model/errors.ts';
import { printable } from './model/text.ts';
import { parseGuide, type Guide } from './guide/parse.ts';
import { parsePlaybook, type Playbook } from './respond/playbook.ts';
import { loadRule, type Rule } from './rule/load.ts';

export type Language = 'en' | 'zh-CN';

export const PLAYBOOKS = join(import.meta.dirname, '../playbooks');

export function playbookNames(directory: string = PLAYBOOKS): string[] {
  return readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
}

/** Rules of all playbooks. One that does not load is given to `onBroken`; the others go on. */
export function loadRules(onBroken: (error: unknown, file: string) => void, directory: string = PLAYBOOKS): Rule[] {
  return playbookNames(directory).flatMap((name) => {
    const file = join(directory, name, 'rule.toml');
    try {
      return [readRule(file)];
    } catch (error) {
      onBroken(error, file);
      return [];
    }
  });
}

export function readRule(file: string): Rule {
  return loadRule(readText(file, 'the rule'), file);
}

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

export function readPlaybook(name: string): Playbook {
  if (!playbookNames().includes(name)) throw new TickwardError('NOT_FOUND', `there is no playbook ${printable(name)}`, { hint: `known: ${playbookNames().join(', ')}` });
  const file = join(PLAYBOOKS, name, 'response.yaml');
  return parsePlaybook(readText(file, 'the response'), file);
}

/** The playbook that a rule of this id belongs to; the first one where none does. */
export function playbookOfRule(ruleId: string | undefined): string {
  const names = playbookNames();
  const found = names.find((name) => ruleId !== undefined && readRule(join(PLAYBOOKS, name, 'rule.toml')).id === ruleId);
  const chosen = found ?? names[0];
  if (chosen === undefined) throw new TickwardError('FAILED', `no playbook is installed in ${PLAYBOOKS}`, { hint: 'install Tickward again' });
  return chosen;
}

/** A text file that someone named: a clear error when it is not there. */
export function readText(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new TickwardError(errnoOf(error) === 'ENOENT' ? 'NOT_FOUND' : 'BAD_INPUT', `${what} ${printable(file)} cannot be read: ${reasonOf(error)}`, { hint: 'check the path and its permissions', cause: error });
  }
}

function reasonOf(error: unknown): string {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a directory';
    case 'EACCES':
      return 'no permission';
    default:
      return messageOf(error);
  }
}

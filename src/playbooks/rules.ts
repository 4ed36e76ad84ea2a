/** The rules of the playbooks that are installed. Apart from guides and responses: who only watches needs none of what those need. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { loadRule, type Rule } from '../rule/load.ts';

export const PLAYBOOKS = join(import.meta.dirname, '../../playbooks');

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

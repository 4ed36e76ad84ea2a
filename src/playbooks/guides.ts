/** The guides of the playbooks that are installed. Apart from rules and responses: who only investigates needs none of what those need. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import { parseGuide, type Guide } from '../guide/parse.ts';
import { PLAYBOOKS, readText } from './files.ts';

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

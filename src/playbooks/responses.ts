/** The responses of playbooks, installed ones and others. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';
import { parsePlaybook, type Playbook } from '../respond/playbook.ts';
import { playbookNames, PLAYBOOKS, readText } from './files.ts';

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

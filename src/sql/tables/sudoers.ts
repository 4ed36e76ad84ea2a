/** osquery's `sudoers`: the rules by which users become others, included files too (sudoers(5)). */
import { dirname } from 'node:path';
import type { QueryContext, Row, Table } from '../../model/table.ts';
import { legible } from '../../model/text.ts';
import { filesIn } from './homes.ts';
import { linesOf } from './lines.ts';

const SUDOERS = '/etc/sudoers';
/** sudoers(5): no more than 128 files are nested. Two that include each other end here. */
const MOST_NESTED = 128;
/** Of all files together, against ones that include each other twice and more. */
const MOST_FILES = 1_000;

interface Reading {
  context: QueryContext;
  files: number;
}

export function createSudoers(path = SUDOERS): Table {
  return {
    name: 'sudoers',
    description: 'Rules for running commands as other users via sudo.',
    columns: [
      { name: 'source', type: 'TEXT' },
      { name: 'header', type: 'TEXT' },
      { name: 'rule_details', type: 'TEXT' },
    ],
    *generate(context) {
      yield* rulesOf(path, 1, { context, files: 0 });
    },
  };
}

export const sudoers = createSudoers();

function* rulesOf(path: string, level: number, reading: Reading): Generator<Row> {
  reading.files += 1;
  if (level > MOST_NESTED || reading.files > MOST_FILES) {
    reading.context.warn(`${legible(path)} is not read: too many files include each other`);
    return;
  }
  for (const { header, rule_details } of parseSudoers(linesOf(path, reading.context))) {
    yield { source: legible(path), header, rule_details };
    if (!isInclude(header)) continue;
    const target = rule_details.startsWith('/') ? rule_details : `${dirname(path)}/${rule_details}`;
    for (const file of header.endsWith('dir') ? includedIn(target, reading.context) : [target]) yield* rulesOf(file, level + 1, reading);
  }
}

/** sudoers(5): names with a dot and those that end in `~` are passed over. */
function includedIn(folder: string, context: QueryContext): string[] {
  return filesIn(folder, context).filter((path) => !path.slice(path.lastIndexOf('/')).includes('.') && !path.endsWith('~'));
}

function isInclude(header: string): boolean {
  return /^[#@]include(?:dir)?$/.test(header);
}

/** The first word and the rest of each line; a backslash at its end continues it. Comments are left out, `#include` is none. */
export function* parseSudoers(lines: Iterable<string>): Generator<{ header: string; rule_details: string }> {
  let pending = '';
  for (const text of lines) {
    const line = pending + text.trim();
    pending = line.endsWith('\\') && !line.startsWith('#') ? line.slice(0, -1) : '';
    if (pending === '') yield* ruleOf(line);
  }
  yield* ruleOf(pending);
}

function ruleOf(line: string): { header: string; rule_details: string }[] {
  const [, header = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const rule_details = rest.trim();
  if (header === '' || (isInclude(header) ? rule_details === '' : header.startsWith('#'))) return [];
  return [{ header, rule_details }];
}

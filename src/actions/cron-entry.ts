/** Finds the line of cron that is meant, and only that. */
import { cronTables, isJob } from '../host/cron-files.ts';
import { show, toBytes } from '../host/paths.ts';
import { messageOf, TickwardError } from '../model/errors.ts';
import { printable, shorten, textOfBytes } from '../model/text.ts';
import { planEdit, type FileEdit, type Line } from './file-edit.ts';

export interface CronParams {
  path?: string;
  line?: string;
  number?: number;
}

export type CronEntry = { state: 'found'; edit: FileEdit; notes: string[] } | { state: 'blocked' | 'nothing-to-do'; reason: string; notes: string[] };

export function planCronEntry({ path, line, number }: CronParams): CronEntry {
  if (line === undefined && number === undefined) return { state: 'nothing-to-do', reason: 'no entry was named, by its line, its number or its job', notes: [] };
  if (line !== undefined && !isJob(line)) return { state: 'blocked', reason: `"${shorten(line, 80)}" runs nothing: it is blank, a comment or a setting`, notes: [] };
  if (line === undefined && path === undefined) return { state: 'blocked', reason: 'a number alone names no line: say of which table (path)', notes: [] };
  const tables = cronTables();
  const paths = path === undefined ? tables.paths : tables.paths.filter((each) => each.equals(toBytes(path)));
  if (path !== undefined && paths.length === 0) return { state: 'blocked', reason: `${printable(path)} is no table of cron`, notes: tables.unread };
  const edits: FileEdit[] = [];
  const notes = [...tables.unread];
  for (const each of paths) {
    try {
      const edit = planEdit(each, (found) => isMeant(found, line, number));
      if (edit !== undefined) edits.push(edit);
    } catch (error) {
      if (!(error instanceof TickwardError && error.code === 'NOT_FOUND')) notes.push(messageOf(error));
    }
  }
  return judge(edits, notes, line);
}

function judge(edits: readonly FileEdit[], notes: string[], line: string | undefined): CronEntry {
  const [edit, other] = edits;
  if (edit === undefined) return notes.length > 0 ? { state: 'blocked', reason: `the line was found nowhere, but not all could be looked into: ${notes[0]}`, notes } : { state: 'nothing-to-do', reason: 'no table has this line', notes };
  if (other !== undefined) return { state: 'blocked', reason: `the line is in several tables: say in which (path): ${edits.map((each) => show(each.path)).join(', ')}`, notes };
  const idle = edit.lines.find(({ text }) => !isJob(text));
  if (idle !== undefined) return { state: 'blocked', reason: `line ${idle.number} of ${show(edit.path)} runs nothing: "${shorten(idle.text, 80)}"`, notes };
  return { state: 'found', edit, notes: line !== undefined && edit.lines.length > 1 ? [...notes, `the same line stands ${edit.lines.length} times in ${printable(textOfBytes(edit.path))}`] : notes };
}

function isMeant(found: Line, line: string | undefined, number: number | undefined): boolean {
  return (number === undefined || found.number === number) && (line === undefined || found.text.trim() === line.trim());
}

/** osquery's `crontab`: the system's file, cron.d and the users' files, line by line. */
import { readdirSync } from 'node:fs';
import type { QueryContext, Row, Table } from '../../model/table.ts';
import { legible, textOfBytes } from '../../model/text.ts';
import { linesOf, unreadable } from './lines.ts';

const SYSTEM_FILE = '/etc/crontab';
const SYSTEM_FOLDER = '/etc/cron.d';
/** Debian's and Red Hat's. */
const USER_FOLDERS = ['/var/spool/cron/crontabs', '/var/spool/cron'];

/** `root` is put in front of every path that is read, and left out of what is shown. */
export function createCrontab(root = ''): Table {
  return {
    name: 'crontab',
    description: 'Line parsed values from system and user cron/tab.',
    columns: [
      { name: 'event', type: 'TEXT' },
      { name: 'minute', type: 'TEXT' },
      { name: 'hour', type: 'TEXT' },
      { name: 'day_of_month', type: 'TEXT' },
      { name: 'month', type: 'TEXT' },
      { name: 'day_of_week', type: 'TEXT' },
      { name: 'command', type: 'TEXT' },
      { name: 'path', type: 'TEXT' },
      { name: 'pid_with_namespace', type: 'INTEGER', additional: true, hidden: true },
    ],
    *generate(context) {
      const folders = [SYSTEM_FOLDER, ...USER_FOLDERS].flatMap((folder) => filesOf(root, folder, context));
      for (const path of [SYSTEM_FILE, ...folders]) {
        context.checkpoint();
        for (const line of linesOf(root + path, context)) {
          const row = parseLine(line);
          if (row !== undefined) yield { ...row, path: legible(path) };
        }
      }
    },
  };
}

export const crontab = createCrontab();

function filesOf(root: string, folder: string, context: QueryContext): string[] {
  try {
    const entries = readdirSync(root + folder, { withFileTypes: true, encoding: 'buffer' });
    return entries.filter((entry) => !entry.isDirectory()).map((entry) => textOfBytes(entry.name)).filter((name) => !name.startsWith('.')).map((name) => `${folder}/${name}`);
  } catch (error) {
    unreadable(root + folder, error, context);
    return [];
  }
}

/** Runs of blanks become one; comments, assignments and lines without a command are left out, as osquery does. */
function parseLine(text: string): Row | undefined {
  const line = text.trim();
  if (line === '' || line.startsWith('#')) return undefined;
  const words = line.split(/\s+/);
  if (line.startsWith('@')) {
    const [event, ...command] = words;
    return command.length === 0 ? undefined : { event, minute: '', hour: '', day_of_month: '', month: '', day_of_week: '', command: command.join(' ') };
  }
  const [minute, hour, day_of_month, month, day_of_week, ...command] = words;
  if (command.length === 0) return undefined;
  return { event: '', minute, hour, day_of_month, month, day_of_week, command: command.join(' ') };
}

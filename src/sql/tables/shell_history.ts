/** osquery's `shell_history`: what users typed, by the files of bash, zsh and others. Files are read a piece at a time, so one of a gigabyte takes time but no memory. */
import type { Row, Table } from '../../model/table.ts';
import { filesIn, usersAsked } from './homes.ts';
import { linesOf } from './lines.ts';
import { legible } from '../../model/text.ts';

const FILES = ['.bash_history', '.zsh_history', '.zhistory', '.history', '.sh_history', '.ash_history'];
const SESSIONS = '.bash_sessions';

/** bash with HISTTIMEFORMAT: `#1700000000` before the command. */
const BASH_TIME = /^#(\d+)$/;
/** zsh with EXTENDED_HISTORY: `: 1700000000:0;command`. */
const ZSH_LINE = /^: {0,10}(\d{1,11}):\d+;(.*)$/s;

export const shell_history: Table = {
  name: 'shell_history',
  description: 'A line-delimited (command) table of per-user .*_history data.',
  columns: [
    { name: 'uid', type: 'BIGINT', additional: true, optimized: true },
    { name: 'time', type: 'INTEGER' },
    { name: 'command', type: 'TEXT' },
    { name: 'history_file', type: 'TEXT' },
  ],
  *generate(context) {
    for (const { uid, home } of usersAsked(context)) {
      const sessions = filesIn(`${home}/${SESSIONS}`, context).filter((path) => path.endsWith('.history'));
      for (const path of [...FILES.map((file) => `${home}/${file}`), ...sessions]) {
        for (const row of parseHistory(linesOf(path, context))) yield { uid, ...row, history_file: legible(path) };
      }
    }
  },
};

/** Time is 0 where the shell wrote none. */
export function* parseHistory(lines: Iterable<string>): Generator<Row> {
  let time: string | undefined;
  for (const line of lines) {
    const stamp = time === undefined ? BASH_TIME.exec(line)?.[1] : undefined;
    if (stamp !== undefined) {
      time = stamp;
      continue;
    }
    const [, zshTime, zshCommand] = time === undefined ? (ZSH_LINE.exec(line) ?? []) : [];
    yield { time: time ?? zshTime ?? 0, command: zshCommand ?? line };
    time = undefined;
  }
}

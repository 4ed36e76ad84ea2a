/** `tickward query`: SQL on osqueryd, osqueryi or the embedded engine. */
import type { Command } from 'commander';
import { TickwardError } from '../../model/errors.ts';
import { printable } from '../../model/text.ts';
import { Exit, type Register } from '../context.ts';
import { openEngine, refuseSocketOfNone } from '../engine.ts';

interface Options {
  maxRows: string;
}

export const query: Register = (program, act) => {
  program
    .command('query <sql>')
    .description("SQL over the host's tables; --json prints what osqueryi --json prints")
    .option('--engine <name>', 'auto, osqueryd, osqueryi or embedded (default auto: the first that answers)')
    .option('--socket <path>', "osquery's extension manager socket")
    .option('--timeout <seconds>', 'how long the query may take (default 30, a day at most)')
    .option('--max-rows <n>', 'rows at most', '100000')
    .addHelpText('after', `
Examples:
  tickward query "SELECT path, size FROM file WHERE path LIKE '/etc/systemd/system/%.timer'"
  tickward query --engine embedded --json "SELECT * FROM crontab"
  tickward query "SELECT datetime(time, 'unixepoch') AS at, path, executable, username FROM systemd_timer_events"`)
    .action(act(async (context, sql: string, options: Options, command: Command) => {
      refuseSocketOfNone(context, command);
      const maxRows = Number(options.maxRows);
      if (!Number.isInteger(maxRows) || maxRows < 1) throw new TickwardError('USAGE', '--max-rows takes a whole number from 1');
      // Of a script whose variable is empty: no rows would be an answer.
      if (sql.trim() === '') throw new TickwardError('USAGE', 'the query is empty', { hint: 'give SQL: tickward query "SELECT …"' });
      const engine = await openEngine(context);
      const result = await engine.query(sql, { timeoutMs: context.settings.timeout * 1000, maxRows });
      for (const warning of result.warnings) context.notice({ level: 'warn', message: warning });
      const twice = result.columns.find((column, index) => result.columns.indexOf(column) !== index);
      // As osquery answers: a row has one value a name. In a join of a table with itself it is easily taken for that of the other.
      if (twice !== undefined) context.notice({ level: 'warn', message: `more than one column is called ${printable(twice)}, and each row has one value for it: give them names of their own with AS` });
      if (result.truncated) context.notice({ level: 'warn', message: `only the first ${result.rows.length} rows are shown` });
      if (context.out.json) context.out.document(result.rows);
      else {
        if (result.rows.length > 0) context.out.table(result.columns, result.rows.map((row) => result.columns.map((column) => row[column])));
        context.out.progress(`${result.rows.length === 0 ? 'no' : result.rows.length} row${result.rows.length === 1 ? '' : 's'} (${engine.name})`);
      }
      return Exit.DONE;
    }));
};

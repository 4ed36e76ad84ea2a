/** osquery's `process_envs`: /proc/PID/environ (proc(5)), as the process was started; what it has changed since, or overwritten, shows only in part. */
import { contentOf } from '../../host/proc.ts';
import type { Row, Table } from '../../model/table.ts';
import { legible } from '../../model/text.ts';
import { askedProcesses, attempt } from './pids.ts';

/** Characters of one process that are shown; arguments and environment together may be 6 MB (execve(2)). */
const MOST = 1024 * 1024;

export const process_envs: Table = {
  name: 'process_envs',
  description: 'A key/value table of environment variables for each process.',
  columns: [
    { name: 'pid', type: 'INTEGER', index: true, optimized: true },
    { name: 'key', type: 'TEXT' },
    { name: 'value', type: 'TEXT' },
  ],
  *generate(context) {
    for (const pid of askedProcesses(context)) {
      context.checkpoint();
      const environment = attempt(context, 'variables', () => contentOf(pid, 'environ'));
      if (environment === undefined) continue;
      if (environment.length > MOST) context.warn(`of the variables of process ${pid} the first MiB is shown`);
      for (const row of parseEnvironment(environment.slice(0, MOST))) yield { pid, ...row };
    }
  },
};

/** Entries are `KEY=value`; of one without `=` osquery shows the whole as key and as value. Empty ones are passed over, so that none can hide those behind it. */
export function* parseEnvironment(text: string): Iterable<Row> {
  for (const entry of text.split('\0')) {
    if (entry === '') continue;
    const equals = entry.indexOf('=');
    yield { key: legible(equals < 0 ? entry : entry.slice(0, equals)), value: legible(entry.slice(equals + 1)) };
  }
}

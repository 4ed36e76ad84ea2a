/** osquery's `process_open_files`: where the links in /proc/PID/fd lead (proc(5)), but for sockets, pipes and anonymous inodes. */
import { descriptorsOf } from '../../host/proc.ts';
import type { Table } from '../../model/table.ts';
import { legible } from '../../model/text.ts';
import { askedProcesses, attempt } from './pids.ts';

const NO_FILE = /socket:|pipe:|anon_inode:/;

export const process_open_files: Table = {
  name: 'process_open_files',
  description: 'File descriptors for each process.',
  columns: [
    { name: 'pid', type: 'BIGINT', index: true },
    { name: 'fd', type: 'BIGINT' },
    { name: 'path', type: 'TEXT' },
  ],
  *generate(context) {
    for (const pid of askedProcesses(context)) {
      context.checkpoint();
      for (const { fd, target } of attempt(context, 'open files', () => descriptorsOf(pid)) ?? []) if (target.startsWith('/') || !NO_FILE.test(target)) yield { pid, fd, path: legible(target) };
    }
  },
};

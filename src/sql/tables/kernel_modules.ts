/** osquery's `kernel_modules`: /proc/modules (proc(5)). Addresses are zero for whoever may not see them. */
import type { Row, Table } from '../../model/table.ts';
import { readWhole, wordsOf } from './lines.ts';

export const kernel_modules: Table = {
  name: 'kernel_modules',
  description: 'Linux kernel modules both loaded and within the load search path.',
  columns: [
    { name: 'name', type: 'TEXT' },
    { name: 'size', type: 'BIGINT' },
    { name: 'used_by', type: 'TEXT' },
    { name: 'status', type: 'TEXT' },
    { name: 'address', type: 'TEXT' },
  ],
  generate(context) {
    return parseModules(readWhole(context, '/proc/modules') ?? '');
  },
};

/** Name, bytes, number of users, users (`-`, or each with a comma behind it), state, address. */
export function parseModules(text: string): Row[] {
  return text.split('\n').flatMap((line) => {
    const [name, size, , users, status, address] = wordsOf(line);
    return address === undefined ? [] : [{ name, size, used_by: users?.replace(/,$/, ''), status, address }];
  });
}

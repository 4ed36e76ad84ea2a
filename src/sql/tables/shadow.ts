/** osquery's `shadow`: the state of each password and its dates (shadow(5)). The hash itself never leaves this file. */
import { equals, type Row, type Table } from '../../model/table.ts';
import { linesOf } from './lines.ts';

const SHADOW = '/etc/shadow';

export const shadow: Table = {
  name: 'shadow',
  description: 'Local system users encrypted passwords and related information. Please note, that you usually need superuser rights to access `/etc/shadow`.',
  columns: [
    { name: 'password_status', type: 'TEXT' },
    { name: 'hash_alg', type: 'TEXT' },
    { name: 'last_change', type: 'BIGINT' },
    { name: 'min', type: 'BIGINT' },
    { name: 'max', type: 'BIGINT' },
    { name: 'warning', type: 'BIGINT' },
    { name: 'inactive', type: 'BIGINT' },
    { name: 'expire', type: 'BIGINT' },
    { name: 'flag', type: 'BIGINT' },
    { name: 'username', type: 'TEXT', index: true, optimized: true },
  ],
  *generate(context) {
    const names = new Set(equals(context, 'username'));
    for (const line of linesOf(SHADOW, context)) {
      const row = parseShadowLine(line);
      if (row !== undefined && (names.size === 0 || names.has(String(row['username'])))) yield row;
    }
  },
};

/** Days, and -1 where nothing is said, as getspent(3) gives them. */
export function parseShadowLine(line: string): Row | undefined {
  const fields = line.split(':');
  const [username = '', password = ''] = fields;
  if (username === '' || fields.length < 2) return undefined;
  const [last_change, min, max, warning, inactive, expire, flag] = Array.from({ length: 7 }, (_, index) => fields[index + 2] || '-1');
  return { username, password_status: statusOf(password), hash_alg: /^\$(\w+)\$/.exec(password)?.[1] ?? '', last_change, min, max, warning, inactive, expire, flag };
}

function statusOf(password: string): string {
  if (password === '!!') return 'not_set';
  if (password === '') return 'empty';
  return /^[!*x]/.test(password) ? 'locked' : 'active';
}

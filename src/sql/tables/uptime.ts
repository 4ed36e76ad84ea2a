/** osquery's `uptime`: whole seconds since the boot, suspends included (sysinfo(2), /proc/uptime). */
import { uptime as secondsSinceBoot } from 'node:os';
import type { Row, Table } from '../../model/table.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const uptime: Table = {
  name: 'uptime',
  description: 'Track time passed since last boot. Some systems track this as calendar time, some as runtime.',
  columns: [
    { name: 'days', type: 'INTEGER' },
    { name: 'hours', type: 'INTEGER' },
    { name: 'minutes', type: 'INTEGER' },
    { name: 'seconds', type: 'INTEGER' },
    { name: 'total_seconds', type: 'BIGINT' },
  ],
  *generate() {
    yield split(Math.floor(secondsSinceBoot()));
  },
};

export function split(seconds: number): Row {
  return { days: Math.floor(seconds / DAY), hours: Math.floor((seconds % DAY) / HOUR), minutes: Math.floor((seconds % HOUR) / MINUTE), seconds: seconds % MINUTE, total_seconds: seconds };
}

/** osquery's `load_average`: /proc/loadavg (proc(5)), with six digits as getloadavg(3) printed by std::to_string. */
import type { Row, Table } from '../../model/table.ts';
import { readWhole, wordsOf } from './lines.ts';

const PERIODS = ['1m', '5m', '15m'];
const DIGITS = 6;

export const load_average: Table = {
  name: 'load_average',
  description: 'Displays information about the system wide load averages.',
  columns: [
    { name: 'period', type: 'TEXT' },
    { name: 'average', type: 'TEXT' },
  ],
  generate(context) {
    return parseLoad(readWhole(context, '/proc/loadavg') ?? '');
  },
};

export function parseLoad(text: string): Row[] {
  const averages = wordsOf(text);
  return PERIODS.flatMap((period, index) => (averages[index] === undefined ? [] : [{ period, average: Number(averages[index]).toFixed(DIGITS) }]));
}

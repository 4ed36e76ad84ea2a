/** osquery's `time`: now, in UTC. */
import type { Table } from '../../model/table.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const SHORT_MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export const time: Table = {
  name: 'time',
  description: 'Track current date and time in UTC.',
  columns: [
    { name: 'weekday', type: 'TEXT' },
    { name: 'year', type: 'INTEGER' },
    { name: 'month', type: 'INTEGER' },
    { name: 'day', type: 'INTEGER' },
    { name: 'hour', type: 'INTEGER' },
    { name: 'minutes', type: 'INTEGER' },
    { name: 'seconds', type: 'INTEGER' },
    { name: 'timezone', type: 'TEXT' },
    { name: 'local_timezone', type: 'TEXT' },
    { name: 'unix_time', type: 'INTEGER' },
    { name: 'timestamp', type: 'TEXT' },
    { name: 'datetime', type: 'TEXT' },
    { name: 'iso_8601', type: 'TEXT' },
  ],
  *generate() {
    const now = new Date();
    const iso = `${now.toISOString().slice(0, 19)}Z`;
    const weekday = DAYS[now.getUTCDay()] ?? '';
    // asctime(3): the day of the month is padded with a blank.
    const timestamp = `${weekday.slice(0, 3)} ${SHORT_MONTHS[now.getUTCMonth()] ?? ''} ${String(now.getUTCDate()).padStart(2, ' ')} ${iso.slice(11, 19)} ${now.getUTCFullYear()} UTC`;
    yield {
      weekday,
      year: now.getUTCFullYear(),
      month: now.getUTCMonth() + 1,
      day: now.getUTCDate(),
      hour: now.getUTCHours(),
      minutes: now.getUTCMinutes(),
      seconds: now.getUTCSeconds(),
      timezone: 'UTC',
      local_timezone: localZone(now),
      unix_time: Math.floor(now.getTime() / 1000),
      timestamp,
      datetime: iso,
      iso_8601: iso,
    };
  },
};

function localZone(now: Date): string {
  return new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(now).find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
}

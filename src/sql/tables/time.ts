/** osquery's `time`: now, in UTC, and what the local time zone is called. */
import { readFileSync } from 'node:fs';
import type { Table } from '../../model/table.ts';
import { MONTHS } from '../../model/timestamp.ts';

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

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
    const timestamp = `${weekday.slice(0, 3)} ${MONTHS[now.getUTCMonth()] ?? ''} ${String(now.getUTCDate()).padStart(2, ' ')} ${iso.slice(11, 19)} ${now.getUTCFullYear()} UTC`;
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

/** Longer names osquery has no room for; it says UTC then. */
const LONGEST_ZONE = 4;

function localZone(now: Date): string {
  const zone = process.env['TZ']?.replace(/^:/, '');
  if (zone === '' || zone === 'UTC') return 'UTC';
  try {
    const path = zone === undefined ? '/etc/localtime' : zone.startsWith('/') ? zone : `/usr/share/zoneinfo/${zone}`;
    const name = zoneName(readFileSync(path).toString('latin1'), -now.getTimezoneOffset());
    return name !== undefined && name.length <= LONGEST_ZONE ? name : 'UTC';
  } catch {
    return 'UTC';
  }
}

/** The abbreviation in the last line of a file of tzfile(5), `CET-1CEST,M3.5.0,M10.5.0/3`: the first is that of the standard time, whose offset to the west stands behind it. `offset` is in minutes to the east. */
export function zoneName(file: string, offset: number): string | undefined {
  const rule = file.replace(/\n$/, '').split('\n').at(-1) ?? '';
  const [, standard, sign, hours = '0', minutes = '0', summer] = /^(<[^>]+>|[A-Za-z]+)([-+]?)(\d+)(?::(\d+))?(?::\d+)?(<[^>]+>|[A-Za-z]+)?/.exec(rule) ?? [];
  const west = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return (summer !== undefined && offset !== -west ? summer : standard)?.replace(/[<>]/g, '');
}

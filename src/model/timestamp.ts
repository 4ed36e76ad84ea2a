/** Times as text. What touch(1) or a program set is no time that JavaScript can say, or no year of four digits: `isoOf` is for those, `timestampOf` for our own clock. */

/** Seconds that were just asked for, and how their texts begin. Where events wait to be told, two take turns: when a file was changed, and now. */
const beginnings = new Map<number, string>();
const MOST_SECONDS = 16;

/** Texts of the last times, each in the place that its end gives it: dozens of events share a millisecond in a storm. */
const KEPT = 64;
const keptTimes = new Float64Array(KEPT).fill(Number.NaN);
const keptTexts: string[] = Array.from({ length: KEPT }, () => '');

/** As `new Date(time).toISOString()`, which takes five times as long: events that follow each other mostly share their seconds. `time` in whole ms since the epoch; RangeError for what is no time. */
export function timestampOf(time: number): string {
  const place = Math.abs(time) % KEPT;
  if (keptTimes[place] === time) return keptTexts[place] ?? '';
  const text = textOf(time);
  keptTimes[place] = time;
  keptTexts[place] = text;
  return text;
}

function textOf(time: number): string {
  const second = Math.floor(time / 1000);
  const rest = time - second * 1000;
  return `${beginnings.get(second) ?? beginningOf(second)}${rest < 100 ? (rest < 10 ? '00' : '0') : ''}${rest}Z`;
}

function beginningOf(second: number): string {
  const text = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
  if (beginnings.size >= MOST_SECONDS) beginnings.clear();
  beginnings.set(second, text);
  return text;
}

/** The years 0000 to 9999, as RFC 3339 and ECS have them; in ms since the epoch. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** A time that anybody may have set. null where it is none, or beyond years of four digits. */
export function isoOf(ms: bigint | number): string | null {
  const time = Math.floor(Number(ms));
  return time >= FIRST_MS && time <= LAST_MS ? timestampOf(time) : null;
}

/** As syslog and asctime(3) write them, in whatever language the host is. */
export const MONTHS: readonly string[] = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

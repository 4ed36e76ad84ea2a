/** Times as text. What touch(1) or a program set is no time that JavaScript can say, or no year of four digits: `isoOf` is for those, `timestampOf` for our own clock. */

let lastSecond = Number.NaN;
let upToSecond = '';

/** As `new Date(time).toISOString()`, which takes five times as long: events that follow each other mostly share their second. `time` in whole ms since the epoch; RangeError for what is no time. */
export function timestampOf(time: number): string {
  const second = Math.floor(time / 1000);
  if (second !== lastSecond) {
    upToSecond = new Date(second * 1000).toISOString().slice(0, -'000Z'.length);
    lastSecond = second;
  }
  return `${upToSecond}${String(time - second * 1000).padStart(3, '0')}Z`;
}

/** The years 0000 to 9999, as RFC 3339 and ECS have them; in ms since the epoch. */
const FIRST_MS = Date.parse('0000-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** A time that anybody may have set. null where it is none, or beyond years of four digits. */
export function isoOf(ms: bigint | number): string | null {
  const time = Math.floor(Number(ms));
  return time >= FIRST_MS && time <= LAST_MS ? timestampOf(time) : null;
}

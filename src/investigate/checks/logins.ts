/** Who logged in or used sudo from a day before the event to an hour after it. */
import { loginsBetween, type LoginMoment } from '../../host/login-log.ts';
import { legible } from '../../model/text.ts';
import type { Moment, Sign } from '../result.ts';
import { DAY_MS, NEAR_MS, type Check } from './check.ts';

const COLUMNS = ['time', 'what', 'user', 'detail', 'source'] as const;
const MOST_ROWS = 500;
const MANY_FAILURES = 10;

export const logins: Check = {
  id: 'logins',
  title: { en: 'Logins and sudo, from a day before to an hour after', 'zh-CN': '事件前一天至后一小时的登录与 sudo' },
  async look({ at }) {
    const { moments, warnings } = await loginsBetween(at - DAY_MS, at + NEAR_MS);
    // The nearest to the event say the most.
    const shown = moments.length <= MOST_ROWS ? moments : moments.toSorted((one, other) => Math.abs(one.time - at) - Math.abs(other.time - at)).slice(0, MOST_ROWS).sort((one, other) => one.time - other.time);
    const rows = shown.map(({ time, what, user, detail, source }) => ({ time: new Date(time).toISOString(), what, user: legible(user), detail: legible(detail), source }));
    return { columns: COLUMNS, rows, warnings: [...warnings, ...(moments.length > MOST_ROWS ? [`only the ${MOST_ROWS} of ${moments.length} that are nearest`] : [])], signs: signsOf(moments), moments: rows.filter(({ what }) => what !== 'failed').map(({ time, what, user, detail }): Moment => ({ time, kind: 'login', what: `${what} of ${user} ${detail}` })) };
  },
};

/** Guesses, and then one that was right. */
function signsOf(moments: readonly LoginMoment[]): Sign[] {
  const guessed = [...new Set(moments.filter(({ what }) => what === 'login').map(({ user }) => user))].filter((user) => {
    const login = moments.findLast((each) => each.user === user && each.what === 'login');
    return moments.filter((each) => each.user === user && each.what === 'failed' && each.time <= (login?.time ?? 0)).length >= MANY_FAILURES;
  });
  return guessed.map((user): Sign => ({ id: 'login-after-guesses', weight: 'strong', text: `${legible(user)} logged in after ${MANY_FAILURES} or more failed attempts` }));
}

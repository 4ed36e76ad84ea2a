/** Other alerts of this host within 48 hours before the event, and since. */
import { legiblePath, type EcsUser } from '../../model/event.ts';
import { legible } from '../../model/text.ts';
import type { Moment, Sign } from '../result.ts';
import { DAY_MS, type Check } from './check.ts';

const COLUMNS = ['time', 'rule', 'severity', 'path', 'user', 'program', 'same', 'status', 'id'] as const;
const WITHIN_MS = 2 * DAY_MS;
const MOST_ROWS = 1_000;

export const alerts: Check = {
  id: 'alerts',
  title: { en: 'Other alerts within 48 hours', 'zh-CN': '48 小时内的其他警报' },
  look({ history, at, alert, event }) {
    const rows: Record<string, string>[] = [];
    let left = 0;
    for (const other of history.alerts(at - WITHIN_MS)) {
      const { rule, event: of, status, id } = other;
      if (id === alert || of.event.id === event.event.id) continue;
      if (rows.length >= MOST_ROWS) left += 1;
      else rows.push({ time: other['@timestamp'], rule: rule.name, severity: rule.severity, path: legiblePath(of), user: legible(of.user?.name ?? of.user?.id ?? ''), program: legible(of.process?.executable ?? ''), same: [...(isSameUser(of.user, event.user) ? ['user'] : []), ...(isSame(of.process?.executable, event.process?.executable) ? ['program'] : []), ...(of.file.path === event.file.path ? ['file'] : [])].join(', '), status, id });
    }
    const ofUser = rows.filter(({ same }) => same?.includes('user') === true).length;
    const signs: Sign[] = ofUser === 0 ? [] : [{ id: 'other-alerts', weight: 'weak', text: `${ofUser} other alert${ofUser === 1 ? '' : 's'} of the same user within 48 hours` }];
    return { columns: COLUMNS, rows, warnings: left > 0 ? [`${left} more are not shown`] : [], signs, moments: rows.map(({ time = '', rule = '', path = '' }): Moment => ({ time, kind: 'alert', what: `${rule}: ${path}` })) };
  },
};

/** By the number where both have one: another sensor may say the name alone. */
function isSameUser(one: EcsUser | undefined, other: EcsUser | undefined): boolean {
  return one?.id === undefined || other?.id === undefined ? isSame(one?.name, other?.name) : one.id === other.id;
}

function isSame(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && one === other;
}

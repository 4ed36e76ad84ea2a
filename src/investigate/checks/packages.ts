/** What package managers did around the event: software that is installed brings timers along. */
import { packageChanges } from '../../host/package-log.ts';
import { legible } from '../../model/text.ts';
import type { Evidence } from '../evidence.ts';
import type { Moment, Sign } from '../result.ts';
import { NEAR_MS, type Check } from './check.ts';

const COLUMNS = ['time', 'manager', 'action', 'what'] as const;
const MOST_ROWS = 500;
const MANAGER = /(?:^|\/)(?:dpkg|apt|apt-get|aptitude|unattended-upgrade|rpm|dnf|yum|microdnf|zypper|pacman|apk|snapd|packagekitd)$/;

export const packages: Check = {
  id: 'packages',
  title: { en: 'What package managers did within an hour', 'zh-CN': '一小时内软件包管理器的活动' },
  look(evidence) {
    const { at, host } = evidence;
    const { changes, logs, warnings } = packageChanges(at - NEAR_MS, at + NEAR_MS, host.root);
    if (logs.length === 0) return { columns: COLUMNS, rows: [], warnings, skipped: 'no package manager keeps a log here' };
    const rows = changes.map(({ time, manager, action, what }) => ({ time: new Date(time).toISOString(), manager, action, what: legible(what) }));
    return { columns: COLUMNS, rows: rows.slice(0, MOST_ROWS), warnings: [...warnings, ...(rows.length > MOST_ROWS ? [`only the first ${MOST_ROWS} of ${rows.length}`] : [])], signs: signsOf(evidence), moments: rows.slice(0, MOST_ROWS).map(({ time, manager, action, what }): Moment => ({ time, kind: 'package', what: `${manager} ${action} ${what}` })) };
  },
};

/** Only where the file is a package's: being made by a package manager says nothing, since a package's scripts may do anything. */
function signsOf({ event, owners, path }: Evidence): Sign[] {
  const owned = owners.get(path);
  const makers = [event.process?.executable, ...event.tickward.ancestry.map(({ executable }) => executable)];
  const by = makers.find((executable) => executable !== undefined && MANAGER.test(executable));
  return owned?.changed === false && by !== undefined ? [{ id: 'installed-by-package-manager', weight: 'harmless', text: `the file came with ${owned.package}, by ${legible(by)}` }] : [];
}

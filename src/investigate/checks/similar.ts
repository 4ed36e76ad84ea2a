/** How usual this is here: what the store has of the same program, user, command line and file. For deciding whether an exception is right, and by what. */
import type { FileEvent } from '../../model/event.ts';
import { legible } from '../../model/text.ts';
import type { Check } from './check.ts';

const COLUMNS = ['same', 'value', 'events', 'alerts', 'first', 'last', 'exception'] as const;
const MOST_EVENTS = 20_000;

interface Likeness {
  same: string;
  /** undefined where the event does not have it. */
  of: (event: FileEvent) => string | undefined;
  /** What to think of an exception by this. */
  exception: string;
}

const LIKENESSES: readonly Likeness[] = [
  { same: 'user and command line', of: ({ user, process }) => (user === undefined || process?.command_line === undefined ? undefined : `${user.name ?? user.id}: ${process.command_line}`), exception: 'narrow: right for software that is meant to be there' },
  { same: 'command line', of: ({ process }) => process?.command_line, exception: 'for the same work of several users' },
  { same: 'user', of: ({ user }) => user?.name ?? user?.id, exception: 'wide: only for an administrator who uses timers' },
  { same: 'program', of: ({ process }) => process?.executable, exception: 'wide: everyone can run most programs' },
  { same: 'file', of: ({ file }) => file.path, exception: 'narrow, but whoever may write the file is excepted too' },
];

export const similar: Check = {
  id: 'similar',
  title: { en: 'How usual this is on this host', 'zh-CN': '此类活动在本主机上的普遍程度' },
  look({ history, event, alert }) {
    const counts = LIKENESSES.flatMap((likeness) => {
      const value = likeness.of(event);
      return value === undefined ? [] : [{ ...likeness, value, events: 0, alerts: 0, first: '', last: '' }];
    });
    let seen = 0;
    for (const other of history.events(0, Number.MAX_SAFE_INTEGER, MOST_EVENTS)) {
      seen += 1;
      if (other.event.id === event.event.id) continue;
      for (const count of counts) {
        if (count.of(other) !== count.value) continue;
        count.events += 1;
        count.first ||= other['@timestamp'];
        count.last = other['@timestamp'];
      }
    }
    for (const other of history.alerts(0)) if (other.id !== alert) for (const count of counts) if (count.of(other.event) === count.value) count.alerts += 1;
    const rows = counts.map(({ same, value, events, alerts, first, last, exception }) => ({ same, value: legible(value), events: String(events), alerts: String(alerts), first, last, exception }));
    return { columns: COLUMNS, rows, warnings: seen >= MOST_EVENTS ? [`only the newest ${MOST_EVENTS} events were compared`] : [] };
  },
};

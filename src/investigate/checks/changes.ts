/** What else changed in the unit directories around the event: as the sensor saw it, and as the disk says. */
import { unitDirectories } from '../../host/directories.ts';
import { unitFiles } from '../../host/unit-files.ts';
import { legiblePath, pathBytes, type FileEvent } from '../../model/event.ts';
import { legible, textOfBytes } from '../../model/text.ts';
import type { Evidence } from '../evidence.ts';
import type { Moment, Sign } from '../result.ts';
import { NEAR_MS, nameOfUser, type Check } from './check.ts';

const COLUMNS = ['time', 'what', 'path', 'by', 'told by'] as const;
const MOST_EVENTS = 2_000;
/** Homes that are looked into on the disk; the sensor's events have no such bound. */
const MOST_USERS = 1_000;

type Row = Record<(typeof COLUMNS)[number], string>;

export const changes: Check = {
  id: 'changes',
  title: { en: 'What else changed in the unit directories within an hour', 'zh-CN': '一小时内单元目录中的其他更改' },
  look(evidence) {
    const { events, cut } = eventsAround(evidence);
    const seen = new Set(events.map((event) => textOfBytes(pathBytes(event))));
    const disk = changedOnDisk(evidence, seen);
    const rows = [...events.map(rowOf), ...disk.rows].sort((one, other) => (one.time < other.time ? -1 : 1));
    return { columns: COLUMNS, rows, warnings: [...(cut ? [`only the first ${MOST_EVENTS} events`] : []), ...disk.warnings], signs: signsOf(evidence, events), moments: rows.map(({ time, path, what }): Moment => ({ time, kind: 'event', what: `${path}: ${what}` })) };
  },
};

function eventsAround({ history, at, event }: Evidence): { events: FileEvent[]; cut: boolean } {
  const events: FileEvent[] = [];
  for (const other of history.events(at - NEAR_MS, at + NEAR_MS)) {
    if (other.event.id === event.event.id) continue;
    if (events.length >= MOST_EVENTS) return { events, cut: true };
    events.push(other);
  }
  return { events, cut: false };
}

function rowOf(event: FileEvent): Row {
  return { time: event['@timestamp'], what: event.event.action, path: legiblePath(event), by: legible([event.process?.executable, event.user?.name].filter(Boolean).join(' of ')), 'told by': event.tickward.source };
}

/** By the times that the file system keeps: the change time cannot be set by touch(1). */
function changedOnDisk(evidence: Evidence, seen: ReadonlySet<string>): { rows: Row[]; warnings: string[] } {
  const { host, at, path } = evidence;
  const { files, cut } = unitFiles(host.directories ?? unitDirectories(host.users.slice(0, MOST_USERS)));
  const rows = files.flatMap(({ path: own, stat }): Row[] => {
    if (own === path || seen.has(own) || Math.abs(stat.ctimeMs - at) > NEAR_MS) return [];
    const isNew = stat.birthtimeMs > 0 && Math.abs(stat.birthtimeMs - stat.ctimeMs) < 1_000;
    return [{ time: stat.ctime.toISOString(), what: isNew ? 'made' : 'changed', path: legible(own), by: `belongs to ${nameOfUser(evidence, stat.uid)}`, 'told by': 'disk' }];
  });
  const warnings = [...(cut ? ['not all files in the unit directories were looked at'] : []), ...(host.users.length > MOST_USERS ? [`only the homes of the first ${MOST_USERS} of ${host.users.length} users were looked into`] : [])];
  return { rows, warnings };
}

/** The same process, by its number and start, made other files. */
function signsOf({ event: { process: by } }: Evidence, events: readonly FileEvent[]): Sign[] {
  const same = by === undefined ? [] : events.filter((other) => other.process?.pid === by.pid && other.process.start === by.start && other.event.action !== 'deletion');
  const services = same.filter(({ tickward }) => tickward.unit_type !== 'timer');
  return same.length === 0 ? [] : [{ id: 'same-process-changed-more', weight: 'weak', text: `the same process changed ${same.length} more file${same.length === 1 ? '' : 's'} of units${services.length > 0 ? `, ${legiblePath(services[0] ?? same[0] as FileEvent)} among them` : ''}` }];
}

/** The timers that there are now, of every manager and on disk, with what they run: what osquery's systemd_units does not say. */
import { readUsers } from '../../src/host/passwd.ts';
import { messageOf } from '../../src/model/errors.ts';
import type { FileEvent } from '../../src/model/event.ts';
import type { Column, GatheredTable, Row } from '../../src/model/table.ts';
import type { TimerRow } from '../../src/timers/index.ts';
import type { EventSource } from './systemd_timer_events.ts';

const COLUMNS: readonly Column[] = [
  { name: 'unit', type: 'TEXT', description: 'Name of the timer' },
  { name: 'scope', type: 'TEXT', description: 'system or user' },
  { name: 'user', type: 'TEXT', description: 'Whose manager has it; empty for the system and for units of all users' },
  { name: 'state', type: 'TEXT', description: 'active, inactive, failed …; template; not-loaded; empty where no manager runs' },
  { name: 'enabled', type: 'TEXT', description: 'enabled, disabled, static, masked, transient, generated …' },
  { name: 'path', type: 'TEXT', description: 'Its file' },
  { name: 'transient', type: 'INTEGER', description: '1 for one made at run time (systemd-run)' },
  { name: 'masked', type: 'INTEGER', description: '1 for one that cannot start' },
  { name: 'schedule', type: 'TEXT', description: 'The settings that say when, separated by "; "' },
  { name: 'next_run', type: 'BIGINT', description: 'Unix seconds' },
  { name: 'last_run', type: 'BIGINT', description: 'Unix seconds' },
  { name: 'persistent', type: 'INTEGER', description: '1 when a missed run is made up for' },
  { name: 'service', type: 'TEXT', description: 'The unit that it starts' },
  { name: 'service_path', type: 'TEXT', description: 'File of that unit' },
  { name: 'exec', type: 'TEXT', description: 'Commands of that unit, separated by "; "' },
  { name: 'run_as', type: 'TEXT', description: 'User of those commands' },
  { name: 'script_chain', type: 'TEXT', description: 'JSON: program, script and interpreter that the commands lead to' },
  { name: 'package', type: 'TEXT', description: 'Package that the file belongs to; empty where none has it, or it is not known' },
  { name: 'package_modified', type: 'INTEGER', description: '1 when the file is not as the package installed it' },
  { name: 'drop_ins', type: 'TEXT', description: 'JSON: files that change the timer' },
  { name: 'created', type: 'BIGINT', description: 'When the file was born, Unix seconds' },
  { name: 'created_by', type: 'TEXT', description: 'Program of the newest event that made the file' },
  { name: 'package_known', type: 'INTEGER', description: '0 where no package manager answered (dpkg, rpm): then package is empty for that' },
];

/** osquery asks once a row of a JOIN: what was gathered counts for so long, in ms. */
const FRESH_MS = 2_000;

type List = () => Promise<{ timers: TimerRow[]; warnings: string[] }>;

/** Loaded only by who asks: it takes as long as all the rest of the engine. */
const timersOfHost: List = async () => (await import('../../src/timers/index.ts')).listTimers({ uid: process.getuid?.() ?? 0, users: readUsers() });

export function createTimersTable(events: EventSource, list = timersOfHost): GatheredTable {
  return {
    name: 'systemd_timers',
    description: 'Timers of every manager with schedule, service, commands, owner and package.',
    columns: COLUMNS,
    gather: once(({ warn }) => gather(events, list, warn), FRESH_MS),
  };
}

async function gather(events: EventSource, list: List, warn: (message: string) => void): Promise<Row[]> {
  const { timers, warnings } = await list();
  for (const warning of warnings) warn(warning);
  const makers = makersOf(timers, events, warn);
  return timers.map((timer) => rowOf(timer, makers.get(timer.path ?? '')));
}

/** Who asks while it is gathered, or shortly after, gets the same: also who gave up on it before, on a host where it takes longer than an answer may. */
export function once<Given, Result>(work: (given: Given) => Promise<Result>, freshMs: number): (given: Given) => Promise<Result> {
  let current: Promise<Result> | undefined;
  return (given) => {
    current ??= work(given).finally(() => setTimeout(() => (current = undefined), freshMs).unref());
    return current;
  };
}

/** The newest event that made each file. Without a store the timers are still what they are. */
function makersOf(timers: readonly TimerRow[], events: EventSource, warn: (message: string) => void): Map<string, FileEvent> {
  const paths = timers.flatMap(({ path }) => path ?? []);
  if (paths.length === 0) return new Map();
  try {
    return new Map(Array.from(events.list({ paths, actions: ['creation', 'rename'] }), (event) => [event.file.path, event]));
  } catch (error) {
    warn(`created_by is not known: ${messageOf(error)}`);
    return new Map();
  }
}

function rowOf(timer: TimerRow, maker: FileEvent | undefined): Row {
  return {
    ...timer,
    // Not NULL: osquery makes every column part of a key, and SQLite then takes IS NULL for never true.
    user: timer.user ?? '',
    state: timer.state ?? '',
    package: timer.package ?? '',
    package_known: Number(timer.package_known),
    transient: Number(timer.transient),
    masked: Number(timer.masked),
    next_run: seconds(timer.next_run),
    last_run: seconds(timer.last_run),
    persistent: Number(timer.persistent),
    script_chain: JSON.stringify(timer.script_chain),
    package_modified: timer.package_modified === null ? null : Number(timer.package_modified),
    drop_ins: JSON.stringify(timer.drop_ins),
    created: seconds(timer.created),
    created_by: maker?.process?.executable,
  };
}

function seconds(time: string | null): number | null {
  return time === null ? null : Math.floor(Date.parse(time) / 1000);
}

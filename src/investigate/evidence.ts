/** What all checks look at, gathered once: the units of the event, what they run, whose files these are, the processes. Nothing is changed. */
import { inspect, MOST_HASHED, type Inspected } from '../host/inspect.ts';
import { Owners } from '../host/ownership.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import type { UnitDirectory } from '../host/directories.ts';
import { listProcesses, type ListedProcess } from '../host/process-list.ts';
import { isSlowToRead, lastOf } from '../host/units.ts';
import { pathBytes, type Alert, type FileEvent } from '../model/event.ts';
import { bytesOfText, textOfBytes } from '../model/text.ts';
import type { Engine, QueryResult } from '../sql/index.ts';
import { askAbout, timerOf, valuesOf, type ManagedTimer } from '../timers/manager.ts';
import { unitsOfEvent, type UnitsOfEvent } from '../timers/of-unit.ts';
import { followChain, SCRIPT_BYTES, type Chain } from './chain.ts';
import { processNodes, type MadeProcessNode } from './process-nodes.ts';
import { commandsOfUnit } from './unit-commands.ts';

/** What was stored: times in milliseconds, inclusive. */
export interface History {
  /** Oldest first; the newest `limit` of them. */
  events(since: number, until: number, limit?: number): Iterable<FileEvent>;
  alerts(since: number): Iterable<Alert>;
}

export interface Host {
  uid: number;
  users: readonly PasswdEntry[];
  /** Unit directories, where they are not this host's. */
  directories?: readonly UnitDirectory[];
  /** Put in front of the paths of logs and of the places of persistence. */
  root?: string;
}

export interface Gathering {
  event: FileEvent;
  alert?: string;
  host: Host;
  history: History;
  engine: Engine;
  timeoutMs: number;
  maxRows: number;
}

export interface Evidence extends Gathering {
  /** The moment of the event, ms. */
  at: number;
  /** The exact path of the event's file. */
  path: string;
  units: UnitsOfEvent;
  /** What the service manager says; undefined where none runs. */
  managedTimer: ManagedTimer | undefined;
  managedService: Map<string, string> | undefined;
  /** Who the service runs as. */
  runAs: string | undefined;
  chain: Chain;
  /** By the real path of a file; of the units, their drop-ins and the chain. */
  owners: Owners;
  processes: MadeProcessNode[];
  /** A file as it is now; each is read once. */
  look(path: string): Inspected;
  ask(sql: string): Promise<QueryResult>;
}

/** Bytes hashed in all. */
const MOST_HASHED_IN_ALL = 256 * 1024 ** 2;
const SERVICE_PROPERTIES = ['Id', 'LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'Result', 'MainPID', 'ControlGroup', 'ExecMainStartTimestamp', 'ExecMainExitTimestamp', 'ExecMainStatus', 'FragmentPath', 'DropInPaths', 'NRestarts'];

export async function gather(gathering: Gathering): Promise<Evidence> {
  const { event, host } = gathering;
  const look = inspector();
  const path = textOfBytes(pathBytes(event));
  const units = unitsOfEvent(event, host.users, host.directories);
  const timer = units.timers[0];
  const runAs = lastOf(units.service?.entries ?? [], 'Service', 'User') ?? units.user ?? (units.scope === 'system' ? 'root' : event.user?.name);
  const chain = chainOf(units, runAs, host, look);
  const files = [path, ...units.timers.flatMap(pathsOf), ...pathsOf(units.service), ...chain.files.flatMap(({ file }) => (file === undefined ? [] : [file.real]))];
  const [owners, managedTimer, managedService] = await Promise.all([
    Owners.of(new Map([...new Set(files)].map((each) => [each, look(each).md5]))),
    timer === undefined ? undefined : askAbout(timer.name, isSlow(pathsOf(timer)), units, host.uid, host.users),
    units.serviceName === undefined ? undefined : askAbout(units.serviceName, isSlow(pathsOf(units.service)), units, host.uid, host.users, SERVICE_PROPERTIES),
  ]);
  const service = managedService === undefined ? undefined : valuesOf(managedService);
  return {
    ...gathering,
    at: momentOf(event, look(path)),
    path,
    units,
    managedTimer: managedTimer === undefined ? undefined : timerOf(managedTimer, { scope: units.scope, ...(units.user === undefined ? {} : { user: units.user }) }),
    managedService: service,
    runAs,
    chain,
    owners,
    processes: processNodes(event, allProcesses(), { service: units.serviceName, cgroup: service?.get('ControlGroup') || undefined, files: new Set(foreignFiles(chain, owners)), users: host.users }),
    look,
    ask: (sql) => gathering.engine.query(sql, { timeoutMs: gathering.timeoutMs, maxRows: gathering.maxRows }),
  };
}

/** Of a file that no sensor saw: when it was made, else when its inode last changed. The time that it says itself can be set by touch(1). */
function momentOf({ event, '@timestamp': told }: FileEvent, { btime, ctime }: Inspected): number {
  return Date.parse(event.id === '' ? (btime ?? ctime ?? told) : told);
}

function allProcesses(): ListedProcess[] {
  try {
    return listProcesses();
  } catch {
    return [];
  }
}

/** Each file once, within a bound of all bytes. */
function inspector(): (path: string) => Inspected {
  const seen = new Map<string, Inspected>();
  let left = MOST_HASHED_IN_ALL;
  return (path) => {
    const known = seen.get(path);
    if (known !== undefined) return known;
    const found = inspect(path, SCRIPT_BYTES, Math.min(left, MOST_HASHED));
    if (found.sha256 !== null) left -= found.size;
    seen.set(path, found);
    return found;
  };
}

function isSlow(files: readonly string[]): boolean {
  return isSlowToRead(files.map(bytesOfText));
}

function pathsOf(unit: { path: string; dropIns: string[] } | undefined): string[] {
  return unit === undefined ? [] : [unit.path, ...unit.dropIns];
}

function chainOf(units: UnitsOfEvent, runAs: string | undefined, host: Host, look: (path: string) => Inspected): Chain {
  const account = host.users.find(({ name }) => name === runAs);
  const { starts, workingDirectory } = commandsOfUnit(units.service?.entries ?? [], { unit: units.serviceName ?? '', user: runAs, uid: account?.uid, home: account?.home });
  const program = units.program === undefined ? [] : [{ from: 'generator', words: [units.program] }];
  return followChain([...program, ...starts], { inspect: look, workingDirectory, home: account?.home });
}

/** Real paths of those files of the chain that no package has. */
export function foreignFiles(chain: Chain, owners: Owners): string[] {
  return chain.files.flatMap(({ file }) => (file?.kind === 'file' && owners.isForeign(file.real) ? [file.real] : []));
}

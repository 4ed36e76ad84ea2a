/** Every timer of every manager: what is on disk, joined with what the running managers say. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { wordsOf } from '../host/command-line.ts';
import { unitDirectories, type UnitDirectory } from '../host/directories.ts';
import { mayBePackaged, modifiedFiles, packagesIfKnown } from '../host/packages.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import { isBooted } from '../host/systemd.ts';
import { isTrue, lastOf, listOf } from '../host/units.ts';
import { messageOf } from '../model/errors.ts';
import type { Scope } from '../model/event.ts';
import { bytesOfText, legible } from '../model/text.ts';
import { isoOf } from '../model/timestamp.ts';
import { chainOf, type ScriptLink } from './command.ts';
import { readDisk, type Disk, type DiskUnit } from './disk.ts';
import { managedTimers, type ManagedTimer } from './manager.ts';

/** Bytes that are no UTF-8 read `\\xff`. Times are ISO 8601; null is "not known" or "there is none". */
export interface TimerRow {
  unit: string;
  scope: Scope;
  user: string | null;
  /** active, inactive, failed, … ; `template`; `not-loaded` where the manager has not read it yet; null where no manager runs. */
  state: string | null;
  /** enabled, disabled, static, masked, transient, generated, … */
  enabled: string;
  path: string | null;
  transient: boolean;
  masked: boolean;
  /** The settings that say when, as they stand: `OnCalendar=daily; OnBootSec=5min`. */
  schedule: string | null;
  next_run: string | null;
  last_run: string | null;
  persistent: boolean;
  service: string;
  service_path: string | null;
  /** Commands in their order, separated by `; `. */
  exec: string | null;
  run_as: string | null;
  script_chain: ScriptLink[];
  package: string | null;
  /** False where no package manager that is read here (dpkg, rpm) answered: then `package` is null for that, and not because no package has the file. */
  package_known: boolean;
  package_modified: boolean | null;
  drop_ins: string[];
  created: string | null;
}

export interface ListOptions {
  uid: number;
  users: readonly PasswdEntry[];
  directories?: readonly UnitDirectory[];
  /** Where the system manager keeps the stamps of persistent timers. */
  stamps?: string;
}

const WHEN = ['OnCalendar', 'OnActiveSec', 'OnBootSec', 'OnStartupSec', 'OnUnitActiveSec', 'OnUnitInactiveSec', 'OnClockChange', 'OnTimezoneChange'];
const STAMPS = '/var/lib/systemd/timers';

export async function listTimers(options: ListOptions): Promise<{ timers: TimerRow[]; warnings: string[] }> {
  const disk = readDisk(options.directories ?? unitDirectories(options.users));
  const { timers: managed, warnings } = await managedTimers(options.uid, options.users);
  const found = joined(disk, managed);
  const rows = found.map(([unit, timer]) => rowOf(unit, timer, disk, options));
  const unsaid = await addPackages(rows);
  const shown = rows.map(legibleRow);
  shown.sort((one, other) => `${one.scope} ${one.user ?? ''} ${one.unit}`.localeCompare(`${other.scope} ${other.user ?? ''} ${other.unit}`, 'en'));
  return { timers: shown, warnings: [...warnings, ...disk.unread, ...unsaid] };
}

function legibleRow(row: TimerRow): TimerRow {
  const text = (value: string | null): string | null => (value === null ? null : legible(value));
  return {
    ...row,
    unit: legible(row.unit),
    path: text(row.path),
    schedule: text(row.schedule),
    service: legible(row.service),
    service_path: text(row.service_path),
    exec: text(row.exec),
    run_as: text(row.run_as),
    script_chain: row.script_chain.map((link) => ({ ...link, path: legible(link.path), ...(link.interpreter === undefined ? {} : { interpreter: legible(link.interpreter) }), ...(link.text === undefined ? {} : { text: legible(link.text) }) })),
    drop_ins: row.drop_ins.map(legible),
  };
}

type Found = [unit: DiskUnit | undefined, timer: ManagedTimer | undefined];

/** A unit of all users is a row for each manager that has loaded it, and a row of its own where none has. */
function joined(disk: Disk, managed: readonly ManagedTimer[]): Found[] {
  const used = new Set<string>();
  const loaded = managed.filter((timer) => timer.load !== 'not-found').map((timer): Found => {
    const unit = disk.find(timer.unit, timer);
    if (unit !== undefined) used.add(unit.path);
    return [unit, timer];
  });
  const others = disk.units('.timer').filter((unit) => !used.has(unit.path)).map((unit): Found => [unit, undefined]);
  return [...loaded, ...others];
}

function rowOf(unit: DiskUnit | undefined, timer: ManagedTimer | undefined, disk: Disk, options: ListOptions): TimerRow {
  const name = timer?.unit ?? unit?.name ?? '';
  const entries = unit?.entries ?? [];
  const of = { scope: timer?.scope ?? unit?.scope ?? 'system', ...userOf(timer ?? unit) };
  const service = timer?.service || lastOf(entries, 'Timer', 'Unit') || name.replace(/\.timer$/, '.service');
  const started = disk.find(service, of);
  const commands = listOf(started?.entries ?? [], 'Service', 'ExecStart');
  const persistent = isTrue(lastOf(entries, 'Timer', 'Persistent'));
  const path = unit?.path ?? (timer?.path || null);
  return {
    unit: name,
    scope: of.scope,
    user: of.user ?? null,
    state: stateOf(name, timer),
    enabled: timer?.enabled || enabledOf(unit),
    path,
    transient: timer?.transient ?? unit?.transient ?? false,
    masked: timer?.load === 'masked' || (unit?.masked ?? false),
    schedule: scheduleOf(unit),
    next_run: timer?.next ?? null,
    last_run: timer?.last ?? (persistent ? stampOf(name, of.user, of.scope, options) : null),
    persistent,
    service,
    service_path: started?.path ?? null,
    exec: commands.length === 0 ? null : commands.join('; '),
    run_as: lastOf(started?.entries ?? [], 'Service', 'User') ?? of.user ?? (of.scope === 'system' ? 'root' : null),
    script_chain: commands.flatMap((command) => chainOf(wordsOf(command))),
    package: null,
    package_known: false,
    package_modified: null,
    drop_ins: unit?.dropIns ?? [],
    created: path === null ? null : createdAt(path),
  };
}

function userOf(of: { user?: string } | undefined): { user?: string } {
  return of?.user === undefined ? {} : { user: of.user };
}

function stateOf(name: string, timer: ManagedTimer | undefined): string | null {
  if (timer !== undefined) return timer.active;
  if (name.includes('@.')) return 'template';
  return isBooted() ? 'not-loaded' : null;
}

function enabledOf(unit: DiskUnit | undefined): string {
  if (unit === undefined) return '';
  if (unit.masked) return 'masked';
  if (unit.transient) return 'transient';
  if (unit.generated) return 'generated';
  if (unit.pulledIn) return 'enabled';
  return unit.entries.some((entry) => entry.section === 'Install') ? 'disabled' : 'static';
}

/** In the order of the files: an empty value takes back all settings of when (systemd.timer(5)). */
function scheduleOf(unit: DiskUnit | undefined): string | null {
  const parts: string[] = [];
  for (const { section, key, value } of unit?.entries ?? []) {
    if (section !== 'Timer' || !WHEN.includes(key)) continue;
    if (value === '') parts.length = 0;
    else parts.push(`${key}=${value}`);
  }
  return parts.length === 0 ? null : parts.join('; ');
}

/** The modification time of its stamp is when a persistent timer ran last. */
function stampOf(unit: string, user: string | undefined, scope: Scope, { users, stamps = STAMPS }: ListOptions): string | null {
  const home = users.find((entry) => entry.name === user)?.home;
  const directory = scope === 'system' ? stamps : home === undefined ? undefined : join(home, '.local/share/systemd/timers');
  if (directory === undefined) return null;
  try {
    return isoOf(statSync(bytesOfText(join(directory, `stamp-${unit}`))).mtimeMs);
  } catch {
    // None, or one that its owner made illegible: a link to itself, a name that is too long.
    return null;
  }
}

/** When the file was born, where the file system keeps that; else null rather than a time that touch(1) can set. */
function createdAt(path: string): string | null {
  try {
    const { birthtimeMs } = statSync(bytesOfText(path));
    return birthtimeMs > 0 ? isoOf(birthtimeMs) : null;
  } catch {
    return null;
  }
}

/** Gives what it could not find out. */
async function addPackages(rows: readonly TimerRow[]): Promise<string[]> {
  // No package has a file of a name that is no UTF-8.
  const paths = rows.flatMap((row) => [row.path, row.service_path].flatMap((path) => (path?.isWellFormed() === true ? [path] : [])));
  const { owners, answered, problem } = await packagesIfKnown([...new Set(paths)]);
  const { modified, unsaid } = await modifiedIfKnown(owners);
  for (const row of rows) {
    row.package = owners.get(row.path ?? '') ?? null;
    row.package_known = answered || row.path === null || !row.path.isWellFormed() || !mayBePackaged(row.path);
    const own = [row.path ?? '', row.service_path ?? ''].filter((path) => owners.has(path));
    row.package_modified = own.length === 0 || modified === undefined ? null : own.some((path) => modified.has(path));
  }
  return [...(problem === undefined ? [] : [problem]), ...unsaid];
}

/** A package manager that knows whose a file is may take too long to compare all of them. */
async function modifiedIfKnown(owners: ReadonlyMap<string, string>): Promise<{ modified?: ReadonlySet<string>; unsaid: string[] }> {
  try {
    return { modified: await modifiedFiles(owners), unsaid: [] };
  } catch (error) {
    return { unsaid: [`whether files of packages were changed is not known: ${messageOf(error)}`] };
  }
}

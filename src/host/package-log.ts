/** What package managers did when, from their own logs: dpkg, apt, dnf, pacman. The parsers are pure. */
import { join } from 'node:path';
import { errnoOf, messageOf } from '../model/errors.ts';
import { readLogEnd } from './ends.ts';

export interface PackageChange {
  /** Milliseconds since the epoch. */
  time: number;
  manager: string;
  /** install, upgrade, remove, …; `run` for a command line of apt. */
  action: string;
  /** Package and version, or the command line. */
  what: string;
}

interface PackageLog {
  path: string;
  manager: string;
  /** Lines of the log from a time on; times that carry no zone are of this host's. */
  parse(lines: readonly string[]): Iterable<PackageChange>;
  timeOf(line: string): number | undefined;
}

const LOGS: readonly PackageLog[] = [
  { path: '/var/log/dpkg.log', manager: 'dpkg', parse: parseDpkg, timeOf: dpkgTime },
  { path: '/var/log/apt/history.log', manager: 'apt', parse: parseApt, timeOf: aptTime },
  { path: '/var/log/dnf.rpm.log', manager: 'dnf', parse: (lines) => parseDnf(lines, 'dnf'), timeOf: leadingTime },
  { path: '/var/log/pacman.log', manager: 'pacman', parse: parsePacman, timeOf: pacmanTime },
];

/** Changes between two times (ms), oldest first. `root` is put in front of the paths. */
export function packageChanges(since: number, until: number, root = ''): { changes: PackageChange[]; logs: string[]; warnings: string[] } {
  const changes: PackageChange[] = [];
  const logs: string[] = [];
  const warnings: string[] = [];
  for (const log of LOGS) {
    try {
      // What was rotated away a moment ago still counts.
      const older = readLogEnd(join(root, `${log.path}.1`), (line) => (log.timeOf(line) ?? Infinity) < since);
      const newest = readLogEnd(join(root, log.path), (line) => (log.timeOf(line) ?? Infinity) < since);
      if (newest === undefined && older === undefined) continue;
      logs.push(log.path);
      const lines = [...(older?.lines ?? []), ...(newest?.lines ?? [])];
      const first = lines.map(log.timeOf).find((time) => time !== undefined);
      if (first === undefined || first > until) warnings.push(`${log.path} says nothing of that time: ${first === undefined ? 'it is empty' : `it begins at ${new Date(first).toISOString()}`}`);
      for (const change of log.parse(lines)) if (change.time >= since && change.time <= until) changes.push(change);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      warnings.push(`${log.path} cannot be read: ${messageOf(error)}`);
    }
  }
  return { changes: changes.sort((one, other) => one.time - other.time), logs, warnings };
}

/** `2026-11-24 10:00:00`, one or two blanks, in the host's zone. */
function localTime(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text.replace(/\s+/, 'T'));
  return Number.isNaN(time) ? undefined : time;
}

const DPKG = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (install|upgrade|remove|purge) (\S+) (\S+) (\S+)/;

function dpkgTime(line: string): number | undefined {
  return localTime(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.exec(line)?.[0]);
}

/** dpkg(1): `DATE TIME install PACKAGE OLD-VERSION NEW-VERSION`; the states in between are left out. */
function* parseDpkg(lines: readonly string[]): Iterable<PackageChange> {
  for (const line of lines) {
    const [, when, action, name, old, version] = DPKG.exec(line) ?? [];
    const time = localTime(when);
    if (time !== undefined && action !== undefined) yield { time, manager: 'dpkg', action, what: `${name} ${action === 'remove' || action === 'purge' ? old : version}` };
  }
}

function aptTime(line: string): number | undefined {
  return localTime(/^(?:Start|End)-Date: (\d{4}-\d\d-\d\d\s+\d\d:\d\d:\d\d)/.exec(line)?.[1]);
}

/** Paragraphs of /var/log/apt/history.log: who asked for what. The packages themselves are in dpkg's log. */
export function* parseApt(lines: readonly string[]): Iterable<PackageChange> {
  let time: number | undefined;
  let what = '';
  for (const line of [...lines, 'Start-Date:']) {
    const [, key, value = ''] = /^([A-Z][\w-]*): ?(.*)$/.exec(line) ?? [];
    if (key === 'Start-Date') {
      if (time !== undefined && what !== '') yield { time, manager: 'apt', action: 'run', what };
      [time, what] = [aptTime(line), ''];
    } else if (key === 'Commandline') what = value;
    else if (key === 'Requested-By') what += ` (for ${value})`;
  }
}

function leadingTime(line: string): number | undefined {
  const time = Date.parse(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?/.exec(line)?.[0].replace(/([+-]\d\d)(\d\d)$/, '$1:$2') ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** `2026-11-24T10:00:00+0000 SUBDEBUG Installed: nginx-1:1.20.1-1.el9.x86_64` */
export function* parseDnf(lines: readonly string[], manager: string): Iterable<PackageChange> {
  for (const line of lines) {
    const [, action, what] = /\b(Installed|Upgraded|Upgrade|Erase|Removed|Reinstalled|Downgraded): (\S+)/.exec(line) ?? [];
    const time = leadingTime(line);
    if (time !== undefined && action !== undefined) yield { time, manager, action: action.toLowerCase(), what: what ?? '' };
  }
}

function pacmanTime(line: string): number | undefined {
  return line.startsWith('[') ? leadingTime(line.slice(1)) : undefined;
}

/** `[2026-11-24T10:00:00+0000] [ALPM] installed nginx (1.20.1-1)` */
export function* parsePacman(lines: readonly string[]): Iterable<PackageChange> {
  for (const line of lines) {
    const [, action, what] = /\[ALPM\] (installed|upgraded|removed|reinstalled|downgraded) (.+)$/.exec(line) ?? [];
    const time = pacmanTime(line);
    if (time !== undefined && action !== undefined) yield { time, manager: 'pacman', action, what: what ?? '' };
  }
}

/** The timers and the service that an event is about, as they stand on disk, else as the event's own record of the file has them. */
import { basename } from 'node:path';
import { unitDirectories, userDirectories, type UnitDirectory } from '../host/directories.ts';
import type { PasswdEntry } from '../host/passwd.ts';
import { readStart } from '../host/read.ts';
import { lastOf, MOST_UNIT_BYTES, parseUnit, type UnitEntry } from '../host/units.ts';
import { pathBytes, type FileEvent, type Scope } from '../model/event.ts';
import { textOfBytes } from '../model/text.ts';
import { readDisk, type DiskUnit } from './disk.ts';

export interface UnitsOfEvent {
  scope: Scope;
  /** Whose manager reads it; absent for the system's and for units of all users. */
  user?: string;
  /** The one that the event is about, or those that start its service; the first is the one to look at. */
  timers: DiskUnit[];
  service: DiskUnit | undefined;
  /** The name of the service, also where there is none of it. */
  serviceName: string | undefined;
  /** Of a generator the file itself: it is what is run. */
  program: string | undefined;
  /** Why what is here is not what is on disk now. */
  note: string | undefined;
  /** Directories that could not be read. */
  unread: string[];
}

export function unitsOfEvent(event: FileEvent, users: readonly PasswdEntry[], all?: readonly UnitDirectory[]): UnitsOfEvent {
  const path = textOfBytes(pathBytes(event));
  // Of a hundred thousand users those that have nothing to do with it are left alone.
  const owner = users.find((user) => userDirectories(user).some((directory) => path.startsWith(`${directory.path}/`)));
  const directories = all ?? unitDirectories(owner === undefined ? [] : [owner]);
  const within = directories.find((directory) => path.startsWith(`${directory.path}/`));
  const scope = within?.scope ?? event.tickward.scope;
  const of = { scope, ...(within?.user === undefined ? {} : { user: within.user }) };
  const disk = readDisk(directories);
  const base = { ...of, unread: disk.unread, program: event.tickward.unit_type === 'generator' ? path : undefined };
  const name = within === undefined ? basename(path) : nameOf(event, path);
  const found = within === undefined ? undefined : disk.find(name, of);
  const other = found === undefined ? standIn(event, path, name, of) : undefined;
  const unit = found ?? other?.unit;
  const note = other?.note;
  if (name.endsWith('.timer')) {
    const serviceName = lastOf(unit?.entries ?? [], 'Timer', 'Unit') ?? name.replace(/\.timer$/, '.service');
    return { ...base, timers: unit === undefined ? [] : [unit], service: disk.find(serviceName, of) ?? beside(path, serviceName, of, within), serviceName, note };
  }
  // A drop-in, or another unit that runs something: not whatever file was named.
  if (!name.endsWith('.service')) return { ...base, timers: [], service: unit?.entries.length === 0 ? undefined : unit, serviceName: undefined, note };
  const timers = disk.units('.timer').filter((timer) => timer.scope === scope && (timer.user === undefined || timer.user === of.user) && (lastOf(timer.entries, 'Timer', 'Unit') ?? timer.name.replace(/\.timer$/, '.service')) === name);
  return { ...base, timers, service: unit, serviceName: name, note };
}

/** The unit's exact name: that in the event has lost bytes that are no UTF-8. */
function nameOf({ tickward }: FileEvent, path: string): string {
  return tickward.unit_type === 'timer' || tickward.unit_type === 'service' || tickward.unit_type === 'other' ? basename(path) : tickward.unit;
}

type Of = Pick<DiskUnit, 'scope' | 'user'>;

function unitAt(path: string, name: string, of: Of, entries: UnitEntry[]): DiskUnit {
  return { name, ...of, path, masked: false, transient: false, generated: false, dropIns: [], entries, pulledIn: false };
}

/** A file that systemd does not read, or that is gone: as it reads, else as the sensor read it. */
function standIn(event: FileEvent, path: string, name: string, of: Of): { unit: DiskUnit; note: string } | undefined {
  const content = readStart(path, MOST_UNIT_BYTES);
  if (content !== undefined) return { unit: unitAt(path, name, of, parseUnit(textOfBytes(content))), note: 'systemd does not read this file where it lies' };
  const { directives } = event.tickward;
  if (directives === undefined) return undefined;
  return { unit: unitAt(path, name, of, directives.flatMap(entryOf)), note: `the file is not there any more: this is what the sensor read${event.tickward.content_cut === true ? ', cut' : ''}` };
}

/** `Timer.OnCalendar=daily` */
function entryOf(directive: string, index: number): UnitEntry[] {
  const [, section, key, value] = /^([^.=]+)\.([^=]+)=(.*)$/s.exec(directive) ?? [];
  return section === undefined || key === undefined || value === undefined ? [] : [{ section, key, value, line: index + 1 }];
}

/** Where the timer lies outside of the unit directories, its service may lie beside it. */
function beside(path: string, name: string, of: Of, within: UnitDirectory | undefined): DiskUnit | undefined {
  if (within !== undefined || name.includes('/')) return undefined;
  const there = `${path.slice(0, path.lastIndexOf('/'))}/${name}`;
  const content = readStart(there, MOST_UNIT_BYTES);
  return content === undefined ? undefined : unitAt(there, name, of, parseUnit(textOfBytes(content)));
}

/** What is to be said of the file of a unit, whichever unit it is. */
import { lstatSync } from 'node:fs';
import { basename } from 'node:path';
import { bytesOfText, legible } from '../../model/text.ts';
import type { DiskUnit } from '../../timers/disk.ts';
import type { Evidence } from '../evidence.ts';
import type { Sign } from '../result.ts';
import { nameOfUser } from './check.ts';

export function fileRows(evidence: Evidence, unit: DiskUnit): [string, string | null][] {
  const file = evidence.look(unit.path);
  return [
    ['file', legible(unit.path)],
    ['is a link to', file.real === unit.path ? null : legible(file.real)],
    ['drop-ins', unit.dropIns.map(legible).join(', ')],
    ['owner', file.kind === 'missing' ? null : nameOfUser(evidence, file.uid)],
    ['mode', file.mode],
    ['made', file.btime],
    ['changed', file.mtime],
    ['package', evidence.owners.textOf(unit.path)],
    ['sha256', file.sha256],
  ];
}

/** What could not be found out of the file: not known is not the same as not there. */
export function unknownOf(evidence: Evidence, { path, dropIns }: DiskUnit): string[] {
  const unread = [path, ...dropIns].filter((each) => evidence.look(each).kind === 'unreadable').map((each) => `${legible(each)} cannot be read: what it sets is not known`);
  return [...unread, ...evidence.owners.warnings];
}

export function* unitFileSigns(evidence: Evidence, unit: DiskUnit): Iterable<Sign> {
  const name = legible(unit.name);
  const file = evidence.look(unit.path);
  const owned = evidence.owners.get(unit.path);
  if (owned?.changed === true) yield { id: 'package-unit-changed', weight: unit.path.startsWith('/etc/') ? 'weak' : 'strong', text: `${legible(unit.path)} belongs to ${owned.package} and is not as it was installed` };
  if (evidence.owners.isForeign(unit.path) && file.kind === 'file' && shadowed(unit) !== undefined) yield { id: 'shadows-a-package', weight: 'weak', text: `${legible(unit.path)} takes the place of ${shadowed(unit)}` };
  for (const dropIn of unit.dropIns) if (evidence.owners.isForeign(dropIn)) yield { id: 'drop-in', weight: 'weak', text: `${name} is changed by ${legible(dropIn)}, which no package has` };
  if (unit.scope === 'system' && file.kind === 'file' && file.uid !== 0) yield { id: 'unit-of-another', weight: 'strong', text: `${legible(unit.path)} is run by the system and belongs to ${nameOfUser(evidence, file.uid)}` };
  if (file.kind === 'file' && /[2367]$/.test(file.mode)) yield { id: 'anyone-may-write', weight: 'strong', text: `anyone may write ${legible(unit.path)} (mode ${file.mode})` };
  if (/^\.|\s/.test(basename(unit.path))) yield { id: 'odd-name', weight: 'weak', text: `${name} has a name that hides or reads like another` };
}

/** The unit that a package has of the same name. */
function shadowed(unit: DiskUnit): string | undefined {
  if (!unit.path.startsWith('/etc/') && !unit.path.startsWith('/run/')) return undefined;
  const directories = unit.scope === 'system' ? ['/usr/lib/systemd/system', '/lib/systemd/system'] : ['/usr/lib/systemd/user'];
  return directories.map((directory) => `${directory}/${unit.name}`).find((path) => lstatSync(bytesOfText(path), { throwIfNoEntry: false }) !== undefined);
}

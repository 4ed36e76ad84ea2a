/** Plans the removal of a timer: what makes it, what of that may be taken away, and in which order. */
import { accessSync, constants } from 'node:fs';
import { look, openFile, openParent, readRegular, sha256Of } from '../host/files.ts';
import { packagesOf } from '../host/packages.ts';
import { pathIn, show, toBytes } from '../host/paths.ts';
import { MOST_UNIT_BYTES, parseUnit } from '../host/units.ts';
import { errnoOf, messageOf } from '../model/errors.ts';
import { printable, textOfBytes } from '../model/text.ts';
import type { ActionContext, Plan, Target } from './action.ts';
import { isActive, managersOf, type Manager, type UnitState } from './manager.ts';
import { otherNamesOf } from './other-names.ts';
import { operationsOf } from './removal-order.ts';
import { isSameEntry, placeOf, stillThere, whyNoPlace } from './removal-place.ts';
import type { Removal } from './removal.ts';
import { entriesOf, findUnitFiles, forEachDirectory, templateOf, type Findings, type UnitFile } from './unit-files.ts';

export interface RemovalParams {
  keep_service: boolean;
  keep_mask: boolean;
}

export function targetPath(target: Target): Buffer {
  return target.path_bytes === undefined ? Buffer.from(target.path) : Buffer.from(target.path_bytes, 'base64');
}

export async function planRemoval(params: RemovalParams, context: ActionContext): Promise<Plan<Removal>> {
  const directories = directoriesOf(context);
  const path = targetPath(context.target);
  const place = placeOf(path, directories);
  const removal: Removal = { operations: [], units: [], kept: [], directories, cgroups: [], present: [], otherNames: [] };
  if (place === undefined) return { state: 'blocked', reason: `${show(path)} ${whyNoPlace(path, directories)}`, steps: [], notes: [], data: removal };
  const unit = place.unit;
  const own = findUnitFiles([unit], directories);
  const hidden = own.unread.find((each) => path.toString().startsWith(`${each.path}/`));
  if (hidden !== undefined) return { state: 'blocked', reason: hidden.reason, steps: [], notes: [], data: removal };
  const owners = await ownersOf(own.files);
  const itself = own.files.find((file) => isSameEntry(file.path, path));
  const itsPackage = itself === undefined ? undefined : owners.get(itself.path.toString());
  if (itsPackage !== undefined) return { state: 'blocked', reason: `${show(path)} belongs to the package ${printable(itsPackage)}: restore it from there (apt-get install --reinstall, dnf reinstall)`, steps: [], notes: [], data: removal };
  const owner = own.files.filter((file) => file.role === 'fragment').map((file) => owners.get(file.path.toString())).find((name) => name !== undefined);
  if (!place.whole || owner !== undefined) {
    const why = owner === undefined ? `${printable(unit)} itself stays: only this file of it is what the alert is about` : `${printable(unit)} itself stays: it belongs to the package ${printable(owner)} and is as it was without this file`;
    return await finish(removal, itself === undefined ? [] : [itself], { refused: itself === undefined ? stillThere(path, own) : [], notes: [why], keepMask: true, restart: unit }, context);
  }
  const service = params.keep_service ? { files: [], units: [], withFiles: [], notes: [], refused: [] } : await servicesOf(unit, own, directories);
  const kept = own.files.filter((file) => owners.has(file.path.toString()));
  removal.units.push(unit, ...service.units);
  removal.kept.push(...kept.map((file) => textOfBytes(file.path)));
  const notes = [...kept.map((file) => `${show(file.path)} stays: it belongs to the package ${printable(owners.get(file.path.toString()) ?? '')}`), ...service.notes, ...notesOf(own)];
  const files = [...own.files.filter((file) => !kept.includes(file)), ...service.files, ...stampsOf(unit, context)];
  const refused = files.length === 0 ? stillThere(path, own) : [];
  return await finish(removal, files, { refused: [...own.refused, ...service.refused, ...refused], notes, keepMask: params.keep_mask, withFiles: [...(own.files.length > 0 ? [unit] : []), ...service.withFiles] }, context);
}

function directoriesOf(context: ActionContext): string[] {
  const { scope, user } = context.target;
  return context.directories.filter((each) => each.kind === 'units' && each.scope === scope && (each.user === undefined || user === undefined || each.user === user)).map((each) => each.path);
}

async function ownersOf(files: readonly UnitFile[]): Promise<Map<string, string>> {
  const paths = files.filter((file) => file.role !== 'directory').map((file) => file.path);
  return await packagesOf(paths.filter((path) => Buffer.from(path.toString()).equals(path)).map(String));
}

interface Services {
  files: UnitFile[];
  units: string[];
  /** Those of the units of which something is on disk. */
  withFiles: string[];
  notes: string[];
  refused: string[];
}

/** The services that the timer starts, as far as nothing else needs them. */
async function servicesOf(unit: string, own: Findings, directories: readonly string[]): Promise<Services> {
  const result: Services = { files: [], units: [], withFiles: [], notes: [], refused: [] };
  if (!unit.endsWith('.timer')) return result;
  for (const service of startedBy(unit, own.files)) {
    const shown = printable(service);
    if (!service.endsWith('.service')) {
      result.notes.push(`it starts ${shown}, which is no service and stays`);
      continue;
    }
    const found = findUnitFiles([service], directories);
    const owners = await ownersOf(found.files);
    const owner = [...owners.values()][0];
    const others = otherTimersOf(service, namesOf(unit, own), directories);
    if (owner !== undefined) result.notes.push(`${shown} stays: it belongs to the package ${printable(owner)}`);
    else if (others.length > 0) result.notes.push(`${shown} stays: it is also started by ${others.map(printable).join(', ')}`);
    else {
      result.files.push(...found.files);
      result.units.push(service);
      if (found.files.length > 0) result.withFiles.push(service);
      result.refused.push(...found.refused);
      result.notes.push(...notesOf(found), ...commandsOf(service, found.files));
    }
  }
  return result;
}

/** Where Persistent= remembers the last run (systemd.timer(5)). */
function stampsOf(unit: string, context: ActionContext): UnitFile[] {
  const { scope, user } = context.target;
  const home = context.users.find((each) => each.name === user)?.home;
  const directory = scope === 'system' ? context.stamps : home === undefined ? undefined : `${home}/.local/share/systemd/timers`;
  if (directory === undefined || !unit.endsWith('.timer')) return [];
  const path = toBytes(`${directory}/stamp-${unit}`);
  try {
    using file = openFile(path, 'any');
    return [{ path, role: 'stamp', state: file.state, sha256: sha256Of(file.fd) }];
  } catch {
    // None, or something else under its name, which systemd does not read either.
    return [];
  }
}

/** Every Unit= of the timer's files, shadowed ones too; the service of the same name where there is none (systemd.timer(5)). */
function startedBy(unit: string, files: readonly UnitFile[]): string[] {
  const named = files.flatMap((file) => valuesOf(file, 'Timer', 'Unit')).filter((name) => name !== '' && !name.includes('/'));
  return named.length > 0 ? [...new Set(named)] : [unit.replace(/\.timer$/, '.service')];
}

/** The timer's own name and its aliases. */
function namesOf(unit: string, own: Findings): string[] {
  return [unit, ...own.files.filter((file) => file.role === 'fragment' || file.role === 'alias').map((file) => textOfBytes(file.path).replace(/^.*\//s, ''))];
}

function otherTimersOf(service: string, own: readonly string[], directories: readonly string[]): string[] {
  const others: string[] = [];
  forEachDirectory(directories, [], (directory) => {
    for (const { name } of entriesOf(directory)) {
      if (!name.endsWith('.timer') || own.includes(name) || own.some((each) => templateOf(each) !== undefined && templateOf(each) === templateOf(name))) continue;
      const files = findUnitFilesIn(directory.path, name);
      if (files.length > 0 && startedBy(name, files).includes(service)) others.push(name);
    }
  });
  return [...new Set(others)];
}

function findUnitFilesIn(directory: Buffer, name: string): UnitFile[] {
  const path = pathIn({ path: directory }, name);
  const found = look(path);
  if (found === undefined || found.target?.toString() === '/dev/null') return [];
  return [{ path, role: 'fragment', state: found.state, ...(found.target === undefined ? {} : { target: found.target }) }];
}

function commandsOf(service: string, files: readonly UnitFile[]): string[] {
  const commands = new Set(files.flatMap((file) => valuesOf(file, 'Service', 'ExecStart')).filter((command) => command !== ''));
  return commands.size === 0 ? [] : [`what ${printable(service)} runs is not removed, look at it: ${[...commands].map(printable).join('; ')}`];
}

function valuesOf(file: UnitFile, section: string, key: string): string[] {
  if (file.role !== 'fragment' && file.role !== 'drop-in') return [];
  try {
    const text = textOfBytes(readRegular(contentPath(file), MOST_UNIT_BYTES).content);
    return parseUnit(text).filter((entry) => entry.section === section && entry.key === key).map((entry) => entry.value);
  } catch {
    // Gone, or behind a link that is not followed: then the defaults of systemd apply.
    return [];
  }
}

/** Where a link leads that takes the place of a unit; only to read. */
function contentPath(file: UnitFile): Buffer {
  if (file.target === undefined) return file.path;
  if (file.target[0] === 0x2f) return file.target;
  return Buffer.concat([file.path.subarray(0, file.path.lastIndexOf('/') + 1), file.target]);
}

function notesOf(found: Findings): string[] {
  const links = found.files.filter((file) => file.role === 'fragment' && file.target !== undefined);
  return [
    ...found.unread.map((each) => `not looked into: ${each.reason}`),
    ...found.masks.map((path) => `${show(path)} stays: it is a mask that keeps the unit from being started`),
    ...found.shared.map((path) => `${show(path)} applies to other units as well and stays, look at it`),
    ...links.map((file) => `${show(file.path)} is a link: ${show(file.target ?? Buffer.alloc(0))} itself stays, look at it`),
  ];
}

interface Surroundings {
  refused: string[];
  notes: string[];
  keepMask: boolean;
  /** Units of which something was found on disk. */
  withFiles?: readonly string[];
  /** To be started anew where it runs, when only a file of it goes. */
  restart?: string;
}

async function finish(removal: Removal, files: readonly UnitFile[], around: Surroundings, context: ActionContext): Promise<Plan<Removal>> {
  const managers = managersOf(context);
  const states = new Map<Manager, UnitState[]>();
  for (const manager of managers) states.set(manager, await manager.states((around.restart === undefined ? removal.units : [around.restart]).flatMap(withInstances)));
  removal.operations.push(...(await operationsOf(removal.units, files, { onlyFile: around.restart !== undefined, keepMask: around.keepMask }, states, context)));
  const isLoaded = (unit: string): boolean => [...states.values()].flat().some((state) => state.id === unit && state.load === 'loaded');
  removal.otherNames.push(...otherNamesOf(files, context.directories));
  removal.present.push(...removal.units.filter((unit) => around.withFiles?.includes(unit) || isLoaded(unit)));
  removal.cgroups.push(...removal.operations.flatMap((each) => (each.kind === 'stop' && each.cgroup !== '' ? [each.cgroup] : [])));
  const plan = { steps: removal.operations.map(({ text, target }) => ({ text, target })), notes: [...new Set([...around.notes, ...removal.otherNames.map((name) => `stays, look at it: ${name}`)])], data: removal };
  const known = [...states.values()].flat().some((state) => state.load === 'loaded' && isActive(state));
  const [refused] = around.refused;
  if (refused !== undefined) return { ...plan, state: 'blocked', reason: refused };
  if (files.length === 0 && !known) return { ...plan, steps: [], state: 'nothing-to-do', reason: `${show(targetPath(context.target))} is gone already, and nothing else of the unit is there` };
  const reason = missingRight(files, context);
  return reason === undefined ? { ...plan, state: 'ready' } : { ...plan, state: 'blocked', reason };
}

function withInstances(unit: string): string[] {
  const template = templateOf(unit);
  return template === undefined ? [unit] : [template.replace('@', '@*')];
}

/** Why this user could not take a file away, or could not give it back as it was. */
function missingRight(files: readonly UnitFile[], context: ActionContext): string | undefined {
  for (const file of files) {
    try {
      using directory = openParent(file.path).directory;
      accessSync(`/proc/self/fd/${directory.fd}`, constants.W_OK | constants.X_OK);
      if (context.uid !== 0 && file.state.uid !== context.uid) return `${show(file.path)} belongs to another user: run as root`;
    } catch (error) {
      // An immutable directory refuses root as well, until its attribute is taken off.
      if (context.uid === 0 && errnoOf(error) === 'EPERM') continue;
      return `${show(file.path)} lies in a directory that may not be written: ${context.uid === 0 ? messageOf(error) : 'run as root'}`;
    }
  }
  return undefined;
}

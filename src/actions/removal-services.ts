/** Which services a timer starts, and what of them goes with it. */
import { readdirSync, realpathSync } from 'node:fs';
import { look, readRegular } from '../host/files.ts';
import { pathIn, show, SLASH } from '../host/paths.ts';
import { MOST_UNIT_BYTES, parseUnit } from '../host/units.ts';
import { printable, textOfBytes } from '../model/text.ts';
import { doubtNotes, ownersOf } from './removal-packages.ts';
import { entriesOf, findUnitFiles, forEachDirectory, templateOf, type Findings, type UnitFile } from './unit-files.ts';

/** An alias may lead to an alias; nobody needs more of a chain than this. */
const MOST_LINKS = 4;
/** Behind a link may be any directory. */
const MOST_DROP_INS = 1_000;

export interface Services {
  files: UnitFile[];
  units: string[];
  /** Those of the units of which something is on disk. */
  withFiles: string[];
  notes: string[];
  refused: string[];
  shared: Buffer[];
}

export function noServices(): Services {
  return { files: [], units: [], withFiles: [], notes: [], refused: [], shared: [] };
}

/** The services that the timer starts, as far as nothing else needs them. */
export async function servicesOf(unit: string, own: Findings, directories: readonly string[]): Promise<Services> {
  const result = noServices();
  if (!unit.endsWith('.timer')) return result;
  const ours = namesOf(unit, own);
  for (const service of startedBy(unit, own.files)) {
    if (!service.endsWith('.service')) result.notes.push(`it starts ${printable(service)}, which is no service and stays`);
    else await addService(service, ours, directories, result);
  }
  return result;
}

async function addService(named: string, ours: readonly string[], directories: readonly string[], result: Services): Promise<void> {
  const service = realNameOf(unitWithFile(named, directories), directories);
  const shown = printable(service);
  if (service !== named && templateOf(named) !== service) result.notes.push(`${printable(named)} is another name of ${shown}`);
  const found = findUnitFiles([service], directories);
  const { owners, problem } = await ownersOf(found.files);
  const [owner] = owners.values();
  const others = otherTimersOf(service, ours, directories);
  if (owner !== undefined) result.notes.push(`${shown} stays: it belongs to the package ${printable(owner)}`);
  else if (others.length > 0) result.notes.push(`${shown} stays: it is also started by ${others.map(printable).join(', ')}`);
  else {
    result.files.push(...found.files);
    result.units.push(service);
    if (found.files.length > 0) result.withFiles.push(service);
    result.refused.push(...found.refused);
    result.shared.push(...found.shared);
    result.notes.push(...notesOf(found), ...commandNotes(service, found.files), ...foreignNotes(service, ours, found), ...doubtNotes(problem));
  }
}

/** An instance that has no file of its own is what its template says. */
function unitWithFile(service: string, directories: readonly string[]): string {
  const template = templateOf(service);
  if (template === undefined || findUnitFiles([service], directories).files.some((file) => file.role === 'fragment')) return service;
  return template;
}

/** An alias is a link to a unit of another name (systemd.unit(5)): whoever names it means that unit, which may be one that the host needs. */
function realNameOf(service: string, directories: readonly string[]): string {
  let name = service;
  for (let links = 0; links < MOST_LINKS; links += 1) {
    const targets = findUnitFiles([name], directories).files.flatMap((file) => (file.role === 'fragment' && file.target !== undefined && isNamed(file.path, name) ? [textOfBytes(file.target).replace(/^.*\//s, '')] : []));
    const next = targets.find((target) => target !== name && target.endsWith('.service'));
    if (next === undefined) break;
    name = next;
  }
  return name;
}

function isNamed(path: Buffer, name: string): boolean {
  return textOfBytes(path).endsWith(`/${name}`);
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
  const isIt = (name: string): boolean => name === service || templateOf(name) === service;
  forEachDirectory(directories, [], (directory) => {
    for (const { name } of entriesOf(directory)) {
      if (!name.endsWith('.timer') || own.includes(name) || own.includes(templateOf(name) ?? '')) continue;
      const files = fragmentAt(directory.path, name);
      if (files.length > 0 && startedBy(name, files).some(isIt)) others.push(name);
    }
  });
  return [...new Set(others)];
}

function fragmentAt(directory: Buffer, name: string): UnitFile[] {
  const path = pathIn({ path: directory }, name);
  const found = look(path);
  if (found === undefined || found.target?.toString() === '/dev/null') return [];
  return [{ path, role: 'fragment', state: found.state, ...(found.target === undefined ? {} : { target: found.target }) }];
}

/** What runs a command in a service (systemd.service(5)). */
const RUNS = ['ExecStart', 'ExecStartPre', 'ExecStartPost', 'ExecCondition', 'ExecReload', 'ExecStop', 'ExecStopPost'];

/** What the units' own files run. */
export function commandsOf(files: readonly UnitFile[], keys: readonly string[] = RUNS): string[] {
  return [...new Set(files.flatMap((file) => keys.flatMap((key) => valuesOf(file, 'Service', key))).filter((command) => command !== ''))];
}

function commandNotes(service: string, files: readonly UnitFile[]): string[] {
  const commands = commandsOf(files, ['ExecStart']);
  return commands.length === 0 ? [] : [`what ${printable(service)} runs is not removed, look at it: ${commands.map(printable).join('; ')}`];
}

/** A timer may name a service that was there before it, and that the host needs: then its removal would be the harm. */
function foreignNotes(service: string, ours: readonly string[], { files }: Findings): string[] {
  const pulledIn = files.filter((file) => file.role === 'enablement');
  const isItsOwn = ours.some((timer) => timer.replace(/\.timer$/, '.service') === service);
  return isItsOwn || pulledIn.length === 0 ? [] : [`${printable(service)} also starts without the timer, by ${pulledIn.map(({ path }) => show(path)).join(', ')}: where the host needs it, leave it (keep_service: true)`];
}

function valuesOf(file: UnitFile, section: string, key: string): string[] {
  if (file.role !== 'fragment' && file.role !== 'drop-in') return [];
  return textsOf(file).flatMap((path) => {
    try {
      const text = textOfBytes(readRegular(path, MOST_UNIT_BYTES).content);
      return parseUnit(text).filter((entry) => entry.section === section && entry.key === key).map((entry) => entry.value);
    } catch {
      // Gone, or behind a link that is not followed: then the defaults of systemd apply.
      return [];
    }
  });
}

/** The file itself; of a link in place of a directory of drop-ins, what systemd reads through it. */
export function textsOf(file: UnitFile): Buffer[] {
  const at = contentPath(file);
  if (file.target === undefined || file.role !== 'drop-in') return [at];
  try {
    const directory = realpathSync(at, { encoding: 'buffer' });
    return readdirSync(directory, { encoding: 'buffer' }).filter((name) => name.toString('latin1').endsWith('.conf')).slice(0, MOST_DROP_INS).map((name) => Buffer.concat([directory, Buffer.from('/'), name]));
  } catch {
    return [at];
  }
}

/** Where a link leads that takes the place of a unit; only to read. */
function contentPath(file: UnitFile): Buffer {
  if (file.target === undefined) return file.path;
  if (file.target[0] === SLASH) return file.target;
  return Buffer.concat([file.path.subarray(0, file.path.lastIndexOf('/') + 1), file.target]);
}

export function notesOf(found: Findings): string[] {
  const links = found.files.filter(({ role, target }) => (role === 'fragment' || role === 'drop-in') && target !== undefined && !found.files.some(({ path }) => path.equals(target)));
  return [
    ...found.unread.map((each) => `not looked into: ${each.reason}`),
    ...found.masks.map((path) => `${show(path)} stays: it is a mask that keeps the unit from being started`),
    ...found.shared.map((path) => `${show(path)} applies to other units as well and stays, look at it`),
    ...found.linked.map((path) => `${show(path)} is a link to a directory that applies to other units as well, and stays: look at it and at what is in it`),
    ...links.map(linkNote),
  ];
}

export function linkNote(file: UnitFile): string {
  return `${show(file.path)} is a link: ${show(file.target ?? Buffer.alloc(0))} itself stays, look at it`;
}

/** The operations of a removal and their order. */
import { show } from '../host/paths.ts';
import { printable } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import { protectionOf } from './attributes.ts';
import { isActive, isLoadable, isOwnCgroup, isRunning, type Manager, type UnitState } from './manager.ts';
import { isGeneratorDirectory } from './removal-regenerate.ts';
import { goesAside, isSlow } from './removal-checks.ts';
import { hasEscaped } from './removal-escaped.ts';
import { inOrder } from './removal-stop.ts';
import type { Operation } from './removal.ts';
import type { UnitFile } from './unit-files.ts';

export interface OrderMode {
  /** The unit stays: only a file of it goes. */
  onlyFile: boolean;
  keepMask: boolean;
  /** Done when the files are gone. */
  replacement?: Operation;
  /** Where the units were looked for. */
  directories: readonly string[];
}

/** The order that leaves no trap of the unit a chance: masked before it is stopped, so that ExecStop=, OnFailure= and Restart= of its own are void. */
export function operationsOf(units: readonly string[], files: readonly UnitFile[], mode: OrderMode, states: ReadonlyMap<Manager, UnitState[]>, context: ActionContext): Operation[] {
  const managers = [...states.keys()];
  const attributes = attributesOf(files, context, mode.onlyFile ? [] : managers.map((manager) => Buffer.from(manager.maskDirectory)));
  const early = files.filter((file) => goesFirst(file, managers));
  const late = files.filter((file) => !early.includes(file)).map(takeAway);
  const first = [...attributes, ...early.map(takeAway)];
  const loadable = units.filter(isLoadable);
  const wakes = managers.flatMap((manager) => wake(manager, loadable));
  if (mode.onlyFile) return [...first, ...late, ...(mode.replacement === undefined ? [] : [mode.replacement]), ...wakes, ...[...states].flatMap(([manager, known]) => reload(manager, [], known.filter((state) => isActive(state) || manager.silence !== undefined).map((state) => state.id)))];
  const running = [...states].flatMap(([manager, known]) => inOrder(known.filter((state) => isRunning(state) || hasEscaped(state))).map((state) => ({ manager, state })));
  // What goes with a generator is more than what it was found by.
  const regenerates = early.some(({ role }) => role === 'generator') ? managers.flatMap((manager) => regenerate(manager, mode.directories)) : [];
  const freezes = running.flatMap(({ manager, state }) => freeze(manager, state));
  const masks = [...states].flatMap(([manager, known]) => loadable.map((unit, index) => mask(manager, unit, manager.silence === undefined && known.some((state) => state.id === unit && isActive(state)), index === loadable.length - 1)));
  const stops = managers.flatMap((manager) => (manager.silence === undefined ? running.filter((each) => each.manager === manager).map(({ state }) => stop(manager, state)) : end(manager, loadable, running.some((each) => each.manager === manager))));
  const unmasks = mode.keepMask ? [] : managers.map((manager) => unmask(manager, loadable));
  return [...freezes, ...wakes, ...first, ...regenerates, ...masks, ...stops, ...late, ...unmasks, ...[...states].flatMap(([manager, known]) => reload(manager, [...new Set([...loadable, ...known.map((state) => state.id)])]))];
}

/**
 * Before the mask: what would be stronger than it, a generator that would make the unit anew at its reload, and what the manager itself removes when the unit stops
 * (systemd-run(1)'s transient units), of which the undo needs the copy. And what would hold the manager up.
 */
function goesFirst(file: UnitFile, managers: readonly Manager[]): boolean {
  const path = file.path.toString();
  return file.role === 'generator' || isSlow(file) || path.includes('/systemd/transient/') || managers.some((manager) => [manager.maskDirectory, manager.strongest].some((directory) => path.startsWith(`${directory}/`)));
}

function freeze(manager: Manager, state: UnitState): Operation[] {
  if (!state.id.endsWith('.service') || !isOwnCgroup(state)) return [];
  return [{ kind: 'freeze', manager, unit: state.id, cgroup: state.cgroup, text: `freeze the processes of ${printable(state.id)}`, target: printable(state.id) }];
}

export function wake(manager: Manager, units: string[]): Operation[] {
  return manager.silence?.canLetGo === true ? [{ kind: 'wake', manager, units, text: `let ${manager.name} go on, which ${manager.silence.why}`, target: manager.name }] : [];
}

/** Of a manager that answers nobody: what is active is asked when it goes on, and what has processes is known. */
function end(manager: Manager, units: string[], isAnyRunning: boolean): Operation[] {
  const names = units.map(printable).join(' and ');
  if (manager.silence?.canLetGo === true) return [{ kind: 'end', manager, units, text: `kill all processes of ${names} and stop what is active of it for ${manager.name}`, target: names }];
  return isAnyRunning ? [{ kind: 'end', manager, units, text: `kill all processes of ${names}`, target: names }] : [];
}

function mask(manager: Manager, unit: string, active: boolean, last: boolean): Operation {
  return { kind: 'mask', manager, unit, active, last, text: `mask ${printable(unit)} for ${manager.name} by a link to /dev/null in ${manager.maskDirectory}`, target: printable(unit) };
}

function unmask(manager: Manager, units: string[]): Operation {
  return { kind: 'unmask', manager, units, text: `lift the mask of ${units.map(printable).join(' and ')} for ${manager.name} again`, target: manager.name };
}

function stop(manager: Manager, state: UnitState): Operation {
  const text = state.id.endsWith('.service') ? `kill all processes of ${printable(state.id)} and stop it` : `stop ${printable(state.id)}`;
  return { kind: 'stop', manager, unit: state.id, active: isActive(state), cgroup: isOwnCgroup(state) ? state.cgroup : '', invocation: state.invocation, text, target: printable(state.id) };
}

function reload(manager: Manager, forget: string[], restart: string[] = []): Operation[] {
  if (manager.silence?.canLetGo === false) return [];
  const more = restart.length > 0 ? ` and start ${restart.map(printable).join(', ')} anew` : forget.length > 0 ? ' and forget failures of the removed ones' : '';
  return [{ kind: 'reload', manager, forget, restart, text: `let ${manager.name} read its units again${more}`, target: manager.name }];
}

export function regenerate(manager: Manager, directories: readonly string[]): Operation[] {
  if (manager.silence?.canLetGo === false) return [];
  return [{ kind: 'regenerate', manager, directories: directories.filter(isGeneratorDirectory), text: `let ${manager.name} run its generators again, then kill and stop the units that none of them makes any more`, target: manager.name }];
}

export function takeAway(file: UnitFile): Operation {
  const target = show(file.path);
  if (file.role === 'directory') return { kind: 'directory', path: file.path, text: `remove the directory ${target} when it is empty`, target };
  if (file.target !== undefined) return { kind: 'link', path: file.path, leadsTo: file.target, text: `remove the link ${target} to ${show(file.target)}`, target };
  if (goesAside(file)) return { kind: 'aside', path: file.path, state: file.state, text: `rename the file ${target}, which is too large to keep a copy of (${file.state.size} bytes), into the directory above, where systemd does not look for it`, target };
  return { kind: 'file', path: file.path, state: file.state, sha256: file.sha256 ?? '', text: `move the file ${target} into the quarantine`, target };
}

/** Of the files, of the directories that their names are taken out of, and of those where names are made. */
export function attributesOf(files: readonly UnitFile[], context: ActionContext, more: readonly Buffer[] = []): Operation[] {
  if (context.uid !== 0) return [];
  const parents = files.flatMap((file) => (goesAside(file) ? [parentOf(file.path), parentOf(parentOf(file.path))] : [parentOf(file.path)]));
  const themselves = files.filter((file) => file.target === undefined).map((file) => file.path);
  const paths = new Map([...parents, ...themselves, ...more].map((path) => [path.toString('latin1'), path] as const));
  return [...paths.values()].flatMap((path) => {
    const flags = protectionOf(path);
    return flags === '' ? [] : [{ kind: 'attributes' as const, path, flags, text: `take the attribute ${flags} (chattr) off ${show(path)}`, target: show(path) }];
  });
}

function parentOf(path: Buffer): Buffer {
  return path.subarray(0, path.lastIndexOf('/'));
}

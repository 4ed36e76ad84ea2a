/** The operations of a removal and their order. */
import { show } from '../host/paths.ts';
import { printable } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import { protectionOf } from './attributes.ts';
import { isActive, isLoadable, type Manager, type UnitState } from './manager.ts';
import type { Operation } from './removal.ts';
import type { UnitFile } from './unit-files.ts';

/** The order that leaves no trap of the unit a chance: masked before it is stopped, so that ExecStop=, OnFailure= and Restart= of its own are void. */
export async function operationsOf(units: readonly string[], files: readonly UnitFile[], mode: { onlyFile: boolean; keepMask: boolean }, states: ReadonlyMap<Manager, UnitState[]>, context: ActionContext): Promise<Operation[]> {
  const inTheWay = (file: UnitFile): boolean => [...states.keys()].some((manager) => file.path.toString().startsWith(`${manager.maskDirectory}/`));
  const taken = [...(await attributesOf(files, context)), ...files.filter(inTheWay).map(takeAway)];
  const rest = files.filter((file) => !inTheWay(file)).map(takeAway);
  if (mode.onlyFile) return [...taken, ...rest, ...[...states].map(([manager, known]) => reload(manager, [], known.filter(isActive).map((state) => state.id)))];
  const running = [...states].flatMap(([manager, known]) => known.map((state) => ({ manager, state })));
  const first = running.flatMap(({ manager, state }) => freeze(manager, state));
  const masks = [...states].flatMap(([manager, known]) => units.filter(isLoadable).map((unit) => mask(manager, unit, known.some((state) => state.id === unit && isActive(state)))));
  const stops = running.filter(({ state }) => isActive(state)).sort((one) => (one.state.id.endsWith('.timer') ? -1 : 1)).map(({ manager, state }) => stop(manager, state));
  const reloads = [...states.keys()].map((manager) => reload(manager, units.filter(isLoadable), []));
  const unmasks = mode.keepMask ? [] : [...states.keys()].map((manager) => unmask(manager, units.filter(isLoadable)));
  return [...first, ...taken, ...masks, ...stops, ...rest, ...unmasks, ...reloads];
}

/** Only under the system manager: a user manager does not answer while its units are frozen. */
function freeze(manager: Manager, state: UnitState): Operation[] {
  if (manager.id.scope !== 'system' || !state.id.endsWith('.service') || !isActive(state)) return [];
  return [{ kind: 'freeze', manager, unit: state.id, text: `freeze the processes of ${printable(state.id)}`, target: printable(state.id) }];
}

function mask(manager: Manager, unit: string, active: boolean): Operation {
  return { kind: 'mask', manager, unit, active, text: `mask ${printable(unit)} for ${manager.name} by a link to /dev/null in ${manager.maskDirectory}`, target: printable(unit) };
}

function unmask(manager: Manager, units: string[]): Operation {
  return { kind: 'unmask', manager, units, text: `lift the mask of ${units.map(printable).join(' and ')} for ${manager.name} again`, target: manager.name };
}

function stop(manager: Manager, state: UnitState): Operation {
  const text = state.id.endsWith('.service') ? `kill all processes of ${printable(state.id)} and stop it` : `stop ${printable(state.id)}`;
  return { kind: 'stop', manager, unit: state.id, active: true, cgroup: state.cgroup.endsWith(`/${state.id}`) ? state.cgroup : '', text, target: printable(state.id) };
}

function reload(manager: Manager, forget: string[], restart: string[]): Operation {
  const more = restart.length > 0 ? ` and start ${restart.map(printable).join(', ')} anew` : forget.length > 0 ? ' and forget failures of the removed ones' : '';
  return { kind: 'reload', manager, forget, restart, text: `let ${manager.name} read its units again${more}`, target: manager.name };
}

function takeAway(file: UnitFile): Operation {
  const target = show(file.path);
  if (file.role === 'directory') return { kind: 'directory', path: file.path, text: `remove the directory ${target} when it is empty`, target };
  if (file.target !== undefined) return { kind: 'link', path: file.path, leadsTo: file.target, text: `remove the link ${target} to ${show(file.target)}`, target };
  return { kind: 'file', path: file.path, state: file.state, sha256: file.sha256 ?? '', text: `move the file ${target} into the quarantine`, target };
}

async function attributesOf(files: readonly UnitFile[], context: ActionContext): Promise<Operation[]> {
  if (context.uid !== 0) return [];
  const parents = files.map((file) => file.path.subarray(0, file.path.lastIndexOf('/')));
  const regular = files.filter((file) => file.target === undefined).map((file) => file.path);
  const paths = new Map([...parents, ...regular].map((path) => [path.toString(), path] as const));
  const found = await protectionOf([...paths.keys()]);
  return [...found].flatMap(([text, flags]) => {
    const path = paths.get(text);
    return path === undefined ? [] : [{ kind: 'attributes' as const, path, flags, text: `take the attribute ${flags} (chattr) off ${printable(text)}`, target: printable(text) }];
  });
}

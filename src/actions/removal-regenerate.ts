/** Lets a manager run its generators again and ends what none of them makes any more. */
import { isPopulated, killAll } from '../host/cgroups.ts';
import { pathIn } from '../host/paths.ts';
import type { ActionContext } from './action.ts';
import { isActive, isOwnCgroup, isRunning } from './manager.ts';
import { refusalOf } from './processes.ts';
import { tell } from './removal-stop.ts';
import type { Announce } from './removal-take.ts';
import { remarkOn } from './removal-vanished.ts';
import type { Operation } from './removal.ts';
import { entriesOf, forEachDirectory } from './unit-files.ts';

/** What can be stopped without taking a file system, swap or a slice away from somebody else. */
const STOPPED = /\.(?:timer|service|socket|path)$/;

/** Whether a unit of this name is stopped when nothing makes it any more. */
export function endsWithItsFile(name: string): boolean {
  return STOPPED.test(name);
}

export function isGeneratorDirectory(path: string): boolean {
  return /\/generator(?:\.early|\.late)?$/.test(path);
}

export interface Generated {
  name: string;
  path: Buffer;
  /** A unit, not a directory of drop-ins or links. */
  isUnit: boolean;
}

export function generatedIn(directories: readonly string[]): Generated[] {
  const found: Generated[] = [];
  forEachDirectory(directories, [], (directory) => {
    for (const { name, kind } of entriesOf(directory)) found.push({ name, path: pathIn(directory, name), isUnit: kind === 'file' || kind === 'link' });
  });
  return found;
}

/** A timer that has lost its file fails by itself at the reload; what has lost its file has also lost ExecStop=, OnFailure= and Restart=. */
export async function regenerate({ manager, directories }: Extract<Operation, { kind: 'regenerate' }>, context: ActionContext, announce: Announce): Promise<string | undefined> {
  const before = generatedIn(directories);
  const active = (await manager.states(namesOf(before), 'loaded')).filter((state) => isActive(state) && endsWithItsFile(state.id)).map(({ id }) => id);
  announce({ kind: 'regenerate', manager: manager.id, active });
  await tell(manager, 'daemon-reload');
  const after = generatedIn(directories);
  const left = new Set(after.map(({ path }) => path.toString('latin1')));
  const gone = before.filter(({ path }) => !left.has(path.toString('latin1')));
  const states = (await manager.states([...namesOf(gone), ...changedBy(gone)], 'loaded')).filter((state) => active.includes(state.id) || isRunning(state));
  const ended = states.filter((state) => state.load === 'not-found' && endsWithItsFile(state.id) && (!isOwnCgroup(state) || refusalOf(state.cgroup, context) === undefined));
  for (const state of ended) {
    announce({ kind: 'stop', manager: manager.id, unit: state.id, active: isActive(state) });
    const cgroup = isOwnCgroup(state) ? state.cgroup : '';
    if (isPopulated(cgroup)) killAll(cgroup);
    await tell(manager, 'stop', '--', state.id);
    if (isPopulated(cgroup)) killAll(cgroup);
    await tell(manager, 'reset-failed', '--', state.id).catch(() => undefined);
  }
  return remarkOn(gone, ended, states.filter((state) => !ended.includes(state)));
}

/** Units that a drop-in of it had changed. */
function changedBy(gone: readonly Generated[]): string[] {
  return gone.filter(({ isUnit, name }) => !isUnit && name.endsWith('.d')).map(({ name }) => name.slice(0, -'.d'.length));
}

function namesOf(generated: readonly Generated[]): string[] {
  return [...new Set(generated.filter(({ isUnit }) => isUnit).map(({ name }) => name))];
}

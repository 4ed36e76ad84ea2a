/** Lets a manager run its generators again and ends what none of them makes any more. */
import { isPopulated, killAll } from '../host/cgroups.ts';
import { pathIn, show } from '../host/paths.ts';
import { printable } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import { isActive, isOwnCgroup, isRunning, type UnitState } from './manager.ts';
import { refusalOf } from './processes.ts';
import { tell } from './removal-stop.ts';
import type { Announce } from './removal-take.ts';
import type { Operation } from './removal.ts';
import { entriesOf, forEachDirectory } from './unit-files.ts';

/** What can be stopped without taking a file system, swap or a slice away from somebody else. */
const STOPPED = /\.(?:timer|service|socket|path)$/;
const MOST_TOLD = 10;

export function isGeneratorDirectory(path: string): boolean {
  return /\/generator(?:\.early|\.late)?$/.test(path);
}

interface Generated {
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
  const active = (await manager.states(namesOf(before))).filter((state) => isActive(state) && STOPPED.test(state.id)).map(({ id }) => id);
  announce({ kind: 'regenerate', manager: manager.id, active });
  await tell(manager, 'daemon-reload');
  const left = new Set(generatedIn(directories).map(({ path }) => path.toString('latin1')));
  const gone = before.filter(({ path }) => !left.has(path.toString('latin1')));
  const states = (await manager.states(namesOf(gone))).filter((state) => active.includes(state.id) || isRunning(state));
  const ended = states.filter((state) => state.load === 'not-found' && STOPPED.test(state.id) && (!isOwnCgroup(state) || refusalOf(state.cgroup, context) === undefined));
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

function namesOf(generated: readonly Generated[]): string[] {
  return [...new Set(generated.filter(({ isUnit }) => isUnit).map(({ name }) => name))];
}

function remarkOn(gone: readonly Generated[], ended: readonly UnitState[], others: readonly UnitState[]): string {
  const list = (texts: readonly string[]): string => `${texts.slice(0, MOST_TOLD).join(', ')}${texts.length > MOST_TOLD ? `, and ${texts.length - MOST_TOLD} more` : ''}`;
  const parts = gone.length === 0 ? ['nothing that generators had made is gone with it'] : [`gone with it: ${list(gone.map(({ path }) => show(path)))}`];
  if (ended.length > 0) parts.push(`stopped: ${list(ended.map(({ id }) => printable(id)))}`);
  if (others.length > 0) parts.push(`goes on as it was started, look at it and start it anew: ${list(others.map(({ id }) => printable(id)))}`);
  return parts.join('; ');
}

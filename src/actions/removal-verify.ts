/** Looks at the host again after a removal. */
import { isPopulated } from '../host/cgroups.ts';
import { look } from '../host/files.ts';
import { show } from '../host/paths.ts';
import { printable, textOfBytes } from '../model/text.ts';
import type { ActionContext, Verdict } from './action.ts';
import { isActive, silenceHint, type Manager, type UnitState } from './manager.ts';
import { targetPath } from './removal-plan.ts';
import type { Removal } from './removal.ts';
import { findUnitFiles } from './unit-files.ts';

export async function verifyRemoval(removal: Removal, context: ActionContext): Promise<Verdict> {
  const { managers } = removal;
  const running = await stillRunning(removal);
  if (running !== undefined) return { ok: false, text: running };
  const [back] = madeAnew(removal);
  // What is put back under a mask is a file that nothing starts.
  if (back !== undefined && (!removal.keepMask || managers.length === 0)) return { ok: false, text: `${show(back)} is there (again): something makes it anew, look for it` };
  const stays = removal.otherNames.length === 0 ? '' : `; what stays: ${removal.otherNames.join('; ')}`;
  if (back === undefined) return { ok: true, text: `${goneText(removal, context)}${stays}` };
  return { ok: true, text: `${removal.units.map(printable).join(' and ')} cannot start until the next boot, but something put ${show(back)} back already: look for what does that${stays}` };
}

async function stillRunning({ managers, units, keepMask, cgroups }: Removal): Promise<string | undefined> {
  for (const manager of managers) {
    const states = await manager.states(units, keepMask ? undefined : 'loaded');
    const running = states.find(isActive);
    if (running !== undefined) return `${printable(running.id)} is still ${printable(running.active)} for ${manager.name}`;
    const open = keepMask ? states.find((state) => isStartable(state, units)) : undefined;
    if (open !== undefined) return `${printable(open.id)} can still be started by ${manager.name}: something is stronger than the mask`;
  }
  const left = cgroups.find(isPopulated);
  return left === undefined ? untold(managers) : `processes are left in ${printable(left)}`;
}

/** What it has in memory, nobody else can take out of it. */
function untold(managers: readonly Manager[]): string | undefined {
  const silent = managers.find(({ silence }) => silence !== undefined);
  if (silent?.silence === undefined || silent.id.scope === 'system') return undefined;
  return `all was done that can be done without ${silent.name}, but it ${silent.silence.why} and may start what it has in memory when it goes on: ${silenceHint(silent.id.user)}`;
}

/** A transient unit that was stopped reads "not-found", mask or not. */
function isStartable({ id, load }: UnitState, units: readonly string[]): boolean {
  return units.includes(id) && load === 'loaded';
}

/** What was taken and is there, and what else makes one of the units by now. */
function madeAnew({ units, operations, kept, directories }: Removal): Buffer[] {
  const stays = (path: Buffer): boolean => kept.some((each) => each.equals(path) || each.equals(path.subarray(0, path.lastIndexOf('/'))));
  const isReplaced = (path: Buffer): boolean => operations.some((each) => each.kind === 'original' && each.path.equals(path));
  const taken = operations.flatMap((each) => (each.kind === 'file' || each.kind === 'aside' || each.kind === 'link' ? [each.path] : [])).filter((path) => !isReplaced(path) && look(path) !== undefined);
  const found = findUnitFiles(units, directories).files.filter((file) => file.role !== 'directory' && !stays(file.path)).map((file) => file.path);
  return [...taken, ...found];
}

function goneText({ operations, present, staying }: Removal, context: ActionContext): string {
  const replaced = operations.find((each) => each.kind === 'original');
  if (replaced !== undefined) return `${show(replaced.path)} is as its package has it`;
  if (present.length === 0) return `${show(targetPath(context.target))} is gone`;
  // What a generator made goes where the generator went.
  const there = staying.filter((path) => look(path) !== undefined);
  const isLeft = (unit: string): boolean => there.some((path) => textOfBytes(path).endsWith(`/${unit}`));
  const gone = present.filter((unit) => !isLeft(unit));
  const left = present.filter(isLeft);
  return [
    ...(gone.length === 0 ? [] : [`${gone.map(printable).join(' and ')} ${gone.length === 1 ? 'is' : 'are'} gone`]),
    ...(left.length === 0 ? [] : [`${left.map(printable).join(' and ')} cannot start until the next boot, but ${there.map(show).join(', ')} ${there.length === 1 ? 'stays' : 'stay'}`]),
  ].join('; ');
}

/** Plans the removal of a generator itself (systemd.generator(7)): its file goes, and what it made goes with the next reload. */
import { look, openFile, sha256Of } from '../host/files.ts';
import { packagesIfKnown } from '../host/packages.ts';
import { show } from '../host/paths.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import { listed, printable } from '../model/text.ts';
import type { ActionContext, Plan } from './action.ts';
import { silenceNotes, type Manager } from './manager.ts';
import { hindranceOf, isTooLarge } from './removal-checks.ts';
import { attributesOf, regenerate, takeAway, wake } from './removal-order.ts';
import { doubtNotes, replacementOf } from './removal-packages.ts';
import { isAmong } from './removal-place.ts';
import { endsWithItsFile, generatedIn, isGeneratorDirectory } from './removal-regenerate.ts';
import type { Removal } from './removal.ts';
import type { UnitFile } from './unit-files.ts';

export async function planGenerator(path: Buffer, managers: readonly Manager[], removal: Removal, context: ActionContext): Promise<Plan<Removal>> {
  const shown = show(path);
  const refuse = (reason: string): Plan<Removal> => ({ state: 'blocked', reason, steps: [], notes: [], data: removal });
  const found = look(path);
  if (found === undefined) return { ...refuse(`${shown} is gone already`), state: 'nothing-to-do' };
  if (found.target?.toString() === '/dev/null') return refuse(`${shown} is a mask that keeps a generator from running: it stays`);
  if (found.target === undefined && found.state.kind !== 'file') return refuse(`${shown} is not touched: it is neither a file nor a link`);
  const file: UnitFile = { path, role: 'generator', ...found, ...(found.target === undefined ? hashOf(path) : {}) };
  const { owners, problem } = await packagesIfKnown([path.toString()]);
  const owner = owners.get(path.toString());
  const replacement = owner === undefined ? undefined : await replacementOf(file, owner);
  if (replacement !== undefined && 'reason' in replacement) return refuse(replacement.reason);
  if (replacement !== undefined) removal.kept.push(path);
  removal.operations.push(...attributesOf([file], context), takeAway(file), ...(replacement === undefined ? [] : [replacement.operation]), ...managers.flatMap((manager) => [...wake(manager, []), ...regenerate(manager, removal.directories)]));
  const notes = [
    ...(replacement === undefined ? [] : [replacement.note]),
    ...doubtNotes(problem),
    ...(found.target === undefined ? [] : [`${shown} is a link: ${show(found.target)} itself stays, look at it`]),
    ...silenceNotes(managers),
    ...madeNow(removal.directories),
    'what it did besides making units, as root and at each boot and reload, is not taken back: look at what it runs',
  ];
  const plan = { steps: removal.operations.map(({ text, target }) => ({ text, target })), notes, data: removal };
  const reason = hindranceOf([file], context);
  return reason === undefined ? { ...plan, state: 'ready' } : { ...plan, state: 'blocked', reason };
}

/** Whether the path is that of a generator of the target's scope. */
export function isGenerator(path: Buffer, context: ActionContext): boolean {
  const directory = path.subarray(0, path.lastIndexOf('/')).toString();
  return isAmong(directory, context.directories.filter((each) => each.kind === 'generators' && each.scope === context.target.scope).map((each) => each.path));
}

function hashOf(path: Buffer): { sha256: string } {
  using file = openFile(path, 'any');
  return { sha256: isTooLarge(file) ? '' : (sha256Of(file.fd, MOST_COPY_BYTES) ?? '') };
}

/** Which generator made which of them nobody can say without running it. */
function madeNow(directories: readonly string[]): string[] {
  const names = generatedIn(directories.filter(isGeneratorDirectory)).filter(({ isUnit }) => isUnit).map(({ name }) => name);
  const [ended, staying] = [names.filter(endsWithItsFile), names.filter((name) => !endsWithItsFile(name))];
  return [
    ...(ended.length === 0 ? [] : [`generators made these units, of which those that are gone then are stopped: ${listed(ended.map(printable))}`]),
    ...(staying.length === 0 ? [] : [`generators made these units, which stay as they are and are named where they are gone then: ${listed(staying.map(printable))}`]),
  ];
}

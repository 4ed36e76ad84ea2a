/** Units that a generator makes anew at each reload (systemd.generator(7)): then it is the generator that has to go. */
import { openFile, sha256Of } from '../host/files.ts';
import { packagesIfKnown } from '../host/packages.ts';
import { pathIn, show, toBytes } from '../host/paths.ts';
import { MOST_COPY_BYTES } from '../host/quarantine.ts';
import { readStart } from '../host/read.ts';
import { lookAt } from '../host/files.ts';
import { printable } from '../model/text.ts';
import type { ActionContext } from './action.ts';
import { isTooLarge } from './removal-checks.ts';
import { entriesOf, forEachDirectory, type UnitFile } from './unit-files.ts';

/** Debian's largest generator has 70 kB. */
const MOST_BYTES = 4 * 1024 ** 2;

export interface Generators {
  /** Those of no package that name one of the units. */
  files: UnitFile[];
  notes: string[];
}

export function isGenerated(path: Buffer): boolean {
  return /\/generator(?:\.early|\.late)?(?:\/[^/]+\.(?:wants|requires|upholds|d))?\/[^/]+$/.test(path.toString('latin1'));
}

export async function generatorsOf(generated: readonly UnitFile[], units: readonly string[], context: ActionContext): Promise<Generators> {
  const [first] = generated;
  if (first === undefined) return { files: [], notes: [] };
  const found: { file: UnitFile; isIt: boolean }[] = [];
  const directories = context.directories.filter((each) => each.kind === 'generators' && each.scope === context.target.scope).map((each) => each.path);
  forEachDirectory(directories, [], (directory) => {
    for (const { name, kind } of entriesOf(directory)) {
      if (kind !== 'file' && kind !== 'link') continue;
      const path = pathIn(directory, name);
      const state = lookAt(directory, toBytes(name));
      if (state === undefined || state.target?.toString() === '/dev/null') continue;
      const text = readStart(path, MOST_BYTES)?.toString('latin1') ?? '';
      found.push({ file: { path, role: 'generator', ...state }, isIt: units.some((unit) => text.includes(Buffer.from(unit).toString('latin1'))) });
    }
  });
  const made = `${show(first.path)} is made anew by a generator at each reload`;
  const { owners, problem } = await packagesIfKnown(found.map(({ file }) => file.path.toString()));
  // One of a package must not go: it is what mounts the disks.
  if (problem !== undefined) return { files: [], notes: [`${made} and stays, masked; ${printable(problem)}: look at the generators yourself`] };
  const strange = found.filter(({ file }) => !owners.has(file.path.toString()));
  const files = strange.filter(({ isIt }) => isIt).map(({ file }) => withHash(file));
  const suspects = strange.filter(({ isIt }) => !isIt).map(({ file }) => show(file.path));
  if (files.length > 0) return { files, notes: [`${made}: ${files.map((file) => show(file.path)).join(', ')} names it, is of no package and goes with it`] };
  return { files, notes: [`${made} and stays, masked; ${suspects.length === 0 ? 'all generators are of packages: look at what they read' : `of no package are ${suspects.map(printable).join(', ')}: look at them, and respond to the one that makes it: remove_timer takes out a generator too`}`] };
}

function withHash(file: UnitFile): UnitFile {
  if (file.target !== undefined) return file;
  using opened = openFile(file.path, 'any');
  return { ...file, sha256: isTooLarge(opened) ? '' : (sha256Of(opened.fd, MOST_COPY_BYTES) ?? '') };
}

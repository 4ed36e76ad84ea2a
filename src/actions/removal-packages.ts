/** Units of packages: what a package installed is not deleted but put back as the package has it. */
import { originalOf } from '../host/package-original.ts';
import { modifiedFiles, packagesIfKnown, type KnownPackages } from '../host/packages.ts';
import { show } from '../host/paths.ts';
import { printable } from '../model/text.ts';
import type { Operation } from './removal.ts';
import type { UnitFile } from './unit-files.ts';

export async function ownersOf(files: readonly UnitFile[]): Promise<KnownPackages> {
  const paths = files.filter((file) => file.role !== 'directory').map((file) => file.path);
  return await packagesIfKnown(paths.filter((path) => Buffer.from(path.toString()).equals(path)).map(String));
}

/** What a plan says of files that may be a package's: they are taken for files of none, since whoever broke the database must not keep them. */
export function doubtNotes(problem: string | undefined): string[] {
  return problem === undefined ? [] : [`${printable(problem)}: taken for files of none; look whether one is a package's before it goes, undo brings it back`];
}

export interface Replacement {
  operation: Operation;
  note: string;
}

/** What puts the package's own file back, or in words why that is not done. */
export async function replacementOf(file: UnitFile, packageName: string): Promise<Replacement | { reason: string }> {
  const shown = show(file.path);
  const belongs = `${shown} belongs to the package ${printable(packageName)}`;
  const path = file.path.toString();
  if ((await modifiedFiles(new Map([[path, packageName]]))).size === 0) return { reason: `${belongs} and is as the package installed it: to keep it from running, mask it (${file.role === 'generator' ? 'a link to /dev/null of its name in /etc/systemd/system-generators' : 'systemctl mask'})` };
  const original = file.target === undefined ? await originalOf(path, packageName) : { why: 'it is a link' };
  if ('why' in original) return { reason: `${belongs} and was changed since it was installed; its original is not at hand (${printable(original.why)}): restore it from there (apt-get install --reinstall ${printable(packageName)}, dnf reinstall ${printable(packageName)})` };
  const operation: Operation = { kind: 'original', path: file.path, original, text: `put back ${shown} as the package ${printable(packageName)} has it`, target: shown };
  const doubt = original.confirmed === true ? ', and its SHA256 is the one of the archive' : "; apt's index does not know it, so whoever was root here may have changed both";
  return { operation, note: `${shown} was changed since the package ${printable(packageName)} installed it; the original is from ${printable(original.source)}${doubt}` };
}

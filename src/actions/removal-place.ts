/** Where a path stands among the directories of units, whatever they are called. */
import { look, openDirectory } from '../host/files.ts';
import { show, type HostPath } from '../host/paths.ts';
import { textOfBytes } from '../model/text.ts';
import type { Findings } from './unit-files.ts';

/** The unit that a path is about; `whole` where the path is a fragment of it, not a drop-in or a link in `x.wants`. */
export function placeOf(path: Buffer, directories: readonly string[]): { unit: string; whole: boolean } | undefined {
  const [name = '', parent = '', upper = ''] = ends(path);
  if (/\.(?:timer|service)$/.test(name) && isAmong(`${upper}/${parent}`, directories)) return { unit: name, whole: true };
  if (name.endsWith('.d') && isAmong(`${upper}/${parent}`, directories) && isLink(path)) return { unit: name.slice(0, -'.d'.length), whole: false };
  if (!isAmong(upper, directories)) return undefined;
  if (parent.endsWith('.d')) return { unit: parent.slice(0, -'.d'.length), whole: false };
  return /\.(?:wants|requires|upholds)$/.test(parent) ? { unit: name, whole: false } : undefined;
}

/** A link in place of a directory of drop-ins is what there is of them among the units: what it leads to lies elsewhere. */
export function linkOnTheWay(path: Buffer, directories: readonly string[]): Buffer {
  const [, parent = '', upper = ''] = ends(path);
  const above = path.subarray(0, path.lastIndexOf('/'));
  return parent.endsWith('.d') && isAmong(upper, directories) && isLink(above) ? above : path;
}

function isLink(path: Buffer): boolean {
  try {
    return look(path)?.target !== undefined;
  } catch {
    return false;
  }
}

/** The name, the name of its directory, and the path of the directory above that. */
function ends(path: Buffer): string[] {
  const [name = '', parent = '', ...above] = textOfBytes(path).split('/').toReversed();
  return [name, parent, above.toReversed().join('/')];
}

export function whyNoPlace(path: Buffer, directories: readonly string[]): string {
  const [, parent = '', upper = ''] = ends(path);
  if (isAmong(`${upper}/${parent}`, directories) || isAmong(upper, directories)) return 'is neither a timer or a service nor a drop-in or a link of one: look at it, and take it away by hand';
  if (/\/systemd\/user(?:\.control)?\//.test(textOfBytes(path))) return 'is in no directory of units of any user in /etc/passwd: of a user that only a directory service knows (getent passwd), stop it with systemctl --user -M NAME@ and take it away by hand';
  return 'is in no directory that systemd reads units from';
}

/** By what the directory is, whatever it is called: /lib and /usr/lib are one on most hosts. */
export function isAmong(directory: string, directories: readonly string[]): boolean {
  if (directories.includes(directory)) return true;
  const identity = identityOf(directory);
  return identity !== undefined && directories.some((each) => identityOf(each) === identity);
}

/** Whether two paths are the same name in the same directory. */
export function isSameEntry(one: Buffer, other: Buffer): boolean {
  if (one.equals(other)) return true;
  const [cut, otherCut] = [one.lastIndexOf('/'), other.lastIndexOf('/')];
  if (!one.subarray(cut).equals(other.subarray(otherCut))) return false;
  const identity = identityOf(one.subarray(0, cut));
  return identity !== undefined && identity === identityOf(other.subarray(0, otherCut));
}

/** Undefined where there is no directory that can be reached without links. */
function identityOf(directory: HostPath): string | undefined {
  try {
    using opened = openDirectory(directory);
    return `${opened.state.dev}:${opened.state.ino}`;
  } catch {
    return undefined;
  }
}

/** Why a file that is there is nothing that would be taken away; empty when it is gone. */
export function stillThere(path: Buffer, own: Findings): string[] {
  if (look(path) === undefined) return [];
  if (own.masks.some((mask) => isSameEntry(mask, path))) return [`${show(path)} is a mask that keeps the unit from being started: it stays`];
  const name = show(path.subarray(path.lastIndexOf('/')));
  return [own.refused.find((reason) => reason.includes(`${name} is `)) ?? `${show(path)} is there, but it is nothing of the unit that can be taken away: look at it`];
}

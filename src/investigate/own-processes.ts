/** The processes of the investigation itself: they have nothing to do with what is investigated, even where it was started from the shell of an attacker. */
import { argumentsOf } from '../host/proc.ts';
import type { ListedProcess } from '../host/process-list.ts';

/** This process, what it has started, and what started it for this alone (sudo, timeout): what ends with the very arguments that we have. A shell that waits for us is none of them. */
export function ownProcesses(all: readonly ListedProcess[], pid = process.pid, given: readonly string[] = process.argv.slice(2)): Set<number> {
  const own = new Set([pid, ...descendantsOf(pid, all).map(({ stat }) => stat.pid)]);
  const parents = new Map(all.map(({ stat }) => [stat.pid, stat.ppid]));
  for (let above = parents.get(pid); above !== undefined && given.length > 0 && isLauncher(above, given); above = parents.get(above)) own.add(above);
  return own;
}

function isLauncher(pid: number, given: readonly string[]): boolean {
  const words = argumentsOf(pid) ?? [];
  return words.length > given.length && words.slice(-given.length).every((word, index) => word === given[index]);
}

export function descendantsOf(pid: number, all: readonly ListedProcess[]): ListedProcess[] {
  const found: ListedProcess[] = [];
  for (let parents = new Set([pid]); parents.size > 0 && found.length < all.length; ) {
    const children = all.filter(({ stat }) => parents.has(stat.ppid));
    found.push(...children);
    parents = new Set(children.map(({ stat }) => stat.pid));
  }
  return found;
}

/** The hidden column `pid_with_namespace`: the same files, as that process sees them. */
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { MAXSYMLINKS } from '../../host/kernel.ts';
import { readLink } from '../../host/read.ts';
import { equals, type QueryContext } from '../../model/table.ts';
import { attempt } from './pids.ts';

export interface Root {
  /** 0 for our own. */
  pid: number;
  /** Where a path of that root is for us, links followed within the root. */
  path(path: string): string;
}

/** Our own root, or those of the processes that the query names, as far as they are there. */
export function askedRoots(context: QueryContext): Root[] {
  const asked = equals(context, 'pid_with_namespace');
  const pids = asked.length === 0 ? [0] : asked.filter((pid) => /^\d+$/.test(pid)).map(Number);
  return pids.flatMap((pid) => {
    if (pid === 0) return [{ pid, path: (path: string) => path }];
    const root = `/proc/${pid}/root`;
    return attempt(context, 'the root', () => readlinkSync(root)) === undefined ? [] : [{ pid, path: (path: string) => within(root, path) }];
  });
}

/** A link in a container must not lead out of it: an absolute one starts at the container's root again, `..` stops there. */
export function within(root: string, path: string): string {
  let links = 0;
  let resolved = '/';
  const waiting = path.split('/');
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const next = join(resolved, name);
    const target = links < MAXSYMLINKS ? readLink(root + next) : undefined;
    if (target === undefined) resolved = next;
    else {
      links += 1;
      waiting.unshift(...target.split('/'));
      if (target.startsWith('/')) resolved = '/';
    }
  }
  return root + resolved;
}

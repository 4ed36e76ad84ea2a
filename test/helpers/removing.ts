/** remove_timer over directories of a test's own. */
import { join } from 'node:path';
import type { Change } from '../../src/actions/index.ts';
import { removeTimer } from '../../src/actions/remove-timer.ts';
import { contextFor, hostIn } from './response.ts';

export const params = { keep_service: false, keep_mask: true };

export async function planOf(root: string, path = 'etc/evil.timer', given = params): Promise<Awaited<ReturnType<typeof removeTimer.plan>>> {
  return removeTimer.plan(given, contextFor(hostIn(root), join(root, path)));
}

/** Applies and gives the changes, newest first. */
export async function remove(root: string, path = 'etc/evil.timer'): Promise<Change[]> {
  const context = contextFor(hostIn(root), join(root, path));
  const changes: Change[] = [];
  await removeTimer.apply(await removeTimer.plan(params, context), context, (change) => changes.push(change));
  return changes.toReversed();
}

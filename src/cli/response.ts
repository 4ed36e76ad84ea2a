/** What responses need of the command line's context. */
import { join, resolve } from 'node:path';
import type { HostContext } from '../actions/index.ts';
import { createHostContext } from '../actions/host-context.ts';
import type { Context } from './context.ts';

/** What starts us, by whatever name. */
export const LAUNCHER = join(import.meta.dirname, 'tickward');

/** Opens the store, whose directory also holds the quarantine. */
export function actionContext(context: Context): HostContext {
  const { directory } = context.store('read');
  return createHostContext({ quarantine: join(directory, 'quarantine'), management: context.settings.management, undoCommand: [LAUNCHER, '--state-dir', resolve(directory), 'undo'] });
}

/** What responses need of the command line's context. */
import { join } from 'node:path';
import { createHostContext, type HostContext } from '../actions/index.ts';
import type { Context } from './context.ts';

/** Opens the store, whose directory also holds the quarantine. */
export function actionContext(context: Context): HostContext {
  return createHostContext({ quarantine: join(context.store().directory, 'quarantine'), management: context.settings.management });
}

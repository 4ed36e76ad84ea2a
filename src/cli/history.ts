/** What an investigation asks the store for. */
import type { History } from '../investigate/index.ts';
import type { Context } from './context.ts';

export function historyOf(context: Pick<Context, 'store'>): History {
  return {
    events: (since, until, limit) => context.store().events.list({ since, until, ...(limit === undefined ? {} : { limit }) }),
    alerts: (since) => context.store().alerts.list({ since }),
  };
}

/** An investigation of what the command line named: with its engine, its host and its history. */
import { readUsers } from '../host/passwd.ts';
import type { Investigation, InvestigateOptions } from '../investigate/index.ts';
import type { Context } from './context.ts';
import { openEmbedded, openEngine } from './engine.ts';
import type { Subject } from './subject.ts';

const MOST_ROWS = 10_000;

/** Opens the engine. */
export async function prepareInvestigation(context: Context, { event, alert }: Subject, guide: InvestigateOptions['guide']): Promise<InvestigateOptions> {
  const { settings } = context;
  const engine = await openEngine(context);
  const embedded = await openEmbedded(context, engine);
  return {
    event,
    ...(alert === undefined ? {} : { alert: alert.id }),
    guide,
    engine,
    parses: (sql) => embedded.parses(sql),
    host: { uid: context.uid, users: readUsers() },
    history: {
      events: (since, until, limit) => context.store('read').events.list({ since, until, ...(limit === undefined ? {} : { limit }) }),
      alerts: (since) => context.store('read').alerts.list({ since }),
    },
    lang: settings.lang,
    timeoutMs: settings.timeout * 1000,
    maxRows: MOST_ROWS,
  };
}

/** The investigation that a response starts from. Loaded only by one whose steps ask for it: it has a third of all modules, those that read guides among them. */
export async function investigateSubject(context: Context, subject: Subject, playbook: string): Promise<Investigation> {
  const [{ investigate }, { readGuide }] = await Promise.all([import('../investigate/index.ts'), import('../playbooks/guides.ts')]);
  return investigate(await prepareInvestigation(context, subject, readGuide(playbook, context.settings.lang)));
}

/** The investigation that a response starts from. */
import { readUsers } from '../host/passwd.ts';
import { investigate, type Investigation } from '../investigate/index.ts';
import { readGuide } from '../playbooks/index.ts';
import type { Context } from './context.ts';
import { openEmbedded, openEngine } from './engine.ts';
import { historyOf } from './history.ts';
import type { Subject } from './subject.ts';

const MOST_ROWS = 10_000;

export async function investigateSubject(context: Context, { event, alert }: Subject, playbook: string): Promise<Investigation> {
  const { settings } = context;
  const engine = await openEngine(context);
  const embedded = await openEmbedded(context, engine);
  return await investigate({
    event,
    ...(alert === undefined ? {} : { alert: alert.id }),
    guide: readGuide(playbook, settings.lang),
    engine,
    parses: (sql) => embedded.parses(sql),
    host: { uid: context.uid, users: readUsers() },
    history: historyOf(context),
    lang: settings.lang,
    timeoutMs: settings.timeout * 1000,
    maxRows: MOST_ROWS,
  });
}

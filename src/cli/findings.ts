/** The investigation that a response starts from. */
import { readUsers } from '../host/passwd.ts';
import { investigate, type Investigation } from '../investigate/index.ts';
import { readGuide } from '../playbooks/index.ts';
import type { Context } from './context.ts';
import { openEmbedded, openEngine } from './engine.ts';
import type { Subject } from './subject.ts';

const MOST_ROWS = 10_000;

export async function investigateSubject(context: Context, { event, alert }: Subject, playbook: string): Promise<Investigation> {
  const { settings } = context;
  const [engine, embedded] = await Promise.all([openEngine(context), openEmbedded(context)]);
  const home = readUsers().find((entry) => entry.name === event.user?.name)?.home;
  return await investigate({
    event,
    ...(alert === undefined ? {} : { alert: alert.id }),
    guide: readGuide(playbook, settings.lang),
    engine,
    parses: (sql) => embedded.parses(sql),
    ...(home === undefined ? {} : { home }),
    timeoutMs: settings.timeout * 1000,
    maxRows: MOST_ROWS,
  });
}

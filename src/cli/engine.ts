/** The engine that the settings ask for, with Tickward's own tables in the embedded one. */
import { timerTables } from '../../extension/tables/index.ts';
import { chooseEngine, createEmbedded, type Embedded, type Engine } from '../sql/index.ts';
import type { Context } from './context.ts';

export async function openEngine(context: Context): Promise<Engine> {
  const { settings } = context;
  const { engine, tried } = await chooseEngine(settings.engine, { tables: ownTables(context), ...(settings.socket === undefined ? {} : { socket: settings.socket }) });
  context.atEnd(() => engine.close());
  if (settings.verbose) for (const { name, reason } of tried) context.notice({ level: 'info', message: `${name} does not answer: ${reason}` });
  return engine;
}

/** The embedded engine, which also says whether SQL parses before any engine gets it. */
export async function openEmbedded(context: Context): Promise<Embedded> {
  const engine = await createEmbedded({ tables: ownTables(context) });
  context.atEnd(() => engine.close());
  return engine;
}

/** The store is opened only when a query reads one of the tables. */
function ownTables(context: Context): ReturnType<typeof timerTables> {
  return timerTables({ events: { list: (filter) => context.store().events.list(filter) }, alerts: { list: (filter) => context.store().alerts.list(filter) } });
}

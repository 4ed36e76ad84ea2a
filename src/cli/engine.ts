/** The engine that the settings ask for, with Tickward's own tables in the embedded one. */
import type { Command } from 'commander';
import { embeddedTables } from '../../extension/tables/embedded.ts';
import { chooseEngine, createEmbedded, type Embedded, type Engine, type TableSource } from '../sql/index.ts';
import type { Context } from './context.ts';
import { refuseUnheeded } from './unheeded.ts';

/** Only osqueryd has a socket. */
export function refuseSocketOfNone({ settings: { engine } }: Context, command: Command): void {
  if (engine === 'osqueryi' || engine === 'embedded') refuseUnheeded(command, ['socket'], `the engine ${engine}`, '--engine osqueryd asks the osquery behind the socket');
}

export async function openEngine(context: Context): Promise<Engine> {
  const { settings } = context;
  const { engine, tried } = await chooseEngine(settings.engine, { tables: ownTables(context), ...(settings.socket === undefined ? {} : { socket: settings.socket }) });
  context.atEnd(() => engine.close());
  const unanswered = tried.find(({ name }) => name === 'osqueryd');
  // Whoever named a socket means that osquery, and not what this program finds by itself.
  if (settings.socket !== undefined && unanswered !== undefined) context.notice({ level: 'warn', message: `osqueryd does not answer: ${unanswered.reason}; ${engine.name} is asked instead` });
  if (settings.verbose) for (const { name, reason } of tried) context.notice({ level: 'info', message: `${name} does not answer: ${reason}` });
  if (settings.verbose) context.notice({ level: 'info', message: `${engine.name} answers` });
  return engine;
}

/** The embedded engine, which also says whether SQL parses before any engine gets it; the one that is open already where that is it. */
export async function openEmbedded(context: Context, open?: Engine): Promise<Embedded> {
  if (open !== undefined && isEmbedded(open)) return open;
  const engine = await createEmbedded({ tables: ownTables(context) });
  context.atEnd(() => engine.close());
  return engine;
}

function isEmbedded(engine: Engine): engine is Embedded {
  return engine.name === 'embedded' && 'parses' in engine;
}

function ownTables(context: Context): TableSource {
  return embeddedTables({ stateDir: stateDirOf(context), isNamed: context.settings.isStateDirNamed, uid: context.uid });
}

/** Undefined for a user without a home, who has none. */
function stateDirOf({ settings }: Context): string | undefined {
  try {
    return settings.stateDir;
  } catch {
    return undefined;
  }
}

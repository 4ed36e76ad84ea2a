/** The osquery extension: registers the tables first, then senses, and ends when osquery does. */
import { parseArgs } from 'node:util';
import { userOf } from '../src/host/passwd.ts';
import { trimHeap } from '../src/host/own-memory.ts';
import { messageOf, TickwardError } from '../src/model/errors.ts';
import { argumentsOf, startExtension, tablePlugin } from '../src/osquery/index.ts';
import { exitCodeOf } from '../src/osquery/run.ts';
import { loadRulesApart } from '../src/playbooks/rules-apart.ts';
import type { Sensor } from '../src/sensor/index.ts';
import { openStore, type Store } from '../src/store/index.ts';
import { retentionFrom, type Retention } from '../src/store/retention.ts';
import { defaultStateDirectory } from '../src/store/state-directory.ts';
import { VERSION } from '../src/version.ts';
import { startWatch, type Notice, type Watch } from '../src/watch/index.ts';
import { log } from './log.ts';
import { timerTables } from './tables/index.ts';

/** How often memory that was freed is given back, in ms: V8's compilers leave 4 MB in pieces. It takes some 20 µs. */
const TRIM_MS = 2_000;

async function main(): Promise<void> {
  const started = argumentsOf(process.argv.slice(2));
  const { values } = parseArgs({ options: { 'state-dir': { type: 'string' } }, strict: false });
  if (values['state-dir'] === true || values['state-dir'] === '') throw new TickwardError('USAGE', '--state-dir names no directory', { hint: 'give its path: --state-dir /var/lib/tickward' });
  const uid = process.getuid?.() ?? 0;
  const stateDir = values['state-dir'] ?? (process.env['TICKWARD_STATE_DIR'] || undefined);
  const store = openStore(typeof stateDir === 'string' ? stateDir : defaultStateDirectory(uid, { ...process.env, HOME: process.env['HOME'] || userOf(uid)?.home }), uid);
  const onNotice = ({ level, message }: Notice): void => log(level, message);

  const extension = await startExtension({ name: 'tickward', version: VERSION, plugins: timerTables(store).map(tablePlugin), ...started, onNotice });
  log('info', `registered as ${extension.uuid} after ${Math.round(process.uptime() * 1000)} ms`);

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void extension.stop(`signal ${signal}`));
  const watching = await watch(store, onNotice).catch(async (error: unknown) => {
    // Its tables would go on to answer, and osquery take it for one that watches.
    await extension.stop('the sensor could not start');
    store.close();
    throw error;
  });

  log('info', `ends: ${await extension.closed}`);
  await watching.stop();
  store.close();
}

function watch(store: Store, onNotice: (notice: Notice) => void): Promise<Watch> {
  return startWatch({ store, rules: () => loadRulesApart((message, file) => log('warn', `the rule ${file} does not load: ${message}`)), retention: retention(), onSensing: introduce, onNotice });
}

function introduce(sensor: Sensor): void {
  log('info', `watching by ${sensor.source}`);
  for (const blind of sensor.blind) log('warn', blind);
  setInterval(trimHeap, TRIM_MS).unref();
}

/** A wrong number in the environment must not keep the host unwatched. */
function retention(): Retention {
  try {
    return retentionFrom(process.env);
  } catch (error) {
    log('warn', `${messageOf(error)}: the default is used`);
    return retentionFrom({});
  }
}

// Not awaited: in a package this is CommonJS.
main().catch((error: unknown) => {
  log('error', `${messageOf(error)}${error instanceof TickwardError && error.hint !== undefined ? ` — ${error.hint}` : ''}`);
  process.exitCode = exitCodeOf(error);
});

/** The osquery extension: registers the tables first, then senses, and ends when osquery does. */
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { userOf } from '../src/host/passwd.ts';
import { messageOf, placedMessageOf, TickwardError } from '../src/model/errors.ts';
import { startExtension } from '../src/osquery/server.ts';
import { loadRules } from '../src/playbooks/rules.ts';
import type { Sensor } from '../src/sensor/index.ts';
import { openStore } from '../src/store/index.ts';
import { retentionFrom, type Retention } from '../src/store/retention.ts';
import { defaultStateDirectory } from '../src/store/state-directory.ts';
import { VERSION } from '../src/version.ts';
import { startWatch } from '../src/watch/index.ts';
import { timerTables } from './tables/index.ts';

/** osquery's defaults for --extensions_timeout and --extensions_interval, in seconds. */
const TIMEOUT = 3;
const INTERVAL = 3;

const log = pino({ base: null, level: 'info' }, pino.destination({ dest: 2, sync: true }));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { socket: { type: 'string' }, timeout: { type: 'string' }, interval: { type: 'string' }, verbose: { type: 'boolean' }, 'state-dir': { type: 'string' } },
    strict: false,
  });
  const socket = values['socket'];
  if (typeof socket !== 'string') throw new TickwardError('USAGE', 'osquery starts this with --socket PATH', { hint: 'try: osqueryi --extension PATH_OF_THIS_FILE' });
  const seconds = (value: unknown, otherwise: number): number => (Number(value) > 0 ? Number(value) : otherwise);
  const uid = process.getuid?.() ?? 0;
  const stateDir = values['state-dir'] ?? (process.env['TICKWARD_STATE_DIR'] || undefined);
  const store = openStore(typeof stateDir === 'string' ? stateDir : defaultStateDirectory(uid, { ...process.env, HOME: process.env['HOME'] || userOf(uid)?.home }), uid);
  const onNotice = ({ level, message }: { level: 'info' | 'warn'; message: string }): void => log[level](message);

  const extension = await startExtension({ name: 'tickward', version: VERSION, socket, timeoutSeconds: seconds(values['timeout'], TIMEOUT), intervalSeconds: seconds(values['interval'], INTERVAL), tables: timerTables(store), onNotice });
  log.info(`registered as ${extension.uuid} after ${Math.round(process.uptime() * 1000)} ms`);

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void extension.stop(`signal ${signal}`));
  const watching = await startWatch({ store, rules: async () => loadRules((error, file) => log.warn(`the rule ${file} does not load: ${placedMessageOf(error)}`)), retention: retention(), onSensing: introduce, onNotice });

  log.info(`ends: ${await extension.closed}`);
  await watching.stop();
  store.close();
}

function introduce(sensor: Sensor): void {
  log.info(`watching by ${sensor.source}`);
  for (const blind of sensor.blind) log.warn(blind);
}

/** A wrong number in the environment must not keep the host unwatched. */
function retention(): Retention {
  try {
    return retentionFrom(process.env);
  } catch (error) {
    log.warn(`${messageOf(error)}: the default is used`);
    return retentionFrom({});
  }
}

try {
  await main();
} catch (error) {
  log.error(`${messageOf(error)}${error instanceof TickwardError && error.hint !== undefined ? ` — ${error.hint}` : ''}`);
  process.exitCode = 1;
}

/** A sensor as a program for tests: tells what it tells as lines of JSON, answers each line of its input, ends with it. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { placesOf, unitPlaces, type UnitDirectory } from '../../src/host/directories.ts';
import { hostIdentity } from '../../src/host/identity.ts';
import { startSensor, type SensorMode } from '../../src/sensor/index.ts';

interface Order {
  mode?: SensorMode;
  directories?: UnitDirectory[];
  rescanSeconds?: number;
}

const { mode, directories, rescanSeconds }: Order = JSON.parse(process.argv[2] ?? '{}');

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const started = performance.now();
const sensor = await startSensor({
  places: (users) => (directories === undefined ? unitPlaces(users) : placesOf(directories)),
  host: hostIdentity(),
  onEvents: (events) => say({ events }),
  onNotice: ({ message }) => say({ notice: message }),
  ...(mode === undefined ? {} : { mode }),
  ...(rescanSeconds === undefined ? {} : { rescanSeconds }),
});
const { source, attribution, blind } = sensor;
say({ ready: { source, attribution, blind, readyMs: performance.now() - started }, pid: process.pid });
for await (const _ of createInterface({ input: process.stdin })) say({ figures: { blind: sensor.blind, lagMs: delay.max / 1e6, residentMb: process.memoryUsage.rss() / 1024 ** 2 } });
await sensor.stop();

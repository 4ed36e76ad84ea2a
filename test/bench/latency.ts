/** From the system call that makes a file to the row that a reader of the store sees. */
import { createInterface } from 'node:readline';
import type { Benchmark, Measured, RivalName } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { installedRivals } from './rivals.ts';
import { appears } from './rows.ts';
import { percentile } from './statistics.ts';
import { STARTED_MS, startWatcher } from './watcher.ts';

const FILES = 2_000;
/** Pauses between two files: 1 to 9 ms, about 200 files a second. */
const PAUSE_US = ['1000', '9000'];
/** Long past any latency that is worth a name. */
const LAST_MS = 5_000;
/** The reader looks again after so long, in ms: added to what is measured, half of it on average. */
const LOOK_MS = 0.1;

export const latency: Benchmark = {
  name: 'latency',
  summary: 'from the creation of a file to the row that can be read',
  limit: 240,
  async run(lab): Promise<Measured> {
    const ours = await rowLatency(lab);
    const theirs: Partial<Record<RivalName, number[]>> = {};
    // inotifywait only: fatrace does not name files by directory entry and merges what it reads at once.
    if (installedRivals().includes('inotifywait')) theirs.inotifywait = await lineLatency(lab);
    const figure = (percent: number, most: number): Measured['figures'][number] => ({
      name: `event to row, p${percent}`,
      value: percentile(ours, percent),
      unit: 'ms',
      target: { most },
      ...(theirs.inotifywait === undefined ? {} : { ratios: { inotifywait: percentile(ours, percent) / percentile(theirs.inotifywait, percent) } }),
    });
    return {
      figures: [
        { ...figure(50, 2), note: 'inotifywait: from the creation to the line that a reader of its pipe gets; it stores nothing' },
        figure(99, 10),
        { name: 'event to row, the slowest', value: Math.max(...ours), unit: 'ms' },
        { name: 'no row within 5 s', value: lab.scaled(FILES) - ours.length, unit: 'files', target: { most: 0 } },
      ],
      raw: { row_ms: ours, inotifywait_line_ms: theirs.inotifywait },
    };
  },
};

const paced = (lab: Lab): string[] => [lab.program('paced'), lab.units, String(lab.scaled(FILES)), ...PAUSE_US];

/** The name is CLOCK_MONOTONIC in ns, as hrtime is. */
function sinceMs(name: string, now: bigint): number {
  return Number(now - BigInt(name.replace(/\.timer$/, ''))) / 1e6;
}

async function rowLatency(lab: Lab): Promise<number[]> {
  lab.progress('rows');
  lab.freshHost();
  const watcher = await startWatcher(lab);
  await lab.sleep(STARTED_MS);
  const latencies: number[] = [];
  const creating = lab.run(paced(lab));
  let end = Number.POSITIVE_INFINITY;
  void creating.finally(() => (end = performance.now() + LAST_MS)).catch(() => {});
  const waiter = new Int32Array(new SharedArrayBuffer(4));
  while (latencies.length < lab.scaled(FILES) && performance.now() < end) {
    const rows = watcher.rows.fresh();
    const now = process.hrtime.bigint();
    for (const { action, path } of rows) if (appears(action)) latencies.push(sinceMs(path.slice(path.lastIndexOf('/') + 1), now));
    // Shorter than any timer of the event loop, which still gets its turn for the end of the creator and for Ctrl-C.
    Atomics.wait(waiter, 0, 0, LOOK_MS);
    await new Promise(setImmediate);
    lab.signal.throwIfAborted();
  }
  await creating;
  await watcher.stop();
  return latencies;
}

async function lineLatency(lab: Lab): Promise<number[]> {
  lab.progress('inotifywait');
  lab.freshHost();
  const child = lab.processes.start(['inotifywait', '-m', '-e', 'create', '--format', '%f', lab.units], { stdout: 'pipe' });
  if (child.stdout === undefined || !(await lab.until(() => child.errors().includes('Watches established.'), LAST_MS))) throw new Error(`inotifywait did not start: ${child.errors()}`);
  const latencies: number[] = [];
  createInterface({ input: child.stdout }).on('line', (name) => latencies.push(sinceMs(name, process.hrtime.bigint())));
  await lab.run(paced(lab));
  await lab.until(() => latencies.length >= lab.scaled(FILES), LAST_MS);
  await lab.processes.end(child);
  return latencies;
}

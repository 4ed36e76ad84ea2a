/** More than the kernel's queue holds while the watcher cannot read it: how long until all of it is rows? */
import type { Benchmark, Measured } from './benchmark.ts';
import { install } from './installed.ts';
import type { Lab } from './lab.ts';
import { countFiles } from './rows.ts';
import { median } from './statistics.ts';
import { STARTED_MS, startWatcher } from './watcher.ts';

/** Not scaled when quick: fewer than the 16,384 of /proc/sys/fs/fanotify/max_queued_events would be no overflow. */
const FILES = 40_000;
const ROUNDS = 3;
const LIMIT_MS = 90_000;
const AFTERWARDS_MS = 2_000;

export const overflow: Benchmark = {
  name: 'overflow',
  summary: '40,000 files while the watcher is stopped: until all are rows',
  limit: 420,
  async run(lab): Promise<Measured> {
    const rounds = [];
    for (let round = 0; round < (lab.quick ? 1 : ROUNDS); round += 1) rounds.push(await measure(lab));
    return {
      figures: [
        { name: 'lost', value: Math.max(...rounds.map(({ lost }) => lost)), unit: 'files', target: { most: 0 } },
        { name: 'SIGCONT to the last row', value: median(rounds.map(({ seconds }) => seconds)), unit: 's', target: { most: 2 }, note: `each round: ${rounds.map(({ seconds }) => `${seconds.toFixed(2)} s`).join(', ')}` },
        { name: 'said twice', value: Math.max(...rounds.map(({ repeated }) => repeated)), unit: 'events', target: { most: 0 } },
        { name: 'said to be deleted', value: Math.max(...rounds.map(({ invented }) => invented)), unit: 'files', target: { most: 0 } },
      ],
      raw: rounds,
    };
  },
};

async function measure(lab: Lab): Promise<{ lost: number; seconds: number; repeated: number; invented: number }> {
  lab.progress('stopped');
  lab.freshHost();
  const watcher = await startWatcher(lab, { program: (await install(lab)).tickward });
  await lab.sleep(STARTED_MS);
  watcher.signal('SIGSTOP');
  await lab.run([lab.program('storm'), lab.units, String(FILES), 'service']);
  const counted = countFiles(watcher.rows);
  const before = performance.now();
  watcher.signal('SIGCONT');
  await lab.until(() => counted.count() >= FILES, LIMIT_MS, 20);
  const seconds = (performance.now() - before) / 1000;
  // What it may still say, of the same files again or of others, counts too.
  await lab.sleep(AFTERWARDS_MS);
  const result = { lost: FILES - counted.count(), seconds, repeated: counted.repeated(), invented: counted.deleted() };
  await watcher.stop();
  return result;
}

/** From exec of the launcher until it watches, and what Node alone takes of that. */
import { join } from 'node:path';
import type { Benchmark, Measured } from './benchmark.ts';
import type { Lab } from './lab.ts';
import { memoryMb } from './proc.ts';
import { median } from './statistics.ts';
import { startWatcher } from './watcher.ts';

const ROUNDS = 11;
const LAUNCHER = join(import.meta.dirname, '../../src/node.sh');
/** What a start allocates and leaves behind is collected by then. */
const SETTLE_MS = 1_000;

interface Round {
  /** ms */
  node: number;
  launcher: number;
  ready: number;
  residentMb: number;
}

export const start: Benchmark = {
  name: 'start',
  summary: 'until the watcher is ready, and its memory then',
  limit: 120,
  async run(lab): Promise<Measured> {
    lab.freshHost();
    const rounds: Round[] = [];
    for (let round = 0; round < (lab.quick ? 3 : ROUNDS); round += 1) {
      // Interleaved, so that a busy moment meets all of them.
      const node = await timed(lab, [process.execPath, '-e', '0']);
      const launcher = await timed(lab, ['/bin/sh', LAUNCHER, '-e', '0']);
      const watcher = await startWatcher(lab, { direct: true });
      await lab.sleep(SETTLE_MS);
      rounds.push({ node, launcher, ready: watcher.readyMs, residentMb: memoryMb(watcher.pid, 'VmRSS') });
      await watcher.stop();
    }
    const of = (which: keyof Round): number => median(rounds.map((round) => round[which]));
    return {
      figures: [
        { name: 'launcher to ready', value: of('ready'), unit: 'ms', target: { most: 150 }, note: `median of ${rounds.length}; the fastest ${Math.min(...rounds.map(({ ready }) => ready)).toFixed(0)} ms` },
        { name: 'of that `node -e 0` alone', value: of('node'), unit: 'ms' },
        { name: 'of that the launcher with it', value: of('launcher'), unit: 'ms' },
        { name: 'resident 1 s after', value: of('residentMb'), unit: 'MB', target: { most: 90 } },
      ],
      raw: rounds.map((round) => ({ ...round })),
    };
  },
};

async function timed(lab: Lab, argv: readonly string[]): Promise<number> {
  const before = performance.now();
  await lab.run(argv);
  return performance.now() - before;
}

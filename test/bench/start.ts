/** From exec of the launcher until it watches, and what Node alone takes of that. */
import { join } from 'node:path';
import type { Benchmark, Measured } from './benchmark.ts';
import { install } from './installed.ts';
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
  first: number;
  installed: number;
  checkout: number;
  residentMb: number;
}

export const start: Benchmark = {
  name: 'start',
  summary: 'until the watcher is ready, and its memory then',
  limit: 120,
  async run(lab): Promise<Measured> {
    lab.freshHost();
    const { tickward } = await install(lab);
    const rounds: Round[] = [];
    for (let round = 0; round <= (lab.quick ? 3 : ROUNDS); round += 1) {
      // Interleaved, so that a busy moment meets all of them.
      const node = await timed(lab, [process.execPath, '-e', '0']);
      const launcher = await timed(lab, ['/bin/sh', LAUNCHER, '-e', '0']);
      const first = await readyOf(lab, { program: tickward });
      const checkout = await readyOf(lab, { stateDir: join(lab.disk, 'checkout') });
      const watcher = await startWatcher(lab, { direct: true, program: tickward, stateDir: join(lab.disk, 'state') });
      await lab.sleep(SETTLE_MS);
      // What the first one leaves for the next ones is not there yet.
      if (round > 0) rounds.push({ node, launcher, first, checkout, installed: watcher.readyMs, residentMb: memoryMb(watcher.pid, 'VmRSS') });
      await watcher.stop();
    }
    const of = (which: keyof Round): number => median(rounds.map((round) => round[which]));
    return {
      figures: [
        { name: 'launcher to ready, as packages carry it', value: of('installed'), unit: 'ms', target: { most: 150 }, note: `median of ${rounds.length}; the fastest ${Math.min(...rounds.map(({ installed }) => installed)).toFixed(0)} ms` },
        { name: 'the very first time on a host', value: of('first'), unit: 'ms' },
        { name: 'from a checkout', value: of('checkout'), unit: 'ms' },
        { name: 'of that `node -e 0` alone', value: of('node'), unit: 'ms' },
        { name: 'of that the launcher with it', value: of('launcher'), unit: 'ms' },
        { name: 'resident 1 s after', value: of('residentMb'), unit: 'MB', target: { most: 90 } },
      ],
      raw: rounds.map((round) => ({ ...round })),
    };
  },
};

async function readyOf(lab: Lab, how: { program?: string; stateDir?: string }): Promise<number> {
  const watcher = await startWatcher(lab, { direct: true, ...how });
  await watcher.stop();
  return watcher.readyMs;
}

async function timed(lab: Lab, argv: readonly string[]): Promise<number> {
  const before = performance.now();
  await lab.run(argv);
  return performance.now() - before;
}

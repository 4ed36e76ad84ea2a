import { defineConfig } from 'vitest/config';
import LongestFirst from './test/helpers/longest-first.ts';

// Tests drive real kernel queues and real sockets: one file at a time per core keeps them honest on two cores.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // A list that is not as expected is printed, not counted: of a run elsewhere nothing else is left.
    chaiConfig: { truncateThreshold: 2_000 },
    reporters: ['default', './test/helpers/last-words.ts'],
  },
});

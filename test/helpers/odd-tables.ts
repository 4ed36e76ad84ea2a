/** Tables that a thread of the embedded engine loads: what hostile or broken ones would do. */
import { spawnSync } from 'node:child_process';
import type { GatheredTable, Table } from '../../src/model/table.ts';
import type { TableSource } from '../../src/sql/index.ts';

export const oddTables: TableSource = { module: import.meta.url, data: { greeting: 'hello' } };

const N: Table['columns'] = [{ name: 'n', type: 'BIGINT' }];

export function open({ greeting }: { greeting: string }): (Table | GatheredTable)[] {
  return [
    { name: 'given', description: 'what came along', columns: [{ name: 'greeting', type: 'TEXT' }], generate: () => [{ greeting }] },
    {
      name: 'endless',
      description: 'rows without end, and no look at the clock',
      columns: N,
      *generate() {
        for (let n = 0; ; n += 1) yield { n };
      },
    },
    {
      name: 'stuck',
      description: 'never gives its first row',
      columns: N,
      *generate() {
        for (let n = 0; n >= 0; n = (n + 1) % 7);
        yield { n: 1 };
      },
    },
    {
      name: 'greedy',
      description: 'keeps more than there is',
      columns: N,
      *generate() {
        const kept: number[][] = [];
        for (let n = 0; n < 1_000_000; n += 1) kept.push(Array<number>(1_000_000).fill(n));
        yield { n: kept.length };
      },
    },
    { name: 'slow_program', description: 'waits for a program', columns: N, generate: ({ msLeft }) => [{ n: spawnSync('sleep', ['60'], { timeout: msLeft() }).status }] },
    { name: 'later', description: 'has to be waited for', columns: N, gather: async ({ warn }) => (warn('half of it is there'), [{ n: 1 }, { n: 2 }]) },
    { name: 'never', description: 'is waited for in vain', columns: N, gather: () => new Promise(() => undefined) },
    { name: 'refuses', description: 'cannot be had', columns: N, gather: () => Promise.reject(new Error('nobody answers')) },
  ];
}

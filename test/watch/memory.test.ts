/** That memory which a burst took goes back to the kernel. In a process of its own, started as every other. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../helpers/program.ts';

test('what a burst took is given back, which V8 does not do by itself as it is started', () => {
  const { status, stdout, stderr } = spawnSync('sh', [join(REPOSITORY, 'src/node.sh'), join(REPOSITORY, 'test/helpers/burst.ts')], { encoding: 'utf8', timeout: 60_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { full = 0, left = 0, after = 0, mapped = 0, mappedAfter = 0 }: Record<string, number> = JSON.parse(stdout);
  expect(full).toBeGreaterThan(150);
  expect(left).toBeGreaterThan(100);
  expect(after).toBeLessThan(60);
  // Pages of Node's own program; where another test runs the same file they are still in the page cache.
  expect(mapped - mappedAfter).toBeGreaterThan(10);
});

test('who has no descriptor left goes on', () => {
  const program = `import { openSync } from 'node:fs'; import { setTimeout } from 'node:timers/promises'; import { Bursts } from ${JSON.stringify(join(REPOSITORY, 'src/watch/memory.ts'))};
    try { for (;;) openSync('/dev/null'); } catch {}
    new Bursts(); await setTimeout(1_000);`;
  const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--input-type=module-typescript', '-e', program], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

import { expect, test } from 'vitest';
import type { Run } from '../../src/sensor/bpf/images.ts';
import { fillingOf, type Above } from '../../src/sensor/filler.ts';

const run = (pid: number, first: number, last = first, count = 1): Run => ({ pid, count, first: BigInt(first), last: BigInt(last) });
const NEW: readonly Run[] = [run(1, 100), run(2, 110, 120, 3)];

/** `above`: what is kept of the directory above, or since when that is known to be there. */
function filling(runs: readonly Run[] | undefined, above: readonly Run[] | number | 'unknown' = 50, since = 90): string {
  const parent: Above = { device: '8:1', inode: 2n, since: typeof above === 'number' ? BigInt(above) : undefined };
  const found = fillingOf({ device: '8:1', inode: 3n }, [parent], BigInt(since), ({ inode }) => (inode === 3n ? runs : typeof above === 'string' || typeof above === 'number' ? undefined : above));
  return found === undefined ? 'nobody' : `${found.pid} from ${found.bracket.after} to ${found.bracket.before}`;
}

const CASES: readonly [string, string, string][] = [
  ['one after who made it', filling(NEW), '2 from 110 to 120'],
  ['who made it, where nobody else came', filling([run(1, 100, 130, 2)]), '1 from 100 to 130'],
  ['nobody yet', filling([run(1, 100)]), 'nobody'],
  ['who made it and another', filling([run(1, 100, 105, 2), run(2, 110)]), 'nobody'],
  ['two after who made it', filling([...NEW, run(3, 130)]), 'nobody'],
  ['not kept', filling(undefined), 'nobody'],
  ['something was mounted since it was made', filling(NEW, 50, 100), 'nobody'],
  ['another changed the one above since', filling(NEW, [run(1, 80), run(3, 115)]), 'nobody'],
  ['another changed the one above before', filling(NEW, [run(3, 80, 109)]), '2 from 110 to 120'],
  ['another changed the one above at that very time', filling(NEW, [run(3, 80, 110)]), 'nobody'],
  ['it changed the one above as well, and this one later', filling(NEW, [run(2, 105, 115)]), '2 from 110 to 120'],
  ['it changed the one above as well, afterwards', filling(NEW, [run(1, 80), run(2, 130)]), '2 from 110 to 130'],
  ['the one above came where it is later', filling(NEW, 110), 'nobody'],
  ['of the one above nothing is known', filling(NEW, 'unknown'), 'nobody'],
];

test.each(CASES)('%s', (_, found, expected) => {
  expect(found).toBe(expected);
});

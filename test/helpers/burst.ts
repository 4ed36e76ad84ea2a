/** A program for tests: takes much memory, drops it, gives it back, and says how many MB it had each time, and how many of files. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { giveBack, saveMemory } from '../../src/watch/memory.ts';

const TEXTS = 10_000;
const LENGTH = 15_000;

function megabytes(of: 'RssAnon' | 'RssFile'): number {
  return Number(new RegExp(`^${of}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

function anonymousMb(): number {
  return megabytes('RssAnon');
}

function burst(): number {
  const texts = Array.from({ length: TEXTS }, (_, n) => Buffer.alloc(LENGTH, 0x61 + (n % 26)).toString('latin1'));
  return texts.length === TEXTS ? anonymousMb() : 0;
}

saveMemory();
const full = burst();
// Until V8 has noticed by itself that it is gone.
for (let rounds = 0; rounds < 20; rounds += 1) {
  Array.from({ length: 100_000 }, (_, n) => ({ n }));
  await setTimeout(10);
}
const left = anonymousMb();
const mapped = megabytes('RssFile');
giveBack();
process.stdout.write(JSON.stringify({ full, left, after: anonymousMb(), mapped, mappedAfter: megabytes('RssFile') }));

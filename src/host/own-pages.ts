/**
 * Pages of the program's own file that only its start needed. They count as resident (proc_pid_status(5), RssFile) until the kernel is short of memory.
 * They are let go of, not dropped: they stay in the page cache, and what runs after all is mapped again, 64 KB at a time, without a read.
 */
import { readFileSync } from 'node:fs';
import { MADV_DONTNEED } from './kernel.ts';
import { libcFunction } from './native.ts';

export interface Mapping {
  start: bigint;
  length: bigint;
}

type Advise = (address: bigint, length: bigint, advice: number) => number;

let advise: Advise | undefined;

/** How many mappings were let go of; none where libc cannot be called. */
export function letGoOfOwnPages(): number {
  try {
    advise ??= libcFunction('int madvise(uintptr_t address, size_t length, int advice)') as Advise;
    const madvise = advise;
    return unwritten(readFileSync('/proc/self/smaps', 'latin1'), process.execPath).filter(({ start, length }) => madvise(start, length, MADV_DONTNEED) === 0).length;
  } catch {
    return 0;
  }
}

/** Of proc_pid_smaps(5): those of a file that have no page of their own (a relocation, a breakpoint), which would be lost. */
export function unwritten(smaps: string, file: string): Mapping[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((mapping) => {
    const [, from, to, path] = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ \d+ +(.*)$/m.exec(mapping) ?? [];
    if (from === undefined || to === undefined || path !== file || !/^Anonymous: +0 kB$/m.test(mapping)) return [];
    const start = BigInt(`0x${from}`);
    return [{ start, length: BigInt(`0x${to}`) - start }];
  });
}

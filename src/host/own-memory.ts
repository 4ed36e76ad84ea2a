/** What this process itself has of memory, and giving it back. */
import { readFileSync } from 'node:fs';
import { MADV_DONTNEED } from './kernel.ts';
import { libcFunction } from './native.ts';
import { readText } from './read.ts';

/** Resident memory of no file, in bytes (proc_pid_status(5), RssAnon); undefined where /proc cannot be read for now: to be short of descriptors is no reason to end. */
export function anonymousBytes(): number | undefined {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readText('/proc/self/status') ?? '') ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

type Trim = (keep: number) => number;

let trim: Trim | undefined;

/** Gives back what was freed and glibc keeps: by itself it gives only what lies at the end. Whether something was; nothing is where libc cannot (musl). */
export function trimHeap(): boolean {
  try {
    trim ??= libcFunction('int malloc_trim(size_t pad)') as Trim;
  } catch {
    trim = () => 0;
  }
  return trim(0) === 1;
}

export interface Mapping {
  start: bigint;
  length: bigint;
}

type Advise = (address: bigint, length: bigint, advice: number) => number;

let advise: Advise | undefined;

/**
 * Pages of the program's own file that only its start needed count as resident until the kernel is short of memory.
 * They are let go of, not dropped: they stay in the page cache, and what runs after all is mapped again, 64 KB at a time, without a read.
 * How many mappings it were; none where libc cannot be called.
 */
export function letGoOfProgram(): number {
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

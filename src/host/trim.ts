/** Memory that was freed and that glibc keeps: by itself it gives back only what lies at the end. Another door to koffi; free of cost for who senses, which has it loaded. */
import { createRequire } from 'node:module';

type Trim = (keep: number) => number;

let trim: Trim | undefined;

/** Whether something was given back. Nothing is where libc cannot (musl). */
export function giveMemoryBack(): boolean {
  trim ??= loaded();
  return trim(0) === 1;
}

function loaded(): Trim {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi').default;
    return koffi.load(null).func('int malloc_trim(size_t pad)') as Trim;
  } catch {
    return () => 0;
  }
}

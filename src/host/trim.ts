/** Memory that was freed and that glibc keeps: by itself it gives back only what lies at the end. Free of cost for who senses, which has koffi loaded. */
import { libcFunction } from './native.ts';

type Trim = (keep: number) => number;

let trim: Trim | undefined;

/** Whether something was given back. Nothing is where libc cannot (musl). */
export function giveMemoryBack(): boolean {
  trim ??= loaded();
  return trim(0) === 1;
}

function loaded(): Trim {
  try {
    return libcFunction('int malloc_trim(size_t pad)') as Trim;
  } catch {
    return () => 0;
  }
}

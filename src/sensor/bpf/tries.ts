/**
 * Programs that a process opened to run them, and did not: execve(2) fails after the opening where the arguments are too long, the file is of no format that
 * runs, scripts call scripts too deep, or only the question was put (AT_EXECVE_CHECK). The log has such an opening like any other, and merges one of the same
 * program that follows. So its mark is kept until the next program begins.
 *
 * Two programs, on functions of the kernel that all of exec(2) goes through: one where a try begins, one where it has opened a file, which may be an interpreter's.
 * Needed: Linux 5.9 with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS (x86-64; on arm64 6.4).
 */
import type { FunctionsNamed, KernelFunction } from './btf.ts';
import { ANYTHING, FIRST, ImageProgram, MARK, STACK, type Offsets } from './image-program.ts';
import { putOnFunction } from './kernel.ts';

/** fs/exec.c; a kernel may have them inlined. */
export const TRY_FUNCTIONS = ['alloc_bprm', 'do_open_execat'] as const;
type FunctionName = (typeof TRY_FUNCTIONS)[number];

/**
 * Byte offsets in what is kept of the process that tried last of those that have the slot; all 0 once it runs what it opened.
 * `thread`: the one of its threads that tries. `now`: marks of what this try has opened; `before`: of what was opened in tries before.
 */
export const TRY = { pid: 0, thread: 4, now: 8, before: 16, LENGTH: 24 } as const;

/** At the beginning of alloc_bprm: what an earlier try has opened did not run. */
export function tryProgram(offsets: Offsets, tries: number): Buffer {
  return (
    new ImageProgram(offsets, tries)
      .noteCaller()
      .lookup(STACK.PID)
      .jeq('r0', 0, 'out')
      .load64('r3', 'r0', TRY.before)
      .load64('r4', 'r0', TRY.now)
      .or('r3', 'r4')
      .load32('r1', 'fp', STACK.PID)
      .load32('r2', 'r0', TRY.pid)
      .jeq('r1', 'r2', 'own')
      .jeq('r3', 0, 'own')
      // Of another process something is lost here; it, and so this one, may have lost something before.
      .mov('r3', ANYTHING)
      .label('own')
      .store64('r0', TRY.before, 'r3')
      .store64('r0', TRY.now, 0)
      .store32('r0', TRY.pid, 'r1')
      .load32('r1', 'fp', STACK.THREAD)
      .store32('r0', TRY.thread, 'r1')
      .label('out')
      .mov('r0', 0)
      .exit()
      .assemble()
  );
}

/** At the end of do_open_execat, which gives a struct file or an error. */
export function openProgram(offsets: Offsets, tries: number, { parameters }: Pick<KernelFunction, 'parameters'>): Buffer {
  return (
    new ImageProgram(offsets, tries)
      // What it gives stands behind what it was given.
      .load64(FIRST, 'r1', parameters * 8)
      .mark('out')
      .noteCaller()
      .lookup(STACK.PID)
      .jeq('r0', 0, 'out')
      .load32('r1', 'fp', STACK.PID)
      .load32('r2', 'r0', TRY.pid)
      .jne('r1', 'r2', 'out')
      .load32('r1', 'fp', STACK.THREAD)
      .load32('r2', 'r0', TRY.thread)
      .jne('r1', 'r2', 'other')
      .load64('r1', 'r0', TRY.now)
      .or('r1', MARK)
      .store64('r0', TRY.now, 'r1')
      .goto('out')
      // Two threads try at once: only one of them will come to run anything.
      .label('other')
      .load64('r1', 'r0', TRY.before)
      .or('r1', MARK)
      .store64('r0', TRY.before, 'r1')
      .label('out')
      .mov('r0', 0)
      .exit()
      .assemble()
  );
}

/** Puts both into the kernel, writing into the map `tries`; every descriptor is given to `kept`. Throws BpfError where this kernel has no place for them. */
export function attachTries({ offsets, functions }: { offsets: Offsets; functions: FunctionsNamed<FunctionName> }, tries: number, kept: (descriptor: number) => number): void {
  putOnFunction({ name: 'tickward_open', functions, on: 'do_open_execat', at: 'exit', program: (found) => openProgram(offsets, tries, found) }, kept);
  putOnFunction({ name: 'tickward_try', functions, on: 'alloc_bprm', at: 'entry', program: () => tryProgram(offsets, tries) }, kept);
}

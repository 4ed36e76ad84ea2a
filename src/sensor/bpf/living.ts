/**
 * Whether what /proc calls the program of a living process is what the kernel ran there.
 *
 * A user may put another file in its place (PR_SET_MM of prctl(2)): with the rights of a user namespace of their own, but by a process that shares its memory with
 * one outside of it, so that no namespace tells. Only the kernel opens a file to run it, and that stands in its struct file.
 *
 * A program that passes along the tasks of the kernel (bpf_iter) looks at the one that is wanted. Needed: Linux 5.9; before 6.1 it passes along all.
 */
import { addressOf } from '../../host/native.ts';
import { close, read } from '../libc.ts';
import type { FunctionsNamed } from './btf.ts';
import { BPF } from './constants.ts';
import { BpfError } from './error.ts';
import { FIRST, IMAGE, ImageProgram, STACK, TASK, type Offsets } from './image-program.ts';
import { createMap, iterator, linkToTask, loadProgram, Lookup, update } from './kernel.ts';

export const LIVING_FUNCTIONS = ['bpf_iter_task'] as const;

/** What is asked and answered: the process, and what was found. */
const ASKED = { pid: 0, found: 4, LENGTH: 8 } as const;
const FOUND = { NONE: 0, OPENED_TO_RUN: 1 } as const;

/** struct bpf_iter__task: what is the same for all, and the task; no task behind the last. */
const TASK_ARGUMENT = 8;

/** Of the task that it is given, if it is the one that is wanted. */
export function livingProgram(offsets: Offsets, asked: number): Buffer {
  return (
    new ImageProgram(offsets, asked)
      .load64(TASK, 'r1', TASK_ARGUMENT)
      .jeq(TASK, 0, 'out')
      .store32('fp', STACK.SLOT, 0)
      .map('r1', asked)
      .mov('r2', 'fp')
      .add('r2', STACK.SLOT)
      .call('map_lookup_elem')
      .jeq('r0', 0, 'out')
      .mov(IMAGE, 'r0')
      .read('fp', STACK.PID, 4, TASK, 'task_struct.pid')
      .load32('r1', 'fp', STACK.PID)
      .load32('r2', IMAGE, ASKED.pid)
      .jne('r1', 'r2', 'out')
      .follow(FIRST, TASK, 'task_struct.mm')
      .jeq(FIRST, 0, 'out')
      .follow(FIRST, FIRST, 'mm_struct.exe_file')
      .jeq(FIRST, 0, 'out')
      .ifOpenedToRun('opened')
      .goto('out')
      .label('opened')
      .store32(IMAGE, ASKED.found, FOUND.OPENED_TO_RUN)
      .label('out')
      .mov('r0', 0)
      .exit()
      .assemble()
  );
}

export interface Living {
  /** Whether it lives, and its program is the file that was run. */
  provesProgram(pid: number): boolean;
}

/** Every descriptor that stays is given to `kept`. Throws BpfError where this kernel has no place for it. */
export function openLiving({ offsets, functions }: { offsets: Offsets; functions: FunctionsNamed<(typeof LIVING_FUNCTIONS)[number]> }, kept: (descriptor: number) => number): Living {
  const found = functions.get('bpf_iter_task');
  if (found === undefined) throw new BpfError('ENOENT', 'this kernel does not let a program pass along its tasks', 'use Linux 5.9 or newer');
  const map = kept(createMap('tickward_asked', BPF.MAP_TYPE_ARRAY, ASKED.LENGTH, 1));
  const program = kept(loadProgram('tickward_living', livingProgram(offsets, map), { at: 'each', id: found.id }));
  const living = new Asking(map, program);
  // Whether it works here shows with a process that is there for certain.
  living.ask(process.pid);
  return living;
}

class Asking implements Living {
  readonly #program: number;
  readonly #map: number;
  readonly #answer: Lookup;
  readonly #value = Buffer.alloc(ASKED.LENGTH);

  constructor(map: number, program: number) {
    this.#map = map;
    this.#program = program;
    this.#answer = new Lookup(map, ASKED.LENGTH);
  }

  provesProgram(pid: number): boolean {
    try {
      return this.ask(pid) === FOUND.OPENED_TO_RUN;
    } catch {
      // The kernel is short of memory.
      return false;
    }
  }

  ask(pid: number): number {
    this.#value.writeUInt32LE(pid, ASKED.pid);
    this.#value.writeUInt32LE(FOUND.NONE, ASKED.found);
    update(this.#map, 0, addressOf(this.#value));
    const link = linkToTask(this.#program, pid);
    let passing: number | undefined;
    try {
      passing = iterator(link);
      // Nothing is printed: it reads until all is passed.
      read(passing, Buffer.alloc(1));
    } finally {
      if (passing !== undefined) close(passing);
      close(link);
    }
    return this.#answer.find(0) ? this.#answer.value.readUInt32LE(ASKED.found) : FOUND.NONE;
  }
}

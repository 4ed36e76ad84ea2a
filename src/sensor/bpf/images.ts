/** The images of all processes that were made or executed since it was opened, also of those that have ended. */
import { messageOf } from '../../model/errors.ts';
import { close, poll, type Poll } from '../libc.ts';
import { createMaps, WAYS, type Maps } from './changes.ts';
import { BPF } from './constants.ts';
import { DIRECTORY, runsOf, type Run } from './directories.ts';
import { BpfError } from './error.ts';
import { checkHost, HOST_FILES, type HostFiles } from './host.ts';
import { attach, createMap, loadProgram, Lookup } from './kernel.ts';
import { openLiving, type Living } from './living.ts';
import { execProgram, forkProgram, threadProgram } from './programs.ts';
import { decode, isLostAt, newestOf, placesOf, RECORD_LENGTH, sinceOf, SLOTS, type Image } from './record.ts';
import { attachTries, TRY } from './tries.ts';
import { typesOfKernel, type Memory } from './types.ts';

export { BpfError } from './error.ts';
export type { Memory } from './types.ts';
export type { Run } from './directories.ts';
export type { Image } from './record.ts';

export interface Images {
  /**
   * The image that the process `pid` (as the initial pid namespace numbers it) has or had last, and the one before that.
   * `previous` may be of an older process with the same pid: then its `start` is another. After `close` there is none.
   */
  lookup(pid: number): { current?: Image; previous?: Image };
  /**
   * `since` of the current image. Where there is none, when another process wrote last where it would be: up to then it may have run anything, and later it ran nothing; 0n: none ever did.
   * `NOT_KNOWN` where it could not be written down or read. Cheap: to see whether what was looked up before still holds.
   */
  since(pid: number): bigint;
  /**
   * Keeps from now on who changes directories that are made. Gives why it cannot, in words: then nothing is known of any. Where so many files are made or changed
   * that it would hold them up, it forgets all of it, leaves the kernel, and calls back.
   */
  keepDirectories(onBusy: () => void): string | undefined;
  /** All that changed a directory, its making first; undefined where that is not known. `device` is `major:minor`. */
  runsOf(device: string, inode: bigint): Run[] | undefined;
  /**
   * Whether what /proc calls the program of a living process is what was run: any user can have it call another file so. Not when it has ended; true where the kernel
   * does not tell.
   */
  provesProgram(pid: number): boolean;
  /** Why it does not know which programs were opened and not run, in words. */
  readonly limit: string | undefined;
  /** Takes the programs out of the kernel, and the images with them. */
  close(): void;
}

type Types = ReturnType<typeof typesOfKernel>;

/** Later than anything. */
export const NOT_KNOWN = 1n << 63n;

/** Writing an image takes some µs, and reading a record one: this often is enough, unless the processor that writes was taken away. */
const ATTEMPTS = 16;

/**
 * Puts the programs into the kernel; they leave it with `close` or when this process ends, however it does.
 * Needs Linux 5.5 with BTF, CAP_BPF and CAP_PERFMON (5.8) or CAP_SYS_ADMIN, and the initial pid and time namespaces.
 * `memory` saves reading the kernel's types at the next start. Throws BpfError saying what is missing and what to do.
 */
export function openImages(files: Partial<HostFiles> = {}, memory?: Memory): Images {
  const host = { ...HOST_FILES, ...files };
  checkHost(host);
  const types = typesOfKernel(host, memory);
  const descriptors = new Descriptors();
  const { kept } = descriptors;
  try {
    const records = kept(createMap('tickward_images', BPF.MAP_TYPE_ARRAY, RECORD_LENGTH, SLOTS));
    const { made: tries, limit } = openTries(types, descriptors);
    const exec = kept(loadProgram('tickward_exec', execProgram(types.offsets, records, tries)));
    const fork = kept(loadProgram('tickward_fork', forkProgram(types.offsets, records)));
    const thread = kept(loadProgram('tickward_thread', threadProgram(types.offsets, records)));
    kept(attach(thread, 'task_newtask'));
    kept(attach(exec, 'sched_process_exec'));
    kept(attach(fork, 'sched_process_fork'));
    return new KernelImages(records, limit, types, descriptors);
  } catch (error) {
    descriptors.close();
    throw error;
  }
}

function openTries(types: Types, descriptors: Descriptors): { made?: number; limit?: string } {
  return attachedOr(descriptors, (kept) => {
    const tries = kept(createMap('tickward_tries', BPF.MAP_TYPE_ARRAY, TRY.LENGTH, SLOTS));
    attachTries(types, tries, kept);
    return tries;
  });
}

/** What is made with descriptors of its own, or why this kernel does not let it: all else does without. */
function attachedOr<Made>(descriptors: Descriptors, make: (kept: (descriptor: number) => number) => Made): { made?: Made; limit?: string } {
  const own = new Descriptors();
  try {
    const made = make(own.kept);
    own.moveTo(descriptors);
    return { made };
  } catch (error) {
    own.close();
    if (!(error instanceof BpfError)) throw error;
    return { limit: messageOf(error) };
  }
}

class Descriptors {
  #open: number[] = [];

  readonly kept = (descriptor: number): number => {
    this.#open.push(descriptor);
    return descriptor;
  };

  moveTo(others: Descriptors): void {
    for (const descriptor of this.#open.splice(0)) others.kept(descriptor);
  }

  /** The last first. */
  close(): void {
    for (const descriptor of this.#open.splice(0).toReversed()) close(descriptor);
  }
}

/** Where the kernel does not tell. */
const TAKEN_AS_TOLD: Living = { provesProgram: () => true };

class KernelImages implements Images {
  readonly #record: Lookup;
  /** A second reading, to compare. */
  readonly #again: Lookup;
  readonly #types: Types;
  readonly #descriptors: Descriptors;
  readonly limit: string | undefined;
  #living: Living | undefined;
  readonly #ofDirectories = new Descriptors();
  #directories: Lookup | undefined;
  #bell: Poll | undefined;
  #open = true;

  constructor(records: number, limit: string | undefined, types: Types, descriptors: Descriptors) {
    this.limit = limit;
    this.#types = types;
    this.#descriptors = descriptors;
    this.#record = new Lookup(records, RECORD_LENGTH);
    this.#again = new Lookup(records, RECORD_LENGTH);
  }

  lookup(pid: number): { current?: Image; previous?: Image } {
    for (let attempt = 0; attempt < ATTEMPTS && this.#find(this.#record, pid); attempt++) {
      const places = placesOf(this.#record.value, pid);
      // The programs may write while the kernel copies, and nothing holds them up: what counts is what stays the same.
      if (places === undefined || !this.#find(this.#again, pid) || !this.#record.value.equals(this.#again.value)) continue;
      const [current, previous] = [this.#imageAt(places.current), this.#imageAt(places.previous)];
      return { ...(current === undefined ? {} : { current }), ...(previous === undefined ? {} : { previous }) };
    }
    return {};
  }

  since(pid: number): bigint {
    for (let attempt = 0; attempt < ATTEMPTS && this.#find(this.#record, pid); attempt++) {
      const { value } = this.#record;
      const places = placesOf(value, pid);
      if (places === undefined) continue;
      if (places.current === undefined) return newestOf(value);
      return isLostAt(value, places.current) ? NOT_KNOWN : sinceOf(value, places.current);
    }
    return this.#isOfProcess(pid) ? NOT_KNOWN : 0n;
  }

  provesProgram(pid: number): boolean {
    if (!this.#open) return true;
    // The start does without.
    this.#living ??= attachedOr(this.#descriptors, openLiving.bind(undefined, this.#types)).made ?? TAKEN_AS_TOLD;
    return this.#living.provesProgram(pid);
  }

  keepDirectories(onBusy: () => void): string | undefined {
    if (!this.#open || this.#directories !== undefined) return undefined;
    const limits = new Set<string>();
    for (const way of WAYS) {
      const { made, limit } = attachedOr(this.#ofDirectories, (kept) => {
        const maps = createMaps(kept);
        way(this.#types, maps, kept);
        return maps;
      });
      if (made !== undefined) {
        this.#keep(made, onBusy);
        return undefined;
      }
      limits.add(limit ?? '');
    }
    return [...limits].join('; or: ');
  }

  #keep({ directories, bell }: Maps, onBusy: () => void): void {
    this.#directories = new Lookup(directories, DIRECTORY.LENGTH);
    this.#bell = poll(bell, () => {
      this.#leaveDirectories();
      onBusy();
    });
  }

  /** Of what happens while the programs are not there nothing is known, so nothing that was known before can be kept. */
  #leaveDirectories(): void {
    this.#directories = undefined;
    this.#bell?.close();
    this.#bell = undefined;
    this.#ofDirectories.close();
  }

  runsOf(device: string, inode: bigint): Run[] | undefined {
    return this.#directories === undefined ? undefined : runsOf(this.#directories, device, inode);
  }

  close(): void {
    this.#open = false;
    this.#leaveDirectories();
    this.#descriptors.close();
  }

  #imageAt(place: number | undefined): Image | undefined {
    return place === undefined || isLostAt(this.#record.value, place) ? undefined : decode(this.#record.value, place);
  }

  #find(map: Lookup, pid: number): boolean {
    return this.#isOfProcess(pid) && map.find(pid & (SLOTS - 1));
  }

  /** The descriptor may be somebody else's once it is closed; 0 and less are no processes. */
  #isOfProcess(pid: number): boolean {
    return this.#open && pid > 0;
  }
}

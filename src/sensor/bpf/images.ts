/** The images of all processes that were made or executed since it was opened, also of those that have ended. */
import { close } from '../libc.ts';
import { memberOffsetsOf } from './btf.ts';
import { BPF } from './constants.ts';
import { checkHost, HOST_FILES, pidMaxOf, type HostFiles } from './host.ts';
import { MEMBERS, SCRATCH, type Maps } from './image-program.ts';
import { attach, createMap, loadProgram, Lookup } from './kernel.ts';
import { execProgram, forkProgram } from './programs.ts';
import { decode, isSound, RECORD_LENGTH, sinceOf, type Image } from './record.ts';

export { BpfError } from './error.ts';
export type { Image } from './record.ts';

export interface Images {
  /**
   * The image that the process `pid` (as the initial pid namespace numbers it) has or had last, and the one before that.
   * `previous` may be of an older process with the same pid: then its `start` is another. After `close` there is none.
   */
  lookup(pid: number): { current?: Image; previous?: Image };
  /** `since` of the current image, 0n when there is none. Cheap: to see whether what was looked up before still holds. */
  since(pid: number): bigint;
  /** Takes the programs out of the kernel, and the images with them. */
  close(): void;
}

/**
 * How many images are kept: those used least recently go first. A record takes 920 bytes with what the map has beside it,
 * all of them 27 MB of kernel memory. Each processor sets some aside (up to 128), so that more processors keep fewer.
 */
const ENTRIES = { current: 20_480, previous: 8_192 } as const;

/** A record that was overwritten while it was read is read again, this often. */
const ATTEMPTS = 3;

/**
 * Puts the two programs into the kernel; they leave it with `close` or when this process ends, however it does.
 * Needs Linux 5.5 with BTF, CAP_BPF and CAP_PERFMON (5.8) or CAP_SYS_ADMIN, and the initial pid namespace.
 * Throws BpfError saying what is missing and what to do.
 */
export function openImages(files: Partial<HostFiles> = {}): Images {
  const host = { ...HOST_FILES, ...files };
  checkHost(host);
  const offsets = memberOffsetsOf(host.btf, MEMBERS);
  const descriptors: number[] = [];
  const kept = (descriptor: number): number => {
    descriptors.push(descriptor);
    return descriptor;
  };
  const closeAll = (): void => {
    for (const descriptor of descriptors.splice(0).toReversed()) close(descriptor);
  };
  try {
    const maps = createMaps(kept, pidMaxOf(host.pidMax));
    const exec = kept(loadProgram('tickward_exec', execProgram(offsets, maps)));
    const fork = kept(loadProgram('tickward_fork', forkProgram(offsets, maps)));
    kept(attach(exec, 'sched_process_exec'));
    kept(attach(fork, 'sched_process_fork'));
    return new KernelImages(maps, closeAll);
  } catch (error) {
    closeAll();
    throw error;
  }
}

function createMaps(kept: (descriptor: number) => number, pidMax: number): Maps {
  return {
    current: kept(createMap('tickward_now', BPF.MAP_TYPE_LRU_HASH, RECORD_LENGTH, Math.min(ENTRIES.current, pidMax))),
    previous: kept(createMap('tickward_before', BPF.MAP_TYPE_LRU_HASH, RECORD_LENGTH, Math.min(ENTRIES.previous, pidMax))),
    scratch: kept(createMap('tickward_work', BPF.MAP_TYPE_PERCPU_ARRAY, RECORD_LENGTH, SCRATCH.ENTRIES)),
  };
}

class KernelImages implements Images {
  readonly #current: Lookup;
  readonly #previous: Lookup;
  readonly #close: () => void;
  #open = true;

  constructor(maps: Maps, closeAll: () => void) {
    this.#current = new Lookup(maps.current, RECORD_LENGTH);
    this.#previous = new Lookup(maps.previous, RECORD_LENGTH);
    this.#close = closeAll;
  }

  lookup(pid: number): { current?: Image; previous?: Image } {
    const images: { current?: Image; previous?: Image } = {};
    if (this.#find(this.#current, pid)) images.current = decode(this.#current.value);
    if (this.#find(this.#previous, pid)) images.previous = decode(this.#previous.value);
    return images;
  }

  since(pid: number): bigint {
    return this.#find(this.#current, pid) ? sinceOf(this.#current.value) : 0n;
  }

  close(): void {
    this.#open = false;
    this.#close();
  }

  #find(map: Lookup, pid: number): boolean {
    // Descriptors that are closed may be somebody else's by now; 0 and less are no processes.
    if (!this.#open || pid <= 0) return false;
    for (let attempt = 0; attempt < ATTEMPTS && map.find(pid); attempt++) {
      if (isSound(map.value, pid)) return true;
    }
    return false;
  }
}

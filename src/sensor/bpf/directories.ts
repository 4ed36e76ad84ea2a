/**
 * Who made and changed a directory, from its making on: what the kernel's events cannot tell of one that is marked after its first file.
 *
 * Whoever puts a name into a directory, renames or removes one there, gives it a new time of change. Where the file system keeps fine times (ext4, xfs, btrfs, tmpfs)
 * that passes two tracepoints from Linux 6.13 on, in the process that does it; from 6.6 on a function, where the kernel lets programs onto its functions. tmpfs gives
 * a directory the time of what is linked into it, which passes a third.
 */
import type { FunctionsNamed } from './btf.ts';
import { BPF, MINOR_BITS, MODE } from './constants.ts';
import { BpfError } from './error.ts';
import { FIRST, IMAGE, ImageProgram, SECOND, type Offsets } from './image-program.ts';
import { attach, attachToFunction, createBell, createMap, loadProgram, type Lookup } from './kernel.ts';

/** include/trace/events/timestamp.h: both begin with the inode. The second is passed where the time is the same as it was. */
const TRACEPOINTS = ['ctime_ns_xchg', 'ctime_xchg_skip'] as const;

/** Passed where a time is given: to a directory that is changed, and to one that is only read from disk. */
const GIVEN = 'inode_set_ctime_to_ts';

/** fs/inode.c, given the inode. Of all file systems that call it, ext4 is the one that does so for every change of a directory: xfs does from 6.13 on, tmpfs not for links. */
export const CHANGE_FUNCTIONS = ['inode_set_ctime_current'] as const;

/** linux/magic.h */
const EXT4 = 0xef53;

/** Processes that are kept of a directory, in the order in which they first took turns. */
const MOST_RUNS = 4;

/** One process that changed it several times without another in between: byte offsets. Times are ns of CLOCK_MONOTONIC. */
const RUN = { pid: 0, count: 4, first: 8, last: 16, LENGTH: 24 } as const;

/**
 * Byte offsets in what is kept of the directory that was made last of those that have the slot. Only one that was seen being made is kept, so nothing of it is missing,
 * but where `lost` is set: two wrote at once, or more processes than there is room for.
 */
export const DIRECTORY = { lock: 0, inode: 8, device: 16, lost: 20, used: 24, runs: 32, LENGTH: 32 + MOST_RUNS * RUN.LENGTH } as const;

/** A power of two. 2 MB of kernel memory. */
export const DIRECTORY_SLOTS = 16_384;

/** ext4 gives directories numbers some thousands apart, or every sixteenth: higher bits have to count for the slot as well. */
const FOLDS = [4, 12] as const;

/** One slot more counts all changes of whatever inode: how many, and when it was last looked at how fast they come. */
const PACE_SLOT = DIRECTORY_SLOTS;
const PACE = { count: 0, looked: 8 } as const;

/** So many changes (a power of two) within so many ns ring the bell. Each costs whoever makes it some 0.2 us, and unpacking an archive makes seven for a file; a shell that makes directories comes to a fifth of this. */
const MANY = 16_384;
const SOON_NS = 400_000_000;

/** Of the stack: those of the other programs stand above. */
const STACK = { SLOT: -4, PID: -8, POINTER: -16, INODE: -40, DEVICE: -44, MODE: -48, TIME: -56, MAGIC: -64 } as const;

const at = (run: number): number => DIRECTORY.runs + run * RUN.LENGTH;

/** At every new time of change of an inode; where a time is `given`, what is not known already is only read from disk. */
export function changeProgram(offsets: Offsets, { directories, bell }: Maps, where: 'changed' | 'given' | 'of ext4' = 'changed'): Buffer {
  const program = new DirectoryProgram(offsets, directories).load64(FIRST, 'r1', 0);
  return (
    (where === 'given' ? program : program.count(directories, bell))
      .store32('fp', STACK.MODE, 0)
      .read('fp', STACK.MODE, 2, FIRST, 'inode.i_mode')
      .load32('r1', 'fp', STACK.MODE)
      .and('r1', MODE.FORMAT)
      .jne('r1', MODE.DIRECTORY, 'out')
      .read('fp', STACK.INODE, 8, FIRST, 'inode.i_ino')
      .find(directories)
      .jeq('r0', 0, 'out')
      .mov(IMAGE, 'r0')
      .follow(SECOND, FIRST, 'inode.i_dentry.first')
      // A directory that has no name yet is being made. Of all others only those that are kept are of interest.
      .jeq(SECOND, 0, where === 'given' ? 'out' : 'describe')
      .load64('r1', IMAGE, DIRECTORY.inode)
      .load64('r2', 'fp', STACK.INODE)
      .jne('r1', 'r2', 'out')
      .label('describe')
      .follow('r3', FIRST, 'inode.i_sb')
      .mov(FIRST, 'r3')
      .only(where === 'of ext4' ? EXT4 : undefined)
      .read('fp', STACK.DEVICE, 4, FIRST, 'super_block.s_dev')
      .call('get_current_pid_tgid')
      .shr('r0', 32)
      .store32('fp', STACK.PID, 'r0')
      .call('ktime_get_ns')
      .store64('fp', STACK.TIME, 'r0')
      .lock('busy')
      .jeq(SECOND, 0, 'made')
      // Locked now, so it is what it is.
      .load64('r1', IMAGE, DIRECTORY.inode)
      .load64('r2', 'fp', STACK.INODE)
      .jne('r1', 'r2', 'unlock')
      .load32('r1', IMAGE, DIRECTORY.device)
      .load32('r2', 'fp', STACK.DEVICE)
      .jne('r1', 'r2', 'unlock')
      .addRun()
      .label('made')
      .load64('r1', 'fp', STACK.INODE)
      .store64(IMAGE, DIRECTORY.inode, 'r1')
      .load32('r1', 'fp', STACK.DEVICE)
      .store32(IMAGE, DIRECTORY.device, 'r1')
      .store32(IMAGE, DIRECTORY.lost, 0)
      .beginRun(0)
      .label('unlock')
      .mov('r1', 0)
      .exchange64(IMAGE, DIRECTORY.lock, 'r1')
      .goto('out')
      // Another processor writes here: one of the two is not written down. What is being made is not kept then, and has to be told from what was there.
      .label('busy')
      .store32(IMAGE, DIRECTORY.lost, 1)
      .label('out')
      .mov('r0', 0)
      .exit()
      .assemble()
  );
}

export interface Maps {
  directories: number;
  bell: number;
}

class DirectoryProgram extends ImageProgram {
  /** Rings where too much is going on. Uses r8 and r9. */
  count(directories: number, bell: number): this {
    return this.store32('fp', STACK.SLOT, PACE_SLOT)
      .map('r1', directories)
      .mov('r2', 'fp')
      .add('r2', STACK.SLOT)
      .call('map_lookup_elem')
      .jeq('r0', 0, 'out')
      .load64('r1', 'r0', PACE.count)
      .add('r1', 1)
      .store64('r0', PACE.count, 'r1')
      .and('r1', MANY - 1)
      .jne('r1', 0, 'counted')
      .mov(IMAGE, 'r0')
      .call('ktime_get_ns')
      .load64(SECOND, IMAGE, PACE.looked)
      .store64(IMAGE, PACE.looked, 'r0')
      .sub('r0', SECOND)
      .store64('fp', STACK.TIME, 'r0')
      .jlt('r0', SOON_NS, 'ring')
      .goto('counted')
      .label('ring')
      .map('r1', bell)
      .mov('r2', 'fp')
      .add('r2', STACK.TIME)
      .mov('r3', 8)
      .mov('r4', 0)
      .call('ringbuf_output')
      .label('counted');
  }

  /** Goes on for file systems of this kind. */
  only(magic: number | undefined): this {
    return magic === undefined ? this : this.read('fp', STACK.MAGIC, 8, FIRST, 'super_block.s_magic').load64('r1', 'fp', STACK.MAGIC).jne('r1', magic, 'out');
  }

  /** r0 = the slot of the inode whose number is on the stack. */
  find(directories: number): this {
    this.load64('r1', 'fp', STACK.INODE);
    for (const shift of FOLDS) this.load64('r2', 'fp', STACK.INODE).shr('r2', shift).add('r1', 'r2');
    return this.and('r1', DIRECTORY_SLOTS - 1).store32('fp', STACK.SLOT, 'r1').map('r1', directories).mov('r2', 'fp').add('r2', STACK.SLOT).call('map_lookup_elem');
  }

  lock(busy: string): this {
    return this.mov('r0', 0).mov('r1', 1).compareExchange64(IMAGE, DIRECTORY.lock, 'r1').jne('r0', 0, busy);
  }

  /** The process changes it once more, or for the first time after another. Ends at `unlock`. */
  addRun(): this {
    this.load32('r3', IMAGE, DIRECTORY.used).load32('r2', 'fp', STACK.PID);
    for (let run = 0; run < MOST_RUNS; run++) {
      const next = `run${run}`;
      this.jne('r3', run + 1, next)
        .load32('r1', IMAGE, at(run) + RUN.pid)
        .jne('r1', 'r2', `other${run}`)
        .load32('r1', IMAGE, at(run) + RUN.count)
        .add('r1', 1)
        .store32(IMAGE, at(run) + RUN.count, 'r1')
        .load64('r1', 'fp', STACK.TIME)
        .store64(IMAGE, at(run) + RUN.last, 'r1')
        .goto('unlock')
        .label(`other${run}`);
      if (run + 1 < MOST_RUNS) this.beginRun(run + 1);
      else this.store32(IMAGE, DIRECTORY.lost, 1);
      this.goto('unlock').label(next);
    }
    return this.goto('unlock');
  }

  beginRun(run: number): this {
    return this.load32('r1', 'fp', STACK.PID)
      .store32(IMAGE, at(run) + RUN.pid, 'r1')
      .store32(IMAGE, at(run) + RUN.count, 1)
      .load64('r1', 'fp', STACK.TIME)
      .store64(IMAGE, at(run) + RUN.first, 'r1')
      .store64(IMAGE, at(run) + RUN.last, 'r1')
      .store32(IMAGE, DIRECTORY.used, run + 1);
  }
}

/** What one process did to a directory without another in between. */
export interface Run {
  pid: number;
  count: number;
  /** ns of CLOCK_MONOTONIC. */
  first: bigint;
  last: bigint;
}

/** The maps of the program. */
export function createMaps(kept: (descriptor: number) => number): Maps {
  return { directories: kept(createMap('tickward_directories', BPF.MAP_TYPE_ARRAY, DIRECTORY.LENGTH, DIRECTORY_SLOTS + 1)), bell: kept(createBell('tickward_bell')) };
}

const HINT = { ENOENT: 'use Linux 6.13 or newer' };

/** Puts the program into the kernel, writing into its maps; every descriptor is given to `kept`. Throws BpfError where this kernel has no place for it. */
export function attachChanges({ offsets, functions }: { offsets: Offsets; functions: FunctionsNamed<(typeof CHANGE_FUNCTIONS)[number]> }, maps: Maps, kept: (descriptor: number) => number): void {
  const [name] = CHANGE_FUNCTIONS;
  const found = functions.get(name);
  try {
    kept(attach(kept(loadProgram('tickward_given', changeProgram(offsets, maps, 'given'))), GIVEN, HINT));
    const program = kept(loadProgram('tickward_change', changeProgram(offsets, maps)));
    for (const tracepoint of TRACEPOINTS) kept(attach(program, tracepoint, HINT));
  } catch (error) {
    if (!(error instanceof BpfError) || error.code !== 'ENOENT' || found === undefined) throw error;
    kept(attachToFunction(kept(loadProgram('tickward_change', changeProgram(offsets, maps, 'of ext4'), { at: 'entry', id: found.id })), name));
  }
}

/** All that changed the directory (`major:minor` of its file system) since it was made, its making first; undefined where that is not known. */
export function runsOf(directories: Lookup, device: string, inode: bigint): Run[] | undefined {
  const slot = slotOf(inode);
  if (!directories.find(slot)) return undefined;
  const found = Buffer.from(directories.value);
  // Nothing holds up who writes: what counts is what stays the same.
  if (!directories.find(slot) || !found.equals(directories.value)) return undefined;
  if (found.readBigUInt64LE(DIRECTORY.lock) !== 0n || found.readUInt32LE(DIRECTORY.lost) !== 0) return undefined;
  if (found.readBigUInt64LE(DIRECTORY.inode) !== inode || textOf(found.readUInt32LE(DIRECTORY.device)) !== device) return undefined;
  return Array.from({ length: found.readUInt32LE(DIRECTORY.used) }, (_, run) => ({
    pid: found.readUInt32LE(at(run) + RUN.pid),
    count: found.readUInt32LE(at(run) + RUN.count),
    first: found.readBigUInt64LE(at(run) + RUN.first),
    last: found.readBigUInt64LE(at(run) + RUN.last),
  }));
}

/** Of the kernel's own dev_t. */
function textOf(device: number): string {
  return `${device >>> MINOR_BITS}:${device & ((1 << MINOR_BITS) - 1)}`;
}

function slotOf(inode: bigint): number {
  return Number(FOLDS.reduce((sum, shift) => sum + (inode >> BigInt(shift)), inode) & BigInt(DIRECTORY_SLOTS - 1));
}

/** The one process that did all to a directory after its making: put names into it, took them away, changed its mode. Undefined where there were several, or none. */
export function soleChanger([making, ...later]: readonly Run[]): Run | undefined {
  if (making === undefined || later.length > 1) return undefined;
  // More than the making: then it is one of those that changed it.
  return making.count > 1 ? (later.length === 0 ? making : undefined) : later[0];
}

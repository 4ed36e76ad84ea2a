/**
 * The programs that keep who made and changed a directory, from its making on: what the kernel's events cannot tell of one that is marked after its first file.
 *
 * Whoever puts a name into a directory, renames or removes one there, gives it a new time of change. Where the file system keeps fine times that passes tracepoints
 * (Linux 6.13), in the process that does it. Before, and where programs may be put onto functions of the kernel, those in which a name gets its file and is moved
 * tell of all that comes into a directory; of what is removed, and of its mode, they do not.
 */
import { constants } from 'node:fs';
import { EXT4_SUPER_MAGIC, TMPFS_MAGIC, XFS_SUPER_MAGIC } from '../../host/kernel.ts';
import type { FunctionsNamed } from './btf.ts';
import { BPF } from './constants.ts';
import { DIRECTORY, DIRECTORY_SLOTS, FOLDS, MOST_RUNS, PACE, PACE_SLOT, placeOfRun, RUN } from './directories.ts';
import { FIRST, IMAGE, ImageProgram, SECOND, TASK, type Offsets } from './image-program.ts';
import { attach, createBell, createMap, loadProgram, putOnFunction } from './kernel.ts';

/** include/trace/events/timestamp.h: all begin with the inode. The second is passed where the time is the same as it was. New directories of xfs have no number yet at their first time: none is kept. */
const TIMES = ['ctime_ns_xchg', 'ctime_xchg_skip'] as const;
/** Where a time is copied: so tmpfs does to the directory of a link or of what is removed; but so is also what is read from disk. */
const COPIED = 'inode_set_ctime_to_ts';

/** fs/dcache.c. Given the name and its new file; the name and the one that it becomes or takes turns with. */
const NAMED = ['d_instantiate', 'd_instantiate_new'] as const;
const MOVED = ['d_move', 'd_exchange'] as const;
export const CHANGE_FUNCTIONS = [...NAMED, ...MOVED] as const;

/** File systems of which all changes pass here: names of others (network file systems, FUSE) may come from elsewhere. */
const WHOLE = [EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, TMPFS_MAGIC] as const;

/** So many changes (a power of two) within so many ns ring the bell. Each costs whoever makes it some 0.2 us, and unpacking an archive makes seven for a file; a shell that makes directories comes to a fifth of this. */
const MANY = 8_192;
const SOON_NS = 200_000_000;

/** What the programs write into: a record for each directory, and what tells that they are in the way. */
export interface Maps {
  directories: number;
  bell: number;
}

export function createMaps(kept: (descriptor: number) => number): Maps {
  return { directories: kept(createMap('tickward_directories', BPF.MAP_TYPE_ARRAY, DIRECTORY.LENGTH, DIRECTORY_SLOTS + 1)), bell: kept(createBell('tickward_bell')) };
}

/** Of the stack: those of the other programs stand above. */
const STACK = { SLOT: -4, PID: -8, POINTER: -16, INODE: -40, DEVICE: -44, MODE: -48, TIME: -56, MAGIC: -60 } as const;

/** What the functions are given, by the place of it. */
const CONTEXT = TASK;

/** Whether it is being made, was there before, or one of the two: a directory without a name is being made, where it is not read from disk. */
type How = 'made' | 'changed' | 'either';

/** At a new time of change of an inode. */
export function timeProgram(offsets: Offsets, maps: Maps, how: How): Buffer {
  return new ChangeProgram(offsets, maps).load64(FIRST, 'r1', 0).count().note(how).end();
}

/** Where a name gets its file: the file may be a new directory, and the directory of the name is changed. The root of a file system is no new one. */
export function namedProgram(offsets: Offsets, maps: Maps): Buffer {
  return new ChangeProgram(offsets, maps)
    .mov(CONTEXT, 'r1')
    .count()
    .load64(FIRST, CONTEXT, 0)
    .follow(SECOND, FIRST, 'dentry.d_parent')
    .jeq(SECOND, FIRST, 'end')
    .load64(FIRST, CONTEXT, 8)
    .note('made')
    .load64(FIRST, CONTEXT, 0)
    .noteParent()
    .end();
}

/** Where a name moves: what has it, if that is a directory, and the directories that it leaves and comes to are changed. */
export function movedProgram(offsets: Offsets, maps: Maps): Buffer {
  const program = new ChangeProgram(offsets, maps).mov(CONTEXT, 'r1').count();
  for (const name of [0, 8]) program.load64(FIRST, CONTEXT, name).follow(FIRST, FIRST, 'dentry.d_inode').note('changed').load64(FIRST, CONTEXT, name).noteParent();
  return program.end();
}

class ChangeProgram extends ImageProgram {
  readonly #maps: Maps;
  #notes = 0;

  constructor(offsets: Offsets, maps: Maps) {
    super(offsets, maps.directories);
    this.#maps = maps;
  }

  end(): Buffer {
    return this.label('end').mov('r0', 0).exit().assemble();
  }

  /** Rings where too much is going on. Uses r8 and r9. */
  count(): this {
    return this.store32('fp', STACK.SLOT, PACE_SLOT)
      .map('r1', this.#maps.directories)
      .mov('r2', 'fp')
      .add('r2', STACK.SLOT)
      .call('map_lookup_elem')
      .jeq('r0', 0, 'end')
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
      .map('r1', this.#maps.bell)
      .mov('r2', 'fp')
      .add('r2', STACK.TIME)
      .mov('r3', 8)
      .mov('r4', 0)
      .call('ringbuf_output')
      .label('counted');
  }

  /** The directory of the struct dentry in r6. */
  noteParent(): this {
    return this.follow(FIRST, FIRST, 'dentry.d_parent').follow(FIRST, FIRST, 'dentry.d_inode').note('changed');
  }

  /** Who runs this makes or changes the struct inode in r6, if that is a directory. Uses r8 and r9. */
  note(how: How): this {
    const note = this.#notes++;
    const label = (name: string): string => `${name}${note}`;
    this.store32('fp', STACK.MODE, 0)
      .read('fp', STACK.MODE, 2, FIRST, 'inode.i_mode')
      .load32('r1', 'fp', STACK.MODE)
      .and('r1', constants.S_IFMT)
      .jne('r1', constants.S_IFDIR, label('out'))
      .read('fp', STACK.INODE, 8, FIRST, 'inode.i_ino')
      .#find()
      .jeq('r0', 0, label('out'))
      .mov(IMAGE, 'r0');
    if (how === 'made') this.mov(SECOND, 0);
    else this.follow(SECOND, FIRST, 'inode.i_dentry.first');
    // Of all that is not being made only those that are kept are of interest.
    return this.jeq(SECOND, 0, label(how === 'changed' ? 'out' : 'describe'))
      .load64('r1', IMAGE, DIRECTORY.inode)
      .load64('r2', 'fp', STACK.INODE)
      .jne('r1', 'r2', label('out'))
      .label(label('describe'))
      .#describe(label)
      .#lock(label('busy'))
      .jeq(SECOND, 0, label('made'))
      // Locked now, so it is what it is.
      .load64('r1', IMAGE, DIRECTORY.inode)
      .load64('r2', 'fp', STACK.INODE)
      .jne('r1', 'r2', label('unlock'))
      .load32('r1', IMAGE, DIRECTORY.device)
      .load32('r2', 'fp', STACK.DEVICE)
      .jne('r1', 'r2', label('unlock'))
      .#addRun(label)
      .label(label('made'))
      .load64('r1', 'fp', STACK.INODE)
      .store64(IMAGE, DIRECTORY.inode, 'r1')
      .load32('r1', 'fp', STACK.DEVICE)
      .store32(IMAGE, DIRECTORY.device, 'r1')
      .store32(IMAGE, DIRECTORY.lost, 0)
      .#beginRun(0)
      .label(label('unlock'))
      .mov('r1', 0)
      .exchange64(IMAGE, DIRECTORY.lock, 'r1')
      .goto(label('out'))
      // Another processor writes here: one of the two is not written down. What is being made is not kept then, and has to be told from what was there.
      .label(label('busy'))
      .store32(IMAGE, DIRECTORY.lost, 1)
      .label(label('out'));
  }

  /** r0 = the slot of the inode whose number is on the stack. */
  #find(): this {
    this.load64('r1', 'fp', STACK.INODE);
    for (const shift of FOLDS) this.load64('r2', 'fp', STACK.INODE).shr('r2', shift).add('r1', 'r2');
    return this.and('r1', DIRECTORY_SLOTS - 1).store32('fp', STACK.SLOT, 'r1').map('r1', this.#maps.directories).mov('r2', 'fp').add('r2', STACK.SLOT).call('map_lookup_elem');
  }

  /** File system, process and time, onto the stack; to `out` where the file system has other ways to change. */
  #describe(label: (name: string) => string): this {
    this.follow(FIRST, FIRST, 'inode.i_sb').read('fp', STACK.MAGIC, 4, FIRST, 'super_block.s_magic').load32('r1', 'fp', STACK.MAGIC);
    for (const magic of WHOLE) this.jeq('r1', magic, label('whole'));
    return this.goto(label('out'))
      .label(label('whole'))
      .read('fp', STACK.DEVICE, 4, FIRST, 'super_block.s_dev')
      .call('get_current_pid_tgid')
      .shr('r0', 32)
      .store32('fp', STACK.PID, 'r0')
      .call('ktime_get_ns')
      .store64('fp', STACK.TIME, 'r0');
  }

  #lock(busy: string): this {
    return this.mov('r0', 0).mov('r1', 1).compareExchange64(IMAGE, DIRECTORY.lock, 'r1').jne('r0', 0, busy);
  }

  /** The process changes it once more, or for the first time after another. Ends at `unlock`. */
  #addRun(label: (name: string) => string): this {
    this.load32('r3', IMAGE, DIRECTORY.used).load32('r2', 'fp', STACK.PID);
    for (let run = 0; run < MOST_RUNS; run++) {
      const [at, next, other] = [placeOfRun(run), label(`run${run}of`), label(`other${run}of`)];
      this.jne('r3', run + 1, next)
        .load32('r1', IMAGE, at + RUN.pid)
        .jne('r1', 'r2', other)
        .load32('r1', IMAGE, at + RUN.count)
        .add('r1', 1)
        .store32(IMAGE, at + RUN.count, 'r1')
        .load64('r1', 'fp', STACK.TIME)
        .store64(IMAGE, at + RUN.last, 'r1')
        .goto(label('unlock'))
        .label(other);
      if (run + 1 < MOST_RUNS) this.#beginRun(run + 1);
      else this.store32(IMAGE, DIRECTORY.lost, 1);
      this.goto(label('unlock')).label(next);
    }
    return this.goto(label('unlock'));
  }

  #beginRun(run: number): this {
    const at = placeOfRun(run);
    return this.load32('r1', 'fp', STACK.PID)
      .store32(IMAGE, at + RUN.pid, 'r1')
      .store32(IMAGE, at + RUN.count, 1)
      .load64('r1', 'fp', STACK.TIME)
      .store64(IMAGE, at + RUN.first, 'r1')
      .store64(IMAGE, at + RUN.last, 'r1')
      .store32(IMAGE, DIRECTORY.used, run + 1);
  }
}

interface Types {
  offsets: Offsets;
  functions: FunctionsNamed<(typeof CHANGE_FUNCTIONS)[number]>;
}

/** Puts programs into the kernel that write into the maps; every descriptor is given to `kept`. Throws BpfError where this kernel has no place for them. */
type Way = (types: Types, maps: Maps, kept: (descriptor: number) => number) => void;

const atTimes: Way = ({ offsets }, maps, kept) => {
  const program = kept(loadProgram('tickward_change', timeProgram(offsets, maps, 'either')));
  for (const tracepoint of TIMES) kept(attach(program, tracepoint, { ENOENT: 'use Linux 6.13 or newer' }));
  kept(attach(kept(loadProgram('tickward_copied', timeProgram(offsets, maps, 'changed'))), COPIED));
};

const atNames: Way = ({ offsets, functions }, maps, kept) => {
  for (const on of NAMED) putOnFunction({ name: 'tickward_named', functions, on, at: 'entry', program: () => namedProgram(offsets, maps) }, kept);
  for (const on of MOVED) putOnFunction({ name: 'tickward_moved', functions, on, at: 'entry', program: () => movedProgram(offsets, maps) }, kept);
};

/** The first that the kernel allows. */
export const WAYS: readonly Way[] = [atTimes, atNames];

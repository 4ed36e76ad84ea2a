/** From the parent upwards to the first process: by the kernel's map, which also has those that ended, and by /proc for those that were there before it. */
import { programName } from '../host/executable.ts';
import type { FileEvent } from '../model/event.ts';
import type { Image, Images } from './bpf/images.ts';
import { asleep, TICK_NS } from './clocks.ts';
import type { ExecLog } from './exec-log.ts';
import { pathOfImage } from './program.ts';
import { nameOf, readProgram } from './proc-facts.ts';
import { Recent } from './recent.ts';

type Ancestry = FileEvent['tickward']['ancestry'];
type Ancestor = Ancestry[number];

const MOST_ANCESTORS = 32;

/** How long what was read of a process is taken to be so still, in ms. */
const FRESH_MS = 1_000;

/** Chains that are kept, by the characters in them. */
const MOST_KNOWN = 2 * 1024 ** 2;
/** What an ancestor takes but for its arguments, in characters. */
const PLAIN = 128;

export function charactersOf(chain: Ancestry): number {
  return chain.reduce((sum, { command_line = '' }) => sum + PLAIN + command_line.length, 0);
}

interface Known {
  /** Of the image, 0n for one that was there before the map; without a map, the place in the log of what it opened last. Another one means another process or program. */
  since: bigint;
  /** When the parent became the program that it is: it has others for children that are older. */
  from: bigint;
  /** In ms of `performance.now()`. */
  at: number;
  chain: Ancestry;
}

interface One {
  ancestor: Ancestor;
  parent: number;
  start: bigint;
  /** When it became the program that it still is; undefined where it ran another one since. */
  from?: bigint;
}

/** All times of processes are in ns of CLOCK_BOOTTIME. */
export class Ancestors {
  private readonly images: Images | undefined;
  private readonly log: ExecLog | undefined;
  private readonly known = new Recent<number, Known>(MOST_KNOWN, ({ chain }) => charactersOf(chain), FRESH_MS);

  constructor({ images, log }: { images?: Images; log?: ExecLog }) {
    this.images = images;
    this.log = log;
  }

  /**
   * Each as the program that it was when it started the next: it may have run another one since. Who has the parent's number and started later is someone else.
   * The same parent gives the same object, so that what many events have in common is stored once.
   */
  of(parent: number, childStart: bigint): Ancestry {
    if (parent <= 0) return [];
    const now = performance.now();
    const since = this.images?.since(parent) ?? BigInt(this.log?.of(parent).at(-1)?.position ?? 0);
    const known = this.known.get(parent);
    if (known !== undefined && known.since === since && now - known.at < FRESH_MS && known.from <= childStart) return known.chain;
    const { chain, from } = this.chainOf(parent, childStart);
    if (from !== undefined) this.known.set(parent, { since, from, at: now, chain }, now);
    return chain;
  }

  private chainOf(parent: number, childStart: bigint): { chain: Ancestry; from: bigint | undefined } {
    const first = this.one(parent, childStart);
    const chain = [first.ancestor];
    for (let last = first; last.parent > 0 && chain.length < MOST_ANCESTORS; ) {
      last = this.one(last.parent, last.start);
      chain.push(last.ancestor);
    }
    return { chain, from: first.from };
  }

  private one(pid: number, childStart: bigint): One {
    const { current, previous } = this.images?.lookup(pid) ?? {};
    const [image, before] = [current, previous].filter((each) => each !== undefined && each.start / TICK_NS <= childStart / TICK_NS);
    if (image !== undefined) {
      const { parent, start } = image;
      // What passes while the clocks are read makes it later: then less is said.
      const from = image.since + asleep();
      if (from <= childStart) return { ancestor: ancestorOfImage(image, this.images), parent, start, from };
      const isRight = before?.start === start && before.generation + 1 === image.generation && before.since + asleep() <= childStart;
      // Where it began later within the same tick, another process has the number: of the one that is meant no parent is known.
      return { ancestor: isRight ? ancestorOfImage(before, this.images) : { pid }, parent: isRight || start <= childStart ? parent : 0, start };
    }
    const facts = readProgram(pid, this.images);
    if (facts === undefined || facts.startTicks > childStart / TICK_NS) return { ancestor: { pid }, parent: 0, start: 0n };
    const { executable, args, ppid, startTicks } = facts;
    const start = startTicks * TICK_NS;
    if (facts.isUnproven && this.images !== undefined) return { ancestor: { pid }, parent: ppid, start, from: start };
    if (this.hasMovedOn(pid, childStart)) return { ancestor: { pid }, parent: ppid, start };
    return { ancestor: { pid, ...nameOf(facts), ...(executable === undefined ? {} : { executable }), ...(args.length === 0 ? {} : { command_line: args.join(' ') }) }, parent: ppid, start, from: start };
  }

  /** Whether one of which the map has nothing may run another program by now: where it was written over, or, without a map, where it certainly opened one. Within one reading most parents become what they are before they start somebody. */
  private hasMovedOn(pid: number, childStart: bigint): boolean {
    if (this.images !== undefined) return this.images.since(pid) + asleep() > childStart;
    return this.log?.of(pid).some(({ bracket }) => bracket.after + asleep() > childStart) ?? false;
  }
}

function ancestorOfImage(image: Image, images: Images | undefined): Ancestor {
  if (image.isUnproven) return { pid: image.pid };
  const executable = pathOfImage(image, images);
  return { pid: image.pid, name: executable === undefined ? image.name || image.comm : programName(executable), ...(executable === undefined ? {} : { executable }), ...(image.args.length === 0 ? {} : { command_line: image.args.join(' ') }) };
}

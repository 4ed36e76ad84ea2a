/** From the parent upwards to the first process: by the kernel's map, which also has those that ended, and by /proc for those that were there before it. */
import { basename } from 'node:path';
import * as proc from '../host/proc.ts';
import type { FileEvent } from '../model/event.ts';
import type { Image, Images } from './bpf/images.ts';
import { TICK_NS } from './constants.ts';
import { pathOfImage } from './program.ts';
import { readProgram } from './proc-facts.ts';

type Ancestry = FileEvent['tickward']['ancestry'];
type Ancestor = Ancestry[number];

const MOST_ANCESTORS = 32;

/** How long what was read of a process is taken to be so still, in ms. */
const FRESH_MS = 1_000;

const MOST_KNOWN = 1_024;

interface Known {
  /** Of the image, 0n for one that was there before the map: another one means another process or program. */
  since: bigint;
  startTicks: bigint;
  /** In ms of `performance.now()`. */
  at: number;
  chain: Ancestry;
}

export class Ancestors {
  private readonly images: Images | undefined;
  private readonly known = new Map<number, Known>();

  constructor(images: Images | undefined) {
    this.images = images;
  }

  /**
   * `startedBefore`: USER_HZ ticks after boot at which the child started; who has the parent's number and started later is someone else.
   * The same parent gives the same object, so that what many events have in common is stored once.
   */
  of(parent: number, startedBefore: bigint): Ancestry {
    if (parent <= 0) return [];
    const now = performance.now();
    const since = this.images?.since(parent) ?? 0n;
    const known = this.known.get(parent);
    if (known !== undefined && known.since === since && now - known.at < FRESH_MS && known.startTicks <= startedBefore) return known.chain;
    const { chain, startTicks } = this.chainOf(parent, startedBefore);
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    this.known.set(parent, { since, startTicks, at: now, chain });
    return chain;
  }

  private chainOf(parent: number, startedBefore: bigint): { chain: Ancestry; startTicks: bigint } {
    const chain: Ancestry = [];
    let startTicks: bigint | undefined;
    for (let pid = parent, before = startedBefore; pid > 0 && chain.length < MOST_ANCESTORS; ) {
      const found = this.one(pid, before);
      startTicks ??= found.startTicks;
      chain.push(found.ancestor);
      pid = found.parent;
      before = found.startTicks;
    }
    return { chain, startTicks: startTicks ?? 0n };
  }

  private one(pid: number, before: bigint): { ancestor: Ancestor; parent: number; startTicks: bigint } {
    const { current, previous } = this.images?.lookup(pid) ?? {};
    const image = [current, previous].find((each) => each !== undefined && each.start / TICK_NS <= before);
    if (image !== undefined) return { ancestor: ancestorOfImage(image), parent: image.parent, startTicks: image.start / TICK_NS };
    const facts = readProgram(pid);
    if (facts === undefined || facts.startTicks > before) return { ancestor: { pid }, parent: 0, startTicks: 0n };
    const { executable, args, comm, ppid, startTicks } = facts;
    return { ancestor: { pid, name: executable === undefined ? comm : basename(executable), ...(executable === undefined ? {} : { executable }), ...(args.length === 0 ? {} : { command_line: args.join(' ') }) }, parent: ppid, startTicks };
  }
}

function ancestorOfImage(image: Image): Ancestor {
  const executable = pathOfImage(image);
  return { pid: image.pid, name: executable === undefined ? image.name || image.comm : basename(executable), ...(executable === undefined ? {} : { executable }), ...(image.args.length === 0 ? {} : { command_line: image.args.join(' ') }) };
}

export function startedAt(startTicks: bigint): string {
  return new Date(proc.bootTimeMs() + Number(startTicks) * (1000 / proc.TICKS_PER_SECOND)).toISOString();
}

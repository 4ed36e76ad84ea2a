/** How a process that runs for months uses memory. */
import { setFlagsFromString } from 'node:v8';
import { anonymousBytes, letGoOfProgram, trimHeap } from '../host/own-memory.ts';

/** What is more by this than it was is given back; bytes. */
const WORTH = 32 * 1024 ** 2;

/** How often it is looked for, in ms, and the share of that time above which there is still something to do. */
const LOOK_MS = 30_000;
const BUSY = 0.25;

/** When the start is over and its last reader of rules has ended, in ms. */
const STARTED_MS = 500;

/** Not before all is loaded: with other flags V8 takes nothing of what it compiled before, for Node and for us. */
export function saveMemory(): void {
  // Clearing what died young by one thread takes a sixth less CPU in a storm.
  setFlagsFromString('--no-parallel-scavenge');
  // In a storm V8 takes the events for something that lives long, since it always meets some that are on their way, and makes them where garbage stays: a fifth more memory at its highest.
  setFlagsFromString('--no-allocation-site-pretenuring');
  // What has died in the old space is cleared away before it grows by more than a fifth.
  setFlagsFromString('--heap-growing-percent=20');
}

/**
 * Gives back what a burst took, now and then. V8 keeps the pages that it has emptied; its own way to give them back, which node.sh turns off, collects twice after the
 * start and after every small burst too.
 */
export class Bursts {
  private least = anonymousBytes() ?? 0;
  private worked = performance.eventLoopUtilization();
  private readonly timer = setInterval(() => this.look(), LOOK_MS).unref();
  /** The start is the first: what it read and parsed is of no use any more. */
  private readonly started = setTimeout(() => this.give(), STARTED_MS).unref();

  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.started);
  }

  private look(): void {
    const worked = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(worked, this.worked);
    this.worked = worked;
    const now = anonymousBytes();
    if (now === undefined) return;
    if (now < this.least + WORTH) this.least = Math.min(this.least, now);
    else if (utilization < BUSY) this.give();
  }

  private give(): void {
    giveBack();
    this.least = anonymousBytes() ?? this.least;
  }
}

/** All that can be, and every page that is empty by then goes back to the kernel, with those of Node's program: 50 ms. */
export function giveBack(): void {
  setFlagsFromString('--expose-gc');
  // Loaded when it is needed: the start does without.
  const collect: unknown = process.getBuiltinModule('node:vm').runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  trimHeap();
  letGoOfProgram();
}

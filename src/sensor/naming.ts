/** What was read, named in its order before any of it is worked off: a way of directories together, and without leaving the kernel's queue unread for long. */
import type { Batch, Change, Gone } from './backend.ts';
import type { Found } from './found.ts';

/** How many readings of new directories may wait for more before anybody is named, as many as a way in a home has steps, and how long in ms. */
const MOST_STEPS = 4;
const STEP_MS = 3;

/** How long the kernel's queue may be left unread while processes are named, in ms. */
const MOST_UNREAD_MS = 2;

/** What was read together, with what its new directories led to. */
export interface Reading {
  batch: Batch;
  led: ReadonlyMap<Change, readonly Found[]>;
}

export interface NamingOptions {
  /** Whether who did something can still be found out when the process has ended. */
  keepsMakers: boolean;
  change: (change: Change, led: readonly Found[]) => void;
  gone: (gone: Gone) => void;
  overflowed: () => void;
  /** Reads what the kernel has: `add` is called with it, and its turn comes after what was read before. */
  drain: () => void;
  /** All that was read is named. */
  done: () => void;
  /** One that fails keeps none of the others from being named. */
  guarded: (work: () => void) => void;
}

const NOTHING: readonly Found[] = [];

export class Naming {
  private readonly options: NamingOptions;
  private readonly readings: Reading[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isNaming = false;
  private unnamed = 0;

  constructor(options: NamingOptions) {
    this.options = options;
  }

  /** Changes that wait. */
  get waiting(): number {
    return this.unnamed;
  }

  add(reading: Reading): void {
    this.readings.push(reading);
    this.unnamed += reading.batch.changes.length;
    clearTimeout(this.timer);
    if (this.mayWait(reading)) this.timer = setTimeout(() => this.options.guarded(() => this.all()), STEP_MS);
    else this.all();
  }

  /** Naming takes longer than who makes a way of directories takes to the first file: as long as nothing but directories comes, the map keeps who it was. */
  private mayWait({ batch, led }: Reading): boolean {
    return this.options.keepsMakers && led.size > 0 && led.size === batch.changes.length && batch.gone.length === 0 && this.readings.length < MOST_STEPS;
  }

  all(): void {
    if (this.isNaming) return;
    this.isNaming = true;
    try {
      for (let reading = this.readings.shift(); reading !== undefined; reading = this.readings.shift()) this.name(reading);
    } finally {
      this.isNaming = false;
    }
    this.options.done();
  }

  private name({ batch, led }: Reading): void {
    const { options } = this;
    let lastRead = performance.now();
    for (const change of batch.changes) {
      this.unnamed -= 1;
      options.change(change, led.get(change) ?? NOTHING);
      // A thousand short-lived processes take longer to name than the kernel's queue has room for what others do.
      const now = performance.now();
      if (now - lastRead < MOST_UNREAD_MS) continue;
      lastRead = now;
      options.guarded(options.drain);
    }
    for (const gone of batch.gone) options.gone(gone);
    if (batch.overflow) options.overflowed();
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

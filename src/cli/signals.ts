/** Waiting until someone stops us, with everything put away afterwards, and work that nobody may cut in two. */
import { outliving } from './lost-reader.ts';

export interface Stopping {
  stopped: Promise<void>;
  stop(): void;
}

/** With which people and service managers end a program, and with which a terminal that is lost does. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What setTimeout takes at most: of more it makes a millisecond. */
const LONGEST_MS = 2_147_483_647;

/** Resolves at a signal, after `limitMs`, or when `stop` is called. A second signal ends the program at once. */
export function untilStopped(limitMs = Infinity): Stopping {
  const { promise, resolve } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    // Not while the signal is given round: who ends programs with us (signal-exit) would find nobody else who takes it, and end us at once.
    setImmediate(() => {
      for (const signal of SIGNALS) process.off(signal, stop);
    });
    resolve();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  // A timer also keeps the process alive while nothing else does.
  const wait = (leftMs: number): void => {
    timer = leftMs > LONGEST_MS ? setTimeout(() => wait(leftMs - LONGEST_MS), LONGEST_MS) : setTimeout(stop, leftMs);
  };
  wait(limitMs);
  return { stopped: promise, stop };
}

/** Work that changes something. A signal, a second one too, and a reader or a terminal that is gone end it no more than by the signal that it is given, which it looks at where it may end. */
export async function uninterrupted<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  // Until the end: a second Ctrl-C must not cut a change in two, and inquirer would let the first one end us.
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await outliving(onSignal, () => work(stop.signal));
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

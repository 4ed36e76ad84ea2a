/** Waiting until someone stops us, with everything put away afterwards. */

export interface Stopping {
  stopped: Promise<void>;
  stop(): void;
}

/** With which people and service managers end a program, and with which a terminal that is lost does. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Resolves at a signal, after `limitMs`, or when `stop` is called. A second signal ends the program at once. */
export function untilStopped(limitMs?: number): Stopping {
  const { promise, resolve } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    for (const signal of SIGNALS) process.off(signal, stop);
    clearTimeout(timer);
    resolve();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  // A timer also keeps the process alive while nothing else does; setTimeout takes 2^31-1 ms at most.
  timer = setTimeout(limitMs === undefined ? () => timer?.refresh() : stop, limitMs ?? 2_147_483_647);
  return { stopped: promise, stop };
}

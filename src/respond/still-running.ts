/** Whether a run is still going on in another process. */
import { statOf } from '../host/proc.ts';
import { TickwardError } from '../model/errors.ts';
import type { JournalEntry } from '../model/journal.ts';

/** Throws REFUSED: two processes at one run would undo each other's work. Only entries before the one numbered `before` count. */
export function refuseWhileRunning(entries: readonly JournalEntry[], before = Number.POSITIVE_INFINITY): void {
  const earlier = entries.filter((entry) => entry.seq < before);
  const ended = earlier.findLastIndex((entry) => entry.kind === 'run-finished' || entry.kind === 'run-interrupted');
  for (const { kind, data } of earlier.slice(ended + 1)) {
    const { pid, start_ticks } = data;
    if ((kind !== 'run-started' && kind !== 'run-resumed') || typeof pid !== 'number' || pid === process.pid) continue;
    if (String(statOf(pid)?.startTicks) === start_ticks) throw new TickwardError('REFUSED', `the run is still going on in process ${pid}`, { hint: 'wait for its end, or stop it first' });
  }
}

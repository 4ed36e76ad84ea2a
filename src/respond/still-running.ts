/** Whether a run is still going on, or being undone, in another process. */
import { statOf } from '../host/proc.ts';
import { TickwardError } from '../model/errors.ts';
import type { JournalEntry } from '../model/journal.ts';

/** Throws REFUSED: two processes at one run would undo each other's work. Only entries before the one numbered `before` count. */
export function refuseWhileRunning(entries: readonly JournalEntry[], before = Number.POSITIVE_INFINITY): void {
  const earlier = entries.filter((entry) => entry.seq < before);
  const ended = earlier.findLastIndex((entry) => entry.kind === 'run-finished' || entry.kind === 'run-interrupted');
  const at = [...earlier.slice(ended + 1).filter(({ kind }) => kind === 'run-started' || kind === 'run-resumed'), ...earlier.filter(({ kind }) => kind === 'undo-started')];
  for (const { kind, data: { pid, start_ticks } } of at) {
    if (typeof pid !== 'number' || pid === process.pid || String(statOf(pid)?.startTicks) !== start_ticks) continue;
    throw new TickwardError('REFUSED', kind === 'undo-started' ? `the run is being undone in process ${pid}` : `the run is still going on in process ${pid}`, { hint: 'wait for its end, or stop it first' });
  }
}

/** Ends what an account has running. */
import { ancestorsOf, ownerOf, statOf } from '../host/proc.ts';
import { processesOf } from './account-standing.ts';
import type { HostContext } from './action.ts';
import { idOf, signal } from './processes.ts';
import { waitUntil } from './suspension.ts';

/** Without a pause between them, as long as each finds new ones: who forks all the time has no time for more. */
const MOST_ROUNDS = 20;

/** Ends every process of a user but our own and those that we run under; again and again, because one may start others meanwhile. Gives those that are left, as one that waits in the kernel. */
export async function endProcessesOf(uid: number, context: HostContext): Promise<number[]> {
  const spared = new Set([1, process.pid, ...ancestorsOf(process.pid), ...context.protectedPids]);
  const left = (): number[] => processesOf(uid).filter((pid) => !spared.has(pid));
  const told = new Set<number>();
  await waitUntil(() => {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const pids = left();
      if (pids.length === 0) return true;
      // All are held first, so that none of them sees the others go and forks.
      for (const name of ['SIGSTOP', 'SIGKILL'] as const) for (const pid of pids) signalIfOf(uid, pid, name);
      if (pids.every((pid) => told.has(pid))) return false;
      for (const pid of pids) told.add(pid);
    }
    return false;
  });
  return left();
}

/** Who it is and whose is looked at right before; the signal reaches that process or none. */
function signalIfOf(uid: number, pid: number, name: NodeJS.Signals): void {
  const stat = statOf(pid);
  if (stat === undefined || ownerOf(pid) !== uid) return;
  try {
    signal(idOf(stat), name);
  } catch {
    // Not ours to signal, it is among those that are left; the others go all the same.
  }
}

/** Who responds, where and with what: what the journal says of each process that carries out, resumes or undoes a run. */
import { hostIdentity } from '../host/identity.ts';
import { whoDecides } from '../host/person.ts';
import { startedAt, statOf } from '../host/proc.ts';
import type { JsonObject } from '../model/journal.ts';
import { VERSION } from '../version.ts';

/**
 * `by` is who logged in, as the kernel knows it whatever su and sudo did after (`alice as root`), else the user of the process. `start_ticks`
 * (clock ticks since the boot) names the process on this boot, `start` (ISO 8601) in events.
 */
export function thisProcess(): JsonObject {
  const stat = statOf(process.pid);
  return { by: whoDecides(process.getuid?.() ?? 0), host: hostIdentity().name, version: VERSION, pid: process.pid, start_ticks: String(stat?.startTicks ?? ''), ...(stat === undefined ? {} : { start: startedAt(stat) }) };
}

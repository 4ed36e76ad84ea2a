/** The process that carries out or undoes a response, as the journal knows it again. */
import { startedAt, statOf } from '../host/proc.ts';
import type { JsonObject } from '../model/journal.ts';

/** `start_ticks` (clock ticks since the boot) names it on this boot, `start` (ISO 8601) in events. */
export function thisProcess(): JsonObject {
  const stat = statOf(process.pid);
  return { pid: process.pid, start_ticks: String(stat?.startTicks ?? ''), ...(stat === undefined ? {} : { start: startedAt(stat) }) };
}

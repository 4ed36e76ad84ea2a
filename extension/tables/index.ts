/** The only list of the tables that Tickward adds to osquery, and to its own engine. */
import type { GatheredTable, Table } from '../../src/model/table.ts';
import { createTimerEventsTable, type EventSource } from './systemd_timer_events.ts';
import { createTimersTable } from './systemd_timers.ts';

export type { EventSource };

export function timerTables(events: EventSource): (Table | GatheredTable)[] {
  return [createTimerEventsTable(events), createTimersTable(events)];
}

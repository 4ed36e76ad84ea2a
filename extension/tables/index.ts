/** The only list of the tables that Tickward adds to osquery, and to its own engine. */
import type { GatheredTable, Table } from '../../src/model/table.ts';
import { createTimerAlertsTable, type AlertSource } from './systemd_timer_alerts.ts';
import { createTimerEventsTable, type EventSource } from './systemd_timer_events.ts';
import { createTimersTable } from './systemd_timers.ts';

export type { AlertSource, EventSource };

export function timerTables(store: { events: EventSource; alerts: AlertSource }): (Table | GatheredTable)[] {
  return [createTimerEventsTable(store.events), createTimerAlertsTable(store.alerts), createTimersTable(store.events)];
}

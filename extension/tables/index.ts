/** The only list of the tables that Tickward adds to osquery, and to its own engine. */
import type { Table } from '../../src/model/table.ts';
import { createTimerAlertsTable, type AlertSource } from './systemd_timer_alerts.ts';
import { createTimerEventsTable, type EventSource } from './systemd_timer_events.ts';

export type { AlertSource, EventSource };

export function timerTables(store: { events: EventSource; alerts: AlertSource }): Table[] {
  return [createTimerEventsTable(store.events), createTimerAlertsTable(store.alerts)];
}

/** What the rules said of the events of `systemd_timer_events`. */
import type { Column, Row, Table } from '../../src/model/table.ts';
import { legiblePath, type Alert } from '../../src/model/event.ts';
import type { AlertFilter } from '../../src/store/alerts.ts';
import { filterOf } from './filter.ts';
import { SECOND } from './time.ts';

export interface AlertSource {
  list(filter: AlertFilter): Iterable<Alert>;
}

const COLUMNS: readonly Column[] = [
  { name: 'eid', type: 'TEXT', additional: true, optimized: true, description: 'Id of the event, as in systemd_timer_events: one row for each rule that matched it' },
  { name: 'time', type: 'BIGINT', additional: true, description: 'When the rule matched, Unix seconds' },
  { name: 'rule_id', type: 'TEXT', additional: true, optimized: true, description: 'Id of the rule' },
  { name: 'rule_name', type: 'TEXT', description: 'Name of the rule' },
  { name: 'severity', type: 'TEXT', description: 'low, medium, high or critical' },
  { name: 'risk_score', type: 'INTEGER', description: '0 to 100' },
  { name: 'path', type: 'TEXT', additional: true, optimized: true, description: 'Path of the file' },
  { name: 'username', type: 'TEXT', description: 'User that did it' },
  { name: 'executable', type: 'TEXT', description: 'Path of its program' },
  { name: 'cmdline', type: 'TEXT', description: 'Its arguments' },
  { name: 'mitre_technique', type: 'TEXT', description: 'Ids of MITRE ATT&CK techniques, separated by commas' },
  { name: 'suppressed_by', type: 'TEXT', description: 'Id of the exception that covers it; empty where none does' },
  { name: 'status', type: 'TEXT', additional: true, optimized: true, description: 'open, acknowledged or closed' },
];

/** Parts of the filter, and the column that each is about. */
const FILTERED = { events: 'eid', paths: 'path', rules: 'rule_id', statuses: 'status' } as const;

export function createTimerAlertsTable(alerts: AlertSource): Table {
  return {
    name: 'systemd_timer_alerts',
    description: 'Alerts: changes of systemd unit files that a rule matched.',
    columns: COLUMNS,
    *generate(context) {
      for (const alert of alerts.list(filterOf(context, FILTERED))) {
        context.checkpoint();
        yield rowOf(alert);
      }
    },
  };
}

function rowOf({ '@timestamp': time, rule, event, suppressed_by, status }: Alert): Row {
  const { process: by, user } = event;
  return {
    eid: event.event.id,
    time: Math.floor(Date.parse(time) / SECOND),
    rule_id: rule.id,
    rule_name: rule.name,
    severity: rule.severity,
    risk_score: rule.risk_score,
    path: legiblePath(event),
    username: by?.user?.name ?? user?.name,
    executable: by?.executable,
    cmdline: by?.command_line,
    mitre_technique: rule.threat.technique.join(','),
    // Not NULL: osquery makes every column part of a key, and SQLite then takes IS NULL for never true.
    suppressed_by: suppressed_by ?? '',
    status,
  };
}

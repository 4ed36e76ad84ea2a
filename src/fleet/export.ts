/** For those who run another fleet manager: queries and a script for FleetDM, rules with their guides for Elastic. Pure. */
import { TickwardError } from '../model/errors.ts';
import { shellWord } from '../model/text.ts';

/** FleetDM takes scripts of so many characters at most (its documentation, "Scripts"). */
export const MOST_SCRIPT = 10_000;

export interface FleetQuery {
  name: string;
  description: string;
  query: string;
  /** Seconds. */
  interval: number;
}

/** What FleetDM's `fleetctl apply` takes: one document a query. */
export function fleetdmDocuments(queries: readonly FleetQuery[]): object[] {
  return queries.map(({ name, description, query, interval }) => ({ apiVersion: 'v1', kind: 'query', spec: { name, description, query, interval, platform: 'linux', logging: 'snapshot', observer_can_run: true } }));
}

/** Of the tables of the extension: alerts, what happened, and every timer that no package brought. */
export const FLEET_QUERIES: readonly FleetQuery[] = [
  { name: 'Tickward: alerts', description: 'Unit files that a rule matched, with the process that made them.', query: "SELECT eid, time, rule_name, severity, path, username, executable, cmdline, mitre_technique FROM systemd_timer_alerts WHERE status = 'open' AND suppressed_by = '';", interval: 300 },
  { name: 'Tickward: events of unit files', description: 'Who made, changed, renamed or deleted which unit file in the last hour.', query: "SELECT eid, time, action, path, unit, username, executable, cmdline, attribution FROM systemd_timer_events WHERE time > (SELECT unix_time - 3600 FROM time);", interval: 3_600 },
  { name: 'Tickward: timers of no package', description: 'Timers that no package owns, with what they run.', query: "SELECT unit, scope, user, state, path, schedule, next_run, service, exec, run_as, created_by, package_known FROM systemd_timers WHERE package = '';", interval: 86_400 },
];

/** A script that takes one unit out on the host it runs on. Throws BAD_INPUT when it would be longer than FleetDM takes. */
export function removalScript(path: string, only: readonly string[]): string {
  const script = `#!/bin/sh
# Takes a unit out on this host and can be undone: tickward runs, tickward undo RUN.
tickward=/usr/bin/tickward
if [ ! -x "$tickward" ]; then
  echo 'tickward is not installed on this host' >&2
  exit 1
fi
exec "$tickward" respond --file ${shellWord(path)} --only ${shellWord(only.join(','))} --yes --no-input --json
`;
  if (script.length > MOST_SCRIPT) throw new TickwardError('BAD_INPUT', `the script would have ${script.length} characters, FleetDM takes ${MOST_SCRIPT}`, { hint: 'name a shorter path' });
  return script;
}

/** What Kibana imports: a rule a line, and its count at the end. */
export function elasticLines(rules: readonly object[]): string[] {
  const summary = { exported_count: rules.length, exported_rules_count: rules.length, missing_rules: [], missing_rules_count: 0, exported_exception_list_count: 0, exported_exception_list_item_count: 0, missing_exception_lists: [], missing_exception_lists_count: 0 };
  return [...rules, summary].map((each) => JSON.stringify(each));
}

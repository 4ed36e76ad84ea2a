/** An alert as Elastic's own alerts are read: an ECS 8 document that needs nothing of Kibana. */
import { legiblePath, type Alert, type FileEvent } from '../model/event.ts';

const ECS_VERSION = '8.17.0';

/**
 * All fields of the event (`file.*`, `process.*`, `user.*`, `host.*`, `container.*`, `tickward.*`) stand where the event has them; over them:
 * `@timestamp` when the rule matched · `event.kind` `alert` · `event.id` the alert's id · `event.created` when it happened ·
 * `event.severity` 21, 47, 73 or 99, as Elastic numbers low to critical · `event.risk_score` · `event.reason` and `message` in words ·
 * `rule.{id,uuid,name,version,ruleset}` · `threat.{framework,tactic.id,technique.id,technique.subtechnique.id}` · `related.{hosts,user,hash}` ·
 * `tickward.alert.{status,event_id}`. Source: https://www.elastic.co/docs/reference/ecs.
 */
export function alertDocument(alert: Alert): Record<string, unknown> {
  const { event, rule } = alert;
  const message = summaryOf(alert);
  return {
    ...event,
    '@timestamp': alert['@timestamp'],
    ecs: { version: ECS_VERSION },
    message,
    event: { ...event.event, id: alert.id, kind: 'alert', module: 'tickward', dataset: 'tickward.alert', created: event['@timestamp'], severity: SEVERITIES[rule.severity] ?? rule.risk_score, risk_score: rule.risk_score, reason: message },
    rule: { id: rule.id, uuid: rule.id, name: rule.name, version: String(rule.version), ruleset: 'tickward' },
    threat: threatOf(rule.threat),
    related: relatedOf(event),
    tickward: { ...event.tickward, alert: { status: alert.status, event_id: event.event.id } },
  };
}

const SEVERITIES: Record<string, number> = { low: 21, medium: 47, high: 73, critical: 99 };

/** `T1053.006` is a subtechnique of T1053. */
function threatOf({ tactic, technique }: Alert['rule']['threat']): object {
  const subtechniques = technique.filter((id) => id.includes('.'));
  return {
    framework: 'MITRE ATT&CK',
    ...(tactic === '' ? {} : { tactic: { id: [tactic] } }),
    ...(technique.length === 0 ? {} : { technique: { id: [...new Set(technique.map((id) => id.replace(/\..*/, '')))], ...(subtechniques.length === 0 ? {} : { subtechnique: { id: subtechniques } }) } }),
  };
}

function relatedOf({ host, user, file, process: by }: FileEvent): object {
  const users = [...new Set([user?.name, by?.user?.name, file.owner].filter((name) => name !== undefined))];
  return { hosts: [host.name], ...(users.length === 0 ? {} : { user: users }), ...(file.hash === undefined ? {} : { hash: [file.hash.sha256] }) };
}

/** One sentence; what it quotes is as it was: escape it where a terminal or a log reads it. The host is named where it is not the one that tells. */
export function summaryOf({ rule, event }: Alert): string {
  const by = event.process;
  const where = event.tickward.source === 'import' ? ` on ${event.host.name}` : '';
  return `${rule.name}: ${event.event.action} of ${legiblePath(event)}${where} by ${by?.executable ?? 'an unknown program'}${by === undefined ? '' : ` (pid ${by.pid})`}, user ${event.user?.name ?? event.user?.id ?? 'unknown'}${by?.command_line === undefined ? '' : `: ${by.command_line}`}`;
}

/** `tickward fleet export`: the installed rules and the tables' questions in the words of other managers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { elasticLines, fleetdmDocuments, FLEET_QUERIES, removalScript } from '../fleet/export.ts';
import { TickwardError } from '../model/errors.ts';
import { playbookNames, PLAYBOOKS } from '../playbooks/files.ts';
import { readRule } from '../playbooks/rules.ts';
import type { Rule } from '../rule/load.ts';
import { stepsOf } from './only.ts';

/** For whom. */
export type ExportKind = 'fleetdm' | 'fleetdm-script' | 'elastic';

export function exportFor(kind: ExportKind, options: { file?: string; only: string }): string {
  switch (kind) {
    case 'fleetdm':
      return fleetdmDocuments(FLEET_QUERIES).map((document) => `---\n${stringify(document)}`).join('');
    case 'fleetdm-script':
      if (options.file === undefined) throw new TickwardError('USAGE', 'which unit should the script take out?', { hint: '--file /etc/systemd/system/evil.timer' });
      return removalScript(options.file, stepsOf(options.only));
    case 'elastic':
      return `${elasticLines(playbookNames().map((name) => elasticRule(readRule(join(PLAYBOOKS, name, 'rule.toml')), guideOf(name)))).join('\n')}\n`;
  }
}

function guideOf(name: string): string {
  return readFileSync(join(PLAYBOOKS, name, 'guide.md'), 'utf8');
}

const MINUTE_MS = 60_000;

/** As Kibana's import takes a rule of detection; disabled until somebody has looked at it. */
function elasticRule(rule: Rule, note: string): object {
  return {
    rule_id: rule.id,
    name: rule.name,
    description: rule.description,
    type: rule.type,
    language: rule.language,
    query: rule.query,
    index: rule.index,
    version: rule.version,
    severity: rule.severity,
    risk_score: rule.risk_score,
    interval: `${rule.interval_ms / MINUTE_MS}m`,
    from: `now-${rule.look_back_ms / MINUTE_MS}m`,
    to: 'now',
    max_signals: rule.max_signals,
    enabled: false,
    immutable: false,
    author: rule.author,
    license: rule.license,
    references: rule.references,
    false_positives: rule.false_positives,
    tags: rule.tags,
    threat: rule.threat.map(({ tactic, techniques }) => ({ framework: 'MITRE ATT&CK', tactic, technique: techniques.map(({ subtechniques, ...technique }) => ({ ...technique, subtechnique: subtechniques })) })),
    note,
    ...(rule.setup === undefined ? {} : { setup: rule.setup }),
    exceptions_list: [],
  };
}

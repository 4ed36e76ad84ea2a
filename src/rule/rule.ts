/** What a rule is once it is loaded. Apart from loading: who only judges needs neither the parsers nor the schema, which take 14 MB. */
import type { Alert } from '../model/event.ts';
import type { Query } from './ast.ts';
import type { Predicate } from './field.ts';

interface Named {
  id: string;
  name: string;
  /** Empty where the file gives none. */
  reference: string;
}

export interface Threat {
  tactic: Named;
  techniques: (Named & { subtechniques: Named[] })[];
}

export interface Rule {
  id: string;
  name: string;
  description: string;
  version: number;
  type: string;
  language?: string;
  query?: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  risk_score: number;
  /** How often Elastic runs it; here it runs on every event and this bounds `max_signals`. */
  interval_ms: number;
  look_back_ms: number;
  /** Alerts an interval at most. */
  max_signals: number;
  threat: Threat[];
  references: string[];
  false_positives: string[];
  tags: string[];
  index: string[];
  author: string[];
  license: string;
  note?: string;
  setup?: string;
  /** `$osquery_0`, `$osquery_1`, … of the note. */
  osquery: { label: string; query: string }[];
  /** `$investigate_0`, … of the note, as they stand in the file. */
  investigate: Record<string, unknown>[];
  /** Elastic's exceptions_list as it stands in the file: references to lists, whose items an export carries. */
  exceptions: Record<string, unknown>[];
  /** [metadata] of a TOML file. */
  metadata: Record<string, unknown>;
  /** All other keys of [rule] with their values. */
  rest: Record<string, unknown>;
  /** Keys that this version does not know and does not use: `rule.x` reads x, others their whole name. */
  unknown: string[];
  /** `tree` is its query; what `matches` leaves out beyond that are exceptions of an export. */
  run: { runs: true; tree: Query; matches: Predicate } | { runs: false; reason: string };
}

/** What an alert carries of its rule: the narrowest technique ids. */
export function alertRule(rule: Rule): Alert['rule'] {
  return {
    id: rule.id,
    name: rule.name,
    version: rule.version,
    severity: rule.severity,
    risk_score: rule.risk_score,
    threat: { tactic: rule.threat[0]?.tactic.id ?? '', technique: techniqueIds(rule) },
  };
}

/** MITRE ATT&CK ids, of the subtechniques where there are any; one that stands under several tactics once. */
export function techniqueIds({ threat }: Rule): string[] {
  const ids = threat.flatMap(({ techniques }) => techniques).flatMap(({ id, subtechniques }) => (subtechniques.length === 0 ? [id] : subtechniques.map((each) => each.id)));
  return [...new Set(ids)];
}

/**
 * The form of a rule: [rule] of Elastic's detection-rules, which is also what Kibana exports of one.
 * Keys of every rule type; what they mean for a run here is said by load.ts.
 */
import { z } from 'zod';

const NAMED = z.looseObject({ id: z.string(), name: z.string(), reference: z.string().optional() });
const TECHNIQUE = NAMED.extend({ subtechnique: z.array(NAMED).optional() });
const THREAT = z.looseObject({ framework: z.string().optional(), tactic: NAMED, technique: z.array(TECHNIQUE).optional() });

/** A reference to a list of exceptions; the list stands elsewhere. */
const EXCEPTION_LIST = z.looseObject({ id: z.string().optional(), list_id: z.string().optional(), type: z.string().optional(), namespace_type: z.string().optional() });

export const RULE = z.looseObject({
  rule_id: z.string().min(1),
  name: z.string(),
  description: z.string(),
  type: z.string(),
  language: z.string().optional(),
  query: z.string().optional(),
  version: z.number().optional(),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  risk_score: z.number().min(0).max(100),
  interval: z.string().optional(),
  from: z.string().optional(),
  max_signals: z.number().int().positive().optional(),
  threat: z.array(THREAT).optional(),
  references: z.array(z.string()).optional(),
  false_positives: z.array(z.string()).optional(),
  tags: z.array(z.string()).optional(),
  index: z.array(z.string()).optional(),
  author: z.array(z.string()).optional(),
  license: z.string().optional(),
  note: z.string().optional(),
  setup: z.string().optional(),
  exceptions_list: z.array(EXCEPTION_LIST).optional(),
});

export const FILE = z.looseObject({
  metadata: z.looseObject({}).optional(),
  rule: RULE,
  transform: z
    .looseObject({
      osquery: z.array(z.looseObject({ label: z.string(), query: z.string() })).optional(),
      investigate: z.array(z.looseObject({ label: z.string().optional() })).optional(),
    })
    .optional(),
});

export type RuleTable = z.infer<typeof RULE>;
export type ThreatTable = z.infer<typeof THREAT>;

/** Keys that Elastic's rules have beside those above: kept, and without meaning for judging events one by one. */
const KNOWN = new Set(
  [
    // all types
    'actions alias_purpose alias_target_id alert_suppression building_block_type data_view_id enabled filters investigation_fields meta namespace outcome output_index related_integrations required_fields response_actions risk_score_mapping rule_name_override severity_mapping throttle timeline_id timeline_title timestamp_override timestamp_override_fallback_disabled to',
    // eql; query
    'event_category_override tiebreaker_field timestamp_field saved_id',
    // new_terms; threshold; machine_learning
    'new_terms new_terms_fields history_window_start threshold anomaly_threshold machine_learning_job_id',
    // threat_match
    'concurrent_searches items_per_search threat_filters threat_index threat_indicator_path threat_language threat_mapping threat_query',
    // what an export adds
    'created_at created_by execution_summary id immutable revision rule_source updated_at updated_by',
  ].flatMap((keys) => keys.split(' ')),
);

/** Keys of a table that are none of the shape's. */
export function strangers(table: object, shape: object): string[] {
  return Object.keys(table).filter((key) => !Object.hasOwn(shape, key));
}

export function isKnownRuleKey(key: string): boolean {
  return KNOWN.has(key);
}

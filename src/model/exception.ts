/** Exceptions: whose events a rule leaves out, because a person looked at them and said why. */

export type Scalar = string | number | boolean;

/** `exact` compares, `list` compares with each, `wildcard` takes * and ? as EQL's `like` does; with `ignore_case` ASCII letters of both cases are the same. */
export interface FieldTest {
  /** ECS name, dotted: `process.command_line`. An array stands for all its elements. */
  field: string;
  operator: 'exact' | 'list' | 'wildcard';
  /** One for `exact`; any of them for the others. */
  values: Scalar[];
  ignore_case?: true;
}

export interface AlertException {
  id: string;
  /** The rule that it is for; null: every rule. */
  rule: { id: string; name: string } | null;
  /** All have to hold. */
  tests: FieldTest[];
  reason: string;
  author: string;
  /** ISO 8601. */
  created: string;
  /** ISO 8601; null: until someone removes it. */
  expires: string | null;
  /** The alert that it was made from. */
  alert: string;
  removed?: { time: string; by: string };
}

/** Whether it covers what happens at `now`, in ms since the epoch. */
export function isActive(exception: AlertException, now: number): boolean {
  return exception.removed === undefined && (exception.expires === null || Date.parse(exception.expires) > now);
}

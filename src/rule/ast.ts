/** The tree of an EQL query over single events. Offsets count UTF-16 units from 0 and serve error messages and lint. */

export interface Query {
  /** `any`, or what `event.category` has to contain. */
  category: string;
  condition: Condition;
}

export type Literal = string | number | boolean | null;

export interface Field {
  name: string;
  /** `?field`: may be unknown to the index; here every field may be missing, so it reads the same. */
  optional: boolean;
}

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** `:` is kept apart from `like~`: it also compares numbers and booleans. */
export type PatternOperator = ':' | 'like' | 'like~' | 'regex' | 'regex~';

export type Operand =
  | { kind: 'field'; field: Field; offset: number }
  | { kind: 'literal'; value: Literal; offset: number }
  | { kind: 'call'; name: string; caseInsensitive: boolean; arguments: Operand[]; offset: number };

export type Condition =
  | { kind: 'and' | 'or'; operands: Condition[] }
  | { kind: 'not'; operand: Condition }
  | { kind: 'constant'; value: boolean }
  | { kind: 'truth'; operand: Operand }
  | { kind: 'comparison'; operator: ComparisonOperator; left: Operand; right: Operand; offset: number }
  | { kind: 'pattern'; operator: PatternOperator; left: Operand; patterns: Literal[]; offset: number }
  | { kind: 'membership'; caseInsensitive: boolean; left: Operand; values: Literal[]; offset: number };

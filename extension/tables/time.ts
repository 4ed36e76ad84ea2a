/** The column `time` of our tables as the store knows it. */
import { Operator, type QueryContext } from '../../src/model/table.ts';

/** Milliseconds in the seconds of the column. */
export const SECOND = 1_000;

/** What SQLite takes for a number. Any other text comes after all numbers there, while JavaScript makes 0 of '' and 16 of '0x10'. */
const NUMBER = /^[ \t\n\v\f\r]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?[ \t\n\v\f\r]*$/i;

/** Milliseconds since the epoch, both inclusive. */
export interface Span {
  since?: number;
  until?: number;
}

/** What the constraints on `time` leave. The engine filters again, so this may be wider than asked, never narrower. */
export function spanOf(context: QueryContext): Span {
  const span: Span = {};
  for (const { op, value } of context.constraints('time')) {
    if (!NUMBER.test(value)) continue;
    const first = Math.floor(Number(value)) * SECOND;
    if (!Number.isFinite(first)) continue;
    const last = first + SECOND - 1;
    if (op === Operator.EQUALS || op === Operator.GREATER_THAN || op === Operator.GREATER_THAN_OR_EQUALS) span.since = Math.max(span.since ?? first, first);
    if (op === Operator.EQUALS || op === Operator.LESS_THAN || op === Operator.LESS_THAN_OR_EQUALS) span.until = Math.min(span.until ?? last, last);
  }
  return span;
}

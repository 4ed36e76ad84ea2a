/** A query's context made by hand, for tables that are asked without an engine. */
import { Operator, type Constraint, type QueryContext } from '../../src/model/table.ts';

export function context(wanted: Record<string, string[]> = {}, warnings: string[] = []): QueryContext {
  const constraints = new Map(Object.entries(wanted).map(([column, values]) => [column, values.map((value): Constraint => ({ op: Operator.EQUALS, value }))]));
  return { constraints: (column) => constraints.get(column) ?? [], uses: () => true, checkpoint: () => undefined, msLeft: () => 30_000, warn: (message) => void warnings.push(message) };
}

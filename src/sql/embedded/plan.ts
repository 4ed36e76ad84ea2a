/** What SQLite may leave to a table of a query's WHERE, by osquery's rules (xBestIndex of https://www.sqlite.org/vtab.html). */
import { Operator, type Column, type Constraint, type QueryContext } from '../../model/table.ts';
import type { Memory, Pointer } from './memory.ts';

/** Offsets in struct sqlite3_index_info and its parts, for 32-bit pointers (sqlite3.h). */
const INFO = { nConstraint: 0, aConstraint: 4, aConstraintUsage: 16, idxNum: 20, estimatedCost: 40, estimatedRows: 48, colUsed: 64 } as const;
const CONSTRAINT_SIZE = 12;
const USAGE_SIZE = 8;
/** The last bit of colUsed stands for every column from the 64th on. */
const LAST_COLUMN_BIT = 63;

const OPERATORS: ReadonlySet<number> = new Set(Object.values(Operator));
const RANGES: ReadonlySet<number> = new Set([Operator.GREATER_THAN, Operator.LESS_THAN, Operator.LESS_THAN_OR_EQUALS, Operator.GREATER_THAN_OR_EQUALS]);

export interface Plan {
  constraints: { column: string; op: Operator; isIn: boolean }[];
  columnsUsed: bigint;
}

/** Says to SQLite which constraints the table takes; undefined where none of a column that it requires is among them. */
export function planOf(columns: readonly Column[], memory: Memory, info: Pointer): Plan | undefined {
  const view = memory.view();
  const count = view.getInt32(info + INFO.nConstraint, true);
  const plan: Plan = { constraints: [], columnsUsed: view.getBigUint64(info + INFO.colUsed, true) };
  let hasRequired = !columns.some((column) => column.required);
  for (let index = 0; index < count; index += 1) {
    const taken = constraintAt(columns, memory, info, index);
    if (taken === undefined) continue;
    const isIn = taken.column.optimized === true && taken.op === Operator.EQUALS && memory.exports.sqlite3_vtab_in(info, index, 1) !== 0;
    plan.constraints.push({ column: taken.column.name, op: taken.op, isIn });
    hasRequired ||= taken.column.required === true;
    const now = memory.view();
    now.setInt32(now.getInt32(info + INFO.aConstraintUsage, true) + index * USAGE_SIZE, plan.constraints.length, true);
  }
  return hasRequired ? plan : undefined;
}

/** Only columns marked required, index or additional take constraints; text takes no order: as osquery does it. */
function constraintAt(columns: readonly Column[], memory: Memory, info: Pointer, index: number): { column: Column; op: Operator } | undefined {
  const view = memory.view();
  const at = view.getInt32(info + INFO.aConstraint, true) + index * CONSTRAINT_SIZE;
  const column = columns[view.getInt32(at, true)];
  const op = view.getUint8(at + 4);
  const usable = view.getUint8(at + 5) !== 0;
  if (!usable || column === undefined || !OPERATORS.has(op)) return undefined;
  if (!column.required && !column.index && !column.additional) return undefined;
  if (column.type === 'TEXT' && RANGES.has(op)) return undefined;
  // Where others are equal too, what the table finds would be too little. One that has to be told a value is told.
  if (!column.required && memory.cString(memory.exports.sqlite3_vtab_collation(info, index)).toLowerCase() !== (column.collate ?? 'binary')) return undefined;
  return { column, op: op as Operator };
}

/** The number under which the plan comes back, and what it costs. */
export function announce(memory: Memory, info: Pointer, number: number, { constraints }: Plan): void {
  const indexed = constraints.length > 0;
  const view = memory.view();
  view.setInt32(info + INFO.idxNum, number, true);
  view.setFloat64(info + INFO.estimatedCost, indexed ? 1 : 1e6, true);
  view.setBigInt64(info + INFO.estimatedRows, indexed ? 10n : 1000n, true);
}

/** The values that the constraints of a plan have now; undefined where one is NULL, which nothing equals. */
export function constraintsOf(plan: Plan, memory: Memory, count: number, values: Pointer): Map<string, Constraint[]> | undefined {
  const constraints = new Map<string, Constraint[]>();
  for (const [index, { column, op, isIn }] of plan.constraints.slice(0, count).entries()) {
    const value = memory.view().getInt32(values + 4 * index, true);
    const texts = (isIn ? memory.inValues(value) : [memory.valueText(value)]).filter((text) => text !== undefined);
    if (texts.length === 0) return undefined;
    constraints.set(column, [...(constraints.get(column) ?? []), ...texts.map((text) => ({ op, value: text }))]);
  }
  return constraints;
}

/** The two things that a table asks of its query's plan. */
export function asked(columns: readonly Column[], plan: Plan, constraints: ReadonlyMap<string, Constraint[]>): Pick<QueryContext, 'constraints' | 'uses'> {
  const positions = new Map(columns.map((column, index) => [column.name, index] as const));
  return {
    constraints: (column) => constraints.get(column) ?? [],
    uses: (column) => ((plan.columnsUsed >> BigInt(Math.min(positions.get(column) ?? 0, LAST_COLUMN_BIT))) & 1n) === 1n,
  };
}

/** A table of ours as a virtual table of SQLite (https://www.sqlite.org/vtab.html), with osquery's rules for constraints. */
import { messageOf } from '../../model/errors.ts';
import { Operator, type Column, type Constraint, type QueryContext, type Row, type Table } from '../../model/table.ts';
import type { Memory, Pointer, Sqlite3 } from './memory.ts';

// Result codes of https://www.sqlite.org/rescode.html
const OK = 0;
const ERROR = 1;
const INTERRUPT = 9;
const CONSTRAINT = 19;

/** Offsets in struct sqlite3_index_info and its parts, for 32-bit pointers (sqlite3.h). */
const INFO = { nConstraint: 0, aConstraint: 4, aConstraintUsage: 16, idxNum: 20, estimatedCost: 40, estimatedRows: 48, colUsed: 64 } as const;
const CONSTRAINT_SIZE = 12;
const USAGE_SIZE = 8;
/** zErrMsg in struct sqlite3_vtab. */
const VTAB_ERROR = 8;
const VTAB_SIZE = 16;
const CURSOR_SIZE = 8;
/** The last bit of colUsed stands for every column from the 64th on. */
const LAST_COLUMN_BIT = 63;

const OPERATORS: ReadonlySet<number> = new Set(Object.values(Operator));
const RANGES: ReadonlySet<number> = new Set([Operator.GREATER_THAN, Operator.LESS_THAN, Operator.LESS_THAN_OR_EQUALS, Operator.GREATER_THAN_OR_EQUALS]);

/** Thrown by `checkpoint` when the deadline has passed. */
export class DeadlinePassed extends Error {}

/** What the query that runs now has to do with the tables. */
export interface Running {
  checkpoint(): void;
  warn(message: string): void;
  /** Tables that were asked without a column they require. */
  refused: Set<string>;
}

interface Plan {
  constraints: { column: string; op: Operator; isIn: boolean }[];
  columnsUsed: bigint;
}

interface Cursor {
  rows: Iterator<Row>;
  row: Row | undefined;
  position: bigint;
}

export function requiredMessage(table: string): string {
  return `Table ${table} was queried without a required column in the WHERE clause`;
}

export function createModule(sqlite3: Sqlite3, memory: Memory, database: Pointer, table: Table, running: () => Running): void {
  new VirtualTable(sqlite3, memory, database, table, running).register();
}

class VirtualTable {
  private readonly sqlite3: Sqlite3;
  private readonly memory: Memory;
  private readonly database: Pointer;
  private readonly table: Table;
  private readonly running: () => Running;
  private readonly plans: Plan[] = [];
  private readonly cursors = new Map<Pointer, Cursor>();

  constructor(sqlite3: Sqlite3, memory: Memory, database: Pointer, table: Table, running: () => Running) {
    this.sqlite3 = sqlite3;
    this.memory = memory;
    this.database = database;
    this.table = table;
    this.running = running;
  }

  register(): void {
    const { capi, wasm } = this.sqlite3;
    const install = (signature: string, callback: (...given: number[]) => number): number => wasm.installFunction(signature, callback as never) as unknown as number;
    const connect = install('ippippp', (_db, _aux, _argc, _argv, vtab) => this.connect(vtab ?? 0));
    const disconnect = install('ip', (vtab) => this.free(vtab ?? 0));
    const module = new capi.sqlite3_module() as unknown as Record<string, number>;
    Object.assign(module, {
      $iVersion: 1,
      $xCreate: connect,
      $xConnect: connect,
      $xDisconnect: disconnect,
      $xDestroy: disconnect,
      $xBestIndex: install('ipp', (vtab, info) => this.guarded(vtab ?? 0, () => this.bestIndex(vtab ?? 0, info ?? 0))),
      $xOpen: install('ipp', (vtab, out) => this.open(vtab ?? 0, out ?? 0)),
      $xClose: install('ip', (cursor) => this.close(cursor ?? 0)),
      $xFilter: install('ipipip', (cursor, plan, _text, count, values) => this.guarded(this.vtabOf(cursor ?? 0), () => this.filter(cursor ?? 0, plan ?? 0, count ?? 0, values ?? 0))),
      $xNext: install('ip', (cursor) => this.guarded(this.vtabOf(cursor ?? 0), () => this.next(cursor ?? 0))),
      $xEof: install('ip', (cursor) => (this.cursors.get(cursor ?? 0)?.row === undefined ? 1 : 0)),
      $xColumn: install('ippi', (cursor, context, index) => this.column(cursor ?? 0, context ?? 0, index ?? 0)),
      $xRowid: install('ipp', (cursor, out) => this.rowid(cursor ?? 0, out ?? 0)),
    });
    const code = capi.sqlite3_create_module(this.database, this.table.name, module as never, 0) as unknown as number;
    if (code !== OK) throw new Error(`sqlite3_create_module(${this.table.name}): ${code}`);
  }

  private connect(out: Pointer): number {
    const columns = this.table.columns.map((column) => `"${column.name}" ${column.type}${column.hidden ? ' HIDDEN' : ''}${column.collate === undefined ? '' : ` COLLATE ${column.collate}`}`);
    const code = this.sqlite3.capi.sqlite3_declare_vtab(this.database, `CREATE TABLE x(${columns.join(', ')}${this.primaryKey()}`) as unknown as number;
    if (code !== OK) return code;
    const vtab = this.memory.exports.sqlite3_malloc(VTAB_SIZE);
    this.memory.bytes(vtab, VTAB_SIZE).fill(0);
    this.memory.view().setInt32(out, vtab, true);
    return OK;
  }

  /** SQLite joins the branches of an OR by this key: row numbers of two scans would take different rows for the same. */
  private primaryKey(): string {
    const { columns } = this.table;
    const constrained = columns.filter((column) => column.required || column.index || column.additional);
    if (constrained.length === 0) return ')';
    const key = constrained.some((column) => column.required || column.index) ? constrained : columns;
    return `, PRIMARY KEY (${key.map((column) => `"${column.name}"`).join(', ')})) WITHOUT ROWID`;
  }

  private free(pointer: Pointer): number {
    this.memory.exports.sqlite3_free(pointer);
    return OK;
  }

  /** Only columns marked required, index or additional take constraints; text takes no order: as osquery does it. */
  private bestIndex(vtab: Pointer, info: Pointer): number {
    const view = this.memory.view();
    const count = view.getInt32(info + INFO.nConstraint, true);
    const plan: Plan = { constraints: [], columnsUsed: view.getBigUint64(info + INFO.colUsed, true) };
    let hasRequired = !this.table.columns.some((column) => column.required);
    let indexed = false;
    for (let index = 0; index < count; index += 1) {
      const taken = this.constraintAt(info, index);
      if (taken === undefined) continue;
      const isIn = taken.column.optimized === true && taken.op === Operator.EQUALS && this.memory.exports.sqlite3_vtab_in(info, index, 1) !== 0;
      plan.constraints.push({ column: taken.column.name, op: taken.op, isIn });
      hasRequired ||= taken.column.required === true;
      indexed = true;
      const now = this.memory.view();
      now.setInt32(now.getInt32(info + INFO.aConstraintUsage, true) + index * USAGE_SIZE, plan.constraints.length, true);
    }
    if (!hasRequired) {
      this.running().refused.add(this.table.name);
      this.fail(vtab, requiredMessage(this.table.name));
      return CONSTRAINT;
    }
    this.plans.push(plan);
    const now = this.memory.view();
    now.setInt32(info + INFO.idxNum, this.plans.length - 1, true);
    now.setFloat64(info + INFO.estimatedCost, indexed ? 1 : 1e6, true);
    now.setBigInt64(info + INFO.estimatedRows, indexed ? 10n : 1000n, true);
    return OK;
  }

  private constraintAt(info: Pointer, index: number): { column: Column; op: Operator } | undefined {
    const view = this.memory.view();
    const at = view.getInt32(info + INFO.aConstraint, true) + index * CONSTRAINT_SIZE;
    const column = this.table.columns[view.getInt32(at, true)];
    const op = view.getUint8(at + 4);
    const usable = view.getUint8(at + 5) !== 0;
    if (!usable || column === undefined || !OPERATORS.has(op)) return undefined;
    if (!column.required && !column.index && !column.additional) return undefined;
    if (column.type === 'TEXT' && RANGES.has(op)) return undefined;
    return { column, op: op as Operator };
  }

  private open(vtab: Pointer, out: Pointer): number {
    const cursor = this.memory.exports.sqlite3_malloc(CURSOR_SIZE);
    this.memory.view().setInt32(cursor, vtab, true);
    this.memory.view().setInt32(out, cursor, true);
    this.cursors.set(cursor, { rows: [].values(), row: undefined, position: 0n });
    return OK;
  }

  private close(pointer: Pointer): number {
    this.cursors.get(pointer)?.rows.return?.();
    this.cursors.delete(pointer);
    return this.free(pointer);
  }

  private filter(pointer: Pointer, planNumber: number, count: number, values: Pointer): number {
    const plan = this.plans[planNumber];
    const cursor = this.cursors.get(pointer);
    if (plan === undefined || cursor === undefined) return ERROR;
    const constraints = new Map<string, Constraint[]>();
    for (let index = 0; index < count; index += 1) {
      const constraint = plan.constraints[index];
      if (constraint === undefined) continue;
      const value = this.memory.view().getInt32(values + 4 * index, true);
      const texts = constraint.isIn ? this.inValues(value) : [this.memory.valueText(value)];
      const list = constraints.get(constraint.column) ?? [];
      for (const text of texts) if (text !== undefined) list.push({ op: constraint.op, value: text });
      // `= NULL` matches nothing.
      if (texts.every((text) => text === undefined)) return this.empty(cursor);
      constraints.set(constraint.column, list);
    }
    cursor.rows.return?.();
    cursor.rows = this.table.generate(this.context(plan, constraints))[Symbol.iterator]();
    cursor.position = 0n;
    return this.advance(cursor);
  }

  private empty(cursor: Cursor): number {
    cursor.row = undefined;
    return OK;
  }

  private inValues(list: Pointer): (string | undefined)[] {
    const out = this.memory.exports.malloc(8);
    const texts: (string | undefined)[] = [];
    try {
      for (let code = this.memory.exports.sqlite3_vtab_in_first(list, out); code === OK; code = this.memory.exports.sqlite3_vtab_in_next(list, out)) texts.push(this.memory.valueText(this.memory.view().getInt32(out, true)));
    } finally {
      this.memory.exports.free(out);
    }
    return texts;
  }

  private context(plan: Plan, constraints: ReadonlyMap<string, Constraint[]>): QueryContext {
    const { checkpoint, warn } = this.running();
    const positions = new Map(this.table.columns.map((column, index) => [column.name, index] as const));
    return {
      constraints: (column) => constraints.get(column) ?? [],
      uses: (column) => ((plan.columnsUsed >> BigInt(Math.min(positions.get(column) ?? 0, LAST_COLUMN_BIT))) & 1n) === 1n,
      checkpoint,
      warn: (message) => warn(`${this.table.name}: ${message}`),
    };
  }

  private next(pointer: Pointer): number {
    const cursor = this.cursors.get(pointer);
    return cursor === undefined ? ERROR : this.advance(cursor);
  }

  private advance(cursor: Cursor): number {
    const { done, value } = cursor.rows.next();
    cursor.row = done === true ? undefined : value;
    cursor.position += 1n;
    return OK;
  }

  private column(pointer: Pointer, context: Pointer, index: number): number {
    const column = this.table.columns[index];
    const value = column === undefined ? undefined : this.cursors.get(pointer)?.row?.[column.name];
    const { exports } = this.memory;
    if (column === undefined || value === undefined || value === null) exports.sqlite3_result_null(context);
    else if (column.type === 'TEXT' || column.type === 'BLOB') this.memory.resultText(context, String(value));
    else if (column.type === 'DOUBLE') {
      if (value === '' || Number.isNaN(Number(value))) exports.sqlite3_result_null(context);
      else exports.sqlite3_result_double(context, Number(value));
    } else {
      const integer = integerOf(value);
      if (integer === undefined) exports.sqlite3_result_null(context);
      else exports.sqlite3_result_int64(context, integer);
    }
    return OK;
  }

  private rowid(pointer: Pointer, out: Pointer): number {
    this.memory.view().setBigInt64(out, this.cursors.get(pointer)?.position ?? 0n, true);
    return OK;
  }

  private vtabOf(cursor: Pointer): Pointer {
    return this.memory.view().getInt32(cursor, true);
  }

  /** An exception must not cross SQLite's frames: it becomes the table's error message. */
  private guarded(vtab: Pointer, work: () => number): number {
    try {
      return work();
    } catch (error) {
      if (error instanceof DeadlinePassed) return INTERRUPT;
      this.fail(vtab, messageOf(error));
      return ERROR;
    }
  }

  private fail(vtab: Pointer, message: string): void {
    const { exports } = this.memory;
    const old = this.memory.view().getInt32(vtab + VTAB_ERROR, true);
    if (old !== 0) exports.sqlite3_free(old);
    const text = this.memory.allocate(message, exports.sqlite3_malloc);
    this.memory.view().setInt32(vtab + VTAB_ERROR, text, true);
  }
}

const LEAST = -(2n ** 63n);
const MOST = 2n ** 64n - 1n;

/** An integer for SQLite; text that is none, and what does not fit, is NULL. Unsigned values wrap, as osquery's do. */
function integerOf(value: string | number | bigint): bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
  if (typeof value === 'string' && !/^\s*[-+]?\d+\s*$/.test(value)) return undefined;
  const integer = BigInt(value);
  return integer < LEAST || integer > MOST ? undefined : BigInt.asIntN(64, integer);
}

/** Tables of ours as virtual tables of SQLite (https://www.sqlite.org/vtab.html), with osquery's rules for constraints. */
import { advisedMessageOf } from '../../model/errors.ts';
import type { Column, GatheredTable, Row, Table } from '../../model/table.ts';
import { integerOf } from './integer.ts';
import type { Memory, Pointer, Sqlite3 } from './memory.ts';
import { announce, asked, constraintsOf, planOf, type Plan } from './plan.ts';

// Result codes of https://www.sqlite.org/rescode.html
const OK = 0;
const ERROR = 1;
const NO_MEMORY = 7;
const INTERRUPT = 9;
const CONSTRAINT = 19;

/** zErrMsg in struct sqlite3_vtab. */
const VTAB_ERROR = 8;
const VTAB_SIZE = 16;
const CURSOR_SIZE = 8;
/** Thrown by `checkpoint` when the deadline has passed. */
export class DeadlinePassed extends Error {}

/** What the query that runs now has to do with the tables. */
export interface Running {
  checkpoint(): void;
  msLeft(): number;
  warn(message: string): void;
  /** Tables that were asked without a column they require. */
  refused: Set<string>;
  /** The rows of tables that had to be waited for, by name. */
  gathered: ReadonlyMap<string, Table>;
}

interface Cursor {
  table: Table | GatheredTable;
  rows: Iterator<Row>;
  row: Row | undefined;
  position: bigint;
}

export function requiredMessage(table: string): string {
  return `Table ${table} was queried without a required column in the WHERE clause`;
}

/** One set of callbacks serves all tables: to install one for each table would take 20 ms of every start. No table is made in the schema; SQLite connects one when a query first names it. */
export class VirtualTables {
  private readonly sqlite3: Sqlite3;
  private readonly memory: Memory;
  private readonly database: Pointer;
  private readonly running: () => Running;
  private readonly byNumber: (Table | GatheredTable)[] = [];
  private readonly byVtab = new Map<Pointer, Table | GatheredTable>();
  private readonly cursors = new Map<Pointer, Cursor>();
  private plans: Plan[] = [];
  private readonly module: unknown;

  constructor(sqlite3: Sqlite3, memory: Memory, database: Pointer, running: () => Running) {
    this.sqlite3 = sqlite3;
    this.memory = memory;
    this.database = database;
    this.running = running;
    this.module = this.install();
  }

  add(table: Table | GatheredTable): void {
    const code = this.sqlite3.capi.sqlite3_create_module(this.database, table.name, this.module as never, this.byNumber.length) as unknown as number;
    if (code !== OK) throw new Error(`sqlite3_create_module(${table.name}): ${code}`);
    this.byNumber.push(table);
  }

  /** When no statement is prepared any more. */
  forgetPlans(): void {
    this.plans = [];
  }

  private install(): unknown {
    const { capi, wasm } = this.sqlite3;
    const install = (signature: string, callback: (...given: number[]) => number): number => wasm.installFunction(signature, callback as never) as unknown as number;
    const module = new capi.sqlite3_module() as unknown as Record<string, number>;
    // Without xCreate a table is there by its name alone (https://www.sqlite.org/vtab.html#eponymous_virtual_tables).
    return Object.assign(module, {
      $iVersion: 1,
      $xConnect: install('ippippp', (_db, number, _argc, _argv, out) => this.connect(number ?? 0, out ?? 0)),
      $xDisconnect: install('ip', (vtab) => this.disconnect(vtab ?? 0)),
      $xBestIndex: install('ipp', (vtab, info) => this.guarded(vtab ?? 0, () => this.bestIndex(vtab ?? 0, info ?? 0))),
      $xOpen: install('ipp', (vtab, out) => this.open(vtab ?? 0, out ?? 0)),
      $xClose: install('ip', (cursor) => this.close(cursor ?? 0)),
      $xFilter: install('ipipip', (cursor, plan, _text, count, values) => this.guarded(this.vtabOf(cursor ?? 0), () => this.filter(cursor ?? 0, plan ?? 0, count ?? 0, values ?? 0))),
      $xNext: install('ip', (cursor) => this.guarded(this.vtabOf(cursor ?? 0), () => this.next(cursor ?? 0))),
      $xEof: install('ip', (cursor) => (this.cursors.get(cursor ?? 0)?.row === undefined ? 1 : 0)),
      $xColumn: install('ippi', (cursor, context, index) => this.guarded(this.vtabOf(cursor ?? 0), () => this.column(cursor ?? 0, context ?? 0, index ?? 0))),
      $xRowid: install('ipp', (cursor, out) => this.rowid(cursor ?? 0, out ?? 0)),
    });
  }

  private connect(number: number, out: Pointer): number {
    const table = this.byNumber[number];
    if (table === undefined) return ERROR;
    const code = this.sqlite3.capi.sqlite3_declare_vtab(this.database, declarationOf(table)) as unknown as number;
    if (code !== OK) return code;
    const vtab = this.memory.exports.sqlite3_malloc(VTAB_SIZE);
    if (vtab === 0) return NO_MEMORY;
    this.memory.bytes(vtab, VTAB_SIZE).fill(0);
    this.memory.view().setInt32(out, vtab, true);
    this.byVtab.set(vtab, table);
    return OK;
  }

  private disconnect(vtab: Pointer): number {
    this.byVtab.delete(vtab);
    this.memory.exports.sqlite3_free(vtab);
    return OK;
  }

  private bestIndex(vtab: Pointer, info: Pointer): number {
    const table = this.byVtab.get(vtab);
    if (table === undefined) return ERROR;
    const plan = planOf(table.columns, this.memory, info);
    if (plan === undefined) {
      this.running().refused.add(table.name);
      this.fail(vtab, requiredMessage(table.name));
      return CONSTRAINT;
    }
    this.plans.push(plan);
    announce(this.memory, info, this.plans.length - 1, plan);
    return OK;
  }

  private open(vtab: Pointer, out: Pointer): number {
    const table = this.byVtab.get(vtab);
    const cursor = this.memory.exports.sqlite3_malloc(CURSOR_SIZE);
    if (table === undefined || cursor === 0) return NO_MEMORY;
    this.memory.view().setInt32(cursor, vtab, true);
    this.memory.view().setInt32(out, cursor, true);
    this.cursors.set(cursor, { table, rows: [].values(), row: undefined, position: 0n });
    return OK;
  }

  private close(pointer: Pointer): number {
    const cursor = this.cursors.get(pointer);
    this.cursors.delete(pointer);
    try {
      cursor?.rows.return?.();
    } finally {
      this.memory.exports.sqlite3_free(pointer);
    }
    return OK;
  }

  private filter(pointer: Pointer, planNumber: number, count: number, values: Pointer): number {
    const plan = this.plans[planNumber];
    const cursor = this.cursors.get(pointer);
    if (plan === undefined || cursor === undefined) return ERROR;
    cursor.rows.return?.();
    cursor.rows = [].values();
    cursor.row = undefined;
    cursor.position = 0n;
    const constraints = constraintsOf(plan, this.memory, count, values);
    if (constraints === undefined) return OK;
    const { checkpoint, msLeft, warn } = this.running();
    const { table } = cursor;
    cursor.rows = this.ready(table).generate({ ...asked(table.columns, plan, constraints), checkpoint, msLeft, warn: (message) => warn(`${table.name}: ${message}`) })[Symbol.iterator]();
    return this.advance(cursor);
  }

  private ready(table: Table | GatheredTable): Table {
    const ready = 'generate' in table ? table : this.running().gathered.get(table.name);
    if (ready === undefined) throw new Error(`the rows of ${table.name} were not gathered`);
    return ready;
  }

  private next(pointer: Pointer): number {
    const cursor = this.cursors.get(pointer);
    return cursor === undefined ? ERROR : this.advance(cursor);
  }

  /** Looks at the clock too: the rows of a table that never ends must not depend on what SQLite does between them. */
  private advance(cursor: Cursor): number {
    this.running().checkpoint();
    const { done, value } = cursor.rows.next();
    cursor.row = done === true ? undefined : value;
    cursor.position += 1n;
    return OK;
  }

  private column(pointer: Pointer, context: Pointer, index: number): number {
    const cursor = this.cursors.get(pointer);
    const column = cursor?.table.columns[index];
    const value = column === undefined ? undefined : cursor?.row?.[column.name];
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
      this.fail(vtab, advisedMessageOf(error));
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

function declarationOf(table: Table | GatheredTable): string {
  const columns = table.columns.map((column) => `"${column.name}" ${column.type}${column.hidden ? ' HIDDEN' : ''}${column.collate === undefined ? '' : ` COLLATE ${column.collate}`}`);
  return `CREATE TABLE x(${columns.join(', ')}${primaryKeyOf(table.columns)}`;
}

/** SQLite joins the branches of an OR by this key: row numbers of two scans would take different rows for the same. */
function primaryKeyOf(columns: readonly Column[]): string {
  const constrained = columns.filter((column) => column.required || column.index || column.additional);
  if (constrained.length === 0) return ')';
  const key = constrained.some((column) => column.required || column.index) ? constrained : columns;
  return `, PRIMARY KEY (${key.map((column) => `"${column.name}"`).join(', ')})) WITHOUT ROWID`;
}

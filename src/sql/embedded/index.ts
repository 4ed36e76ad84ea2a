/** The engine that Tickward carries: real SQLite in WebAssembly over the tables of this folder's neighbour, read-only and bounded. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { excerptOf, TickwardError, type Place } from '../../model/errors.ts';
import type { Table } from '../../model/table.ts';
import type { Engine, QueryOptions, QueryResult } from '../engine.ts';
import { tables as hostTables } from '../tables/index.ts';
import { addFunctions } from './functions.ts';
import { Memory, type Pointer, type Sqlite3 } from './memory.ts';
import { createModule, DeadlinePassed, requiredMessage, type Running } from './module.ts';

export interface Embedded extends Engine {
  readonly name: 'embedded';
  /** SQLite's message for SQL that does not prepare, undefined when it does. */
  parses(sql: string): string | undefined;
}

const ROW = 100;
const DONE = 101;
const INTERRUPT = 9;
/** sqlite3_column_type: a real. */
const FLOAT = 2;

/** Virtual-machine steps between two looks at the clock. */
const PROGRESS_STEPS = 5_000;
const HEAP_BYTES = 256 * 1024 * 1024;

// https://www.sqlite.org/c3ref/c_limit_attached.html and c_dbconfig_defensive.html
const LIMIT_LENGTH = 0;
const LIMIT_LIKE_PATTERN_LENGTH = 8;
const MOST_TEXT_BYTES = 32 * 1024 * 1024;
const MOST_PATTERN_BYTES = 5_000;
const DBCONFIG_DQS_DML = 1013;

// Action codes of https://www.sqlite.org/c3ref/c_alter_table.html
const ALLOWED_ACTIONS: ReadonlySet<number> = new Set([20 /* READ */, 21 /* SELECT */, 31 /* FUNCTION */, 33 /* RECURSIVE */]);
const PRAGMA = 19;
const FUNCTION = 31;
const ALLOWED_PRAGMAS: ReadonlySet<string> = new Set(['table_info', 'table_xinfo', 'table_list', 'function_list', 'compile_options']);
const DENY = 1;

/** What SQLite says of a statement that the authorizer denies, and of a write to a virtual table. */
const READS_ONLY = /^(?:not authorized|authorization denied|table \S+ may not be modified)$/;

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_ROWS = 100_000;

export async function createEmbedded(options: { tables?: readonly Table[] } = {}): Promise<Embedded> {
  const sqlite3 = await (sqlite3InitModule as unknown as (configuration: object) => Promise<Sqlite3>)({ print: () => undefined, printErr: () => undefined });
  return new EmbeddedEngine(sqlite3, [...hostTables, ...(options.tables ?? [])]);
}

class EmbeddedEngine implements Embedded {
  readonly name = 'embedded';
  private readonly sqlite3: Sqlite3;
  private readonly memory: Memory;
  private readonly database: InstanceType<Sqlite3['oo1']['DB']>;
  private readonly pointer: Pointer;
  private deadline = Number.POSITIVE_INFINITY;
  private warnings = new Set<string>();
  private refused = new Set<string>();
  private readonly tables: readonly string[];

  constructor(sqlite3: Sqlite3, tables: readonly Table[]) {
    this.sqlite3 = sqlite3;
    this.memory = new Memory(sqlite3);
    this.tables = tables.map((table) => table.name);
    this.database = new sqlite3.oo1.DB(':memory:');
    this.pointer = this.database.pointer as unknown as Pointer;
    // Before the tables: columns name the collations.
    addFunctions(sqlite3, this.database, () => this.deadline - performance.now());
    const running = (): Running => ({ checkpoint: () => this.checkpoint(), warn: (message) => void this.warnings.add(message), refused: this.refused });
    for (const table of tables) {
      createModule(sqlite3, this.memory, this.pointer, table, running);
      this.database.exec(`CREATE VIRTUAL TABLE temp."${table.name}" USING "${table.name}"`);
    }
    this.protect();
  }

  async available(): Promise<{ ok: true; detail: string }> {
    return { ok: true, detail: `SQLite ${this.sqlite3.version.libVersion}, in this program` };
  }

  async close(): Promise<void> {
    this.database.close();
  }

  async query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.warnings = new Set();
    this.deadline = performance.now() + timeoutMs;
    try {
      return { ...this.run(sql, options.maxRows ?? DEFAULT_MAX_ROWS), warnings: [...this.warnings] };
    } catch (error) {
      if (performance.now() > this.deadline) throw new TickwardError('TIMEOUT', `the query took longer than ${timeoutMs / 1000} s and was stopped`, { hint: 'narrow it by a WHERE on an indexed column, or give --timeout', cause: error });
      throw error;
    } finally {
      this.deadline = Number.POSITIVE_INFINITY;
    }
  }

  parses(sql: string): string | undefined {
    try {
      this.eachStatement(sql, () => undefined);
      return undefined;
    } catch (error) {
      if (error instanceof TickwardError) return error.message;
      throw error;
    }
  }

  /** Every statement is run; the rows are those of the last one that has columns. */
  private run(sql: string, maxRows: number): Omit<QueryResult, 'warnings'> {
    let result: Omit<QueryResult, 'warnings'> = { columns: [], rows: [], truncated: false };
    this.eachStatement(sql, (statement) => {
      result = this.rowsOf(statement, maxRows);
    });
    return result;
  }

  private eachStatement(sql: string, use: (statement: Pointer) => void): void {
    const { exports } = this.memory;
    const text = this.memory.allocate(sql);
    const out = exports.malloc(8);
    try {
      for (let position = text; this.memory.view().getUint8(position) !== 0; ) {
        this.refused = new Set();
        const code = exports.sqlite3_prepare_v2(this.pointer, position, -1, out, out + 4);
        if (code !== 0) throw this.error(sql, position - text);
        const statement = this.memory.view().getInt32(out, true);
        position = this.memory.view().getInt32(out + 4, true);
        if (statement === 0) continue;
        try {
          use(statement);
        } finally {
          exports.sqlite3_finalize(statement);
        }
      }
    } finally {
      exports.free(out);
      exports.free(text);
    }
  }

  private rowsOf(statement: Pointer, maxRows: number): Omit<QueryResult, 'warnings'> {
    const { exports } = this.memory;
    const columns = Array.from({ length: exports.sqlite3_column_count(statement) }, (_, index) => this.memory.cString(exports.sqlite3_column_name(statement, index)));
    const rows: Record<string, string>[] = [];
    for (;;) {
      const code = exports.sqlite3_step(statement);
      if (code === DONE) return { columns, rows, truncated: false };
      if (code === INTERRUPT) throw new DeadlinePassed('interrupted');
      if (code !== ROW) throw this.error();
      if (rows.length >= maxRows) return { columns, rows, truncated: true };
      rows.push(this.rowOf(statement, columns));
    }
  }

  /** SQLite's own text of every value but reals is what osqueryi prints; NULL is ''. fromEntries, because a column may be called __proto__. */
  private rowOf(statement: Pointer, columns: readonly string[]): Record<string, string> {
    const { exports } = this.memory;
    return Object.fromEntries(columns.map((column, index) => {
      if (exports.sqlite3_column_type(statement, index) === FLOAT) return [column, formatReal(exports.sqlite3_column_double(statement, index))];
      const text = exports.sqlite3_column_text(statement, index);
      return [column, text === 0 ? '' : this.memory.text(text, exports.sqlite3_column_bytes(statement, index))];
    }));
  }

  private error(sql?: string, statementOffset = 0): TickwardError {
    const message = this.memory.cString(this.memory.exports.sqlite3_errmsg(this.pointer));
    const refused = [...this.refused].at(-1);
    if (message === 'no query solution' && refused !== undefined) return new TickwardError('QUERY', requiredMessage(refused), { hint: `give its path or directory: WHERE path = '…' or path LIKE '…/%'` });
    const offset = sql === undefined ? -1 : this.memory.exports.sqlite3_error_offset(this.pointer);
    const hint = this.hintOf(message);
    const place = sql === undefined || offset < 0 ? {} : { place: placeOf(sql, statementOffset + offset) };
    if (READS_ONLY.test(message)) return new TickwardError('QUERY', `${message}: this engine only reads, so that no query can change the host`, { hint: 'use SELECT, WITH … SELECT or PRAGMA table_info(TABLE)' });
    return new TickwardError('QUERY', message, { ...(hint === undefined ? {} : { hint }), ...place });
  }

  private hintOf(message: string): string | undefined {
    if (message.startsWith('no such table: ')) return `the tables are ${this.tables.toSorted().join(', ')}`;
    if (message.startsWith('no such column: ')) return 'PRAGMA table_info(TABLE) shows the columns of a table; text stands in single quotes';
    return message.startsWith('no such function: ') ? 'PRAGMA function_list shows the functions' : undefined;
  }

  private checkpoint(): void {
    if (performance.now() > this.deadline) throw new DeadlinePassed('the deadline of the query has passed');
  }

  /** Reads only, within bounds. Set after the tables are made: making them is a write. */
  private protect(): void {
    const { capi } = this.sqlite3;
    const settings = capi as unknown as {
      sqlite3_db_config(db: Pointer, what: number, value: number, out: number): number;
      sqlite3_limit(db: Pointer, what: number, value: number): number;
      sqlite3_hard_heap_limit64?(bytes: bigint): bigint;
      sqlite3_progress_handler(db: Pointer, steps: number, callback: () => number, argument: number): void;
      sqlite3_set_authorizer(db: Pointer, callback: (argument: number, action: number, first: string | null, second: string | null) => number, argument: number): number;
    };
    // osquery takes "text" in double quotes as text; so do queries written for it.
    settings.sqlite3_db_config(this.pointer, DBCONFIG_DQS_DML, 1, 0);
    settings.sqlite3_limit(this.pointer, LIMIT_LENGTH, MOST_TEXT_BYTES);
    settings.sqlite3_limit(this.pointer, LIMIT_LIKE_PATTERN_LENGTH, MOST_PATTERN_BYTES);
    settings.sqlite3_hard_heap_limit64?.(BigInt(HEAP_BYTES));
    settings.sqlite3_progress_handler(this.pointer, PROGRESS_STEPS, () => (performance.now() > this.deadline ? 1 : 0), 0);
    settings.sqlite3_set_authorizer(
      this.pointer,
      (_argument, action, first, second) => {
        if (action === PRAGMA) return first !== null && ALLOWED_PRAGMAS.has(first.toLowerCase()) ? 0 : DENY;
        if (action === FUNCTION && second?.toLowerCase() === 'load_extension') return DENY;
        return ALLOWED_ACTIONS.has(action) ? 0 : DENY;
      },
      0,
    );
  }
}

/** 15 digits and always a point, as osquery prints reals (SQLite's `%!.15g`): 0.3, 4.0, 1.0e+20. */
export function formatReal(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  const [digits = '', power = '0'] = Math.abs(value).toExponential(14).split('e');
  const exponent = Number(power);
  const sign = value < 0 ? '-' : '';
  if (exponent < -4 || exponent > 14) return `${sign}${trimmed(digits)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  return sign + trimmed(Math.abs(value).toFixed(Math.max(1, 14 - exponent)));
}

function trimmed(decimal: string): string {
  return decimal.replace(/0+$/, '').replace(/\.$/, '.0');
}

/** SQLite counts bytes; people count characters. */
function placeOf(sql: string, byteOffset: number): Place {
  const before = Buffer.from(sql).subarray(0, byteOffset).toString('utf8');
  const lines = before.split('\n');
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return { line: lines.length, column, excerpt: excerptOf(sql.split('\n')[lines.length - 1] ?? '', column) };
}

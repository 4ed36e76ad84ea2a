/** Real SQLite in WebAssembly over tables of ours: read-only and bounded. It runs in the thread that calls it; index.ts puts that thread aside. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';
import { TickwardError } from '../../model/errors.ts';
import { gathered, type GatheredTable, type Table } from '../../model/table.ts';
import type { QueryOptions, QueryResult } from '../engine.ts';
import { demandOneStatement } from '../statements.ts';
import { DEFAULT_TIMEOUT_MS, tookTooLong } from './deadline.ts';
import { addFunctions } from './functions.ts';
import { guard } from './guard.ts';
import { columnsFor, tablesFor } from './hints.ts';
import { Memory, type Pointer, type Sqlite3 } from './memory.ts';
import { DeadlinePassed, requiredMessage, VirtualTables, type Running } from './module.ts';
import { formatReal, placeOf } from './text.ts';

const ROW = 100;
const DONE = 101;
const INTERRUPT = 9;
/** sqlite3_column_type: a real. */
const FLOAT = 2;

/** What SQLite says of a statement that the authorizer denies, and of a write to a virtual table. */
const READS_ONLY = /^(?:not authorized|authorization denied|table \S+ may not be modified)$/;

const DEFAULT_MAX_ROWS = 100_000;
/** Characters of all values of an answer. More is cut like too many rows. */
const MOST_TEXT = 64 * 1024 * 1024;

export function loadSqlite(): Promise<Sqlite3> {
  return (sqlite3InitModule as unknown as (configuration: object) => Promise<Sqlite3>)({ print: () => undefined, printErr: () => undefined });
}

export async function openDatabase(tables: readonly (Table | GatheredTable)[]): Promise<Database> {
  return new Database(await loadSqlite(), tables);
}

export class Database {
  readonly version: string;
  private readonly memory: Memory;
  private readonly database: InstanceType<Sqlite3['oo1']['DB']>;
  private readonly pointer: Pointer;
  private readonly modules: VirtualTables;
  private readonly tables: ReadonlyMap<string, Table | GatheredTable>;
  private deadline = Number.POSITIVE_INFINITY;
  private warnings = new Set<string>();
  private refused = new Set<string>();
  /** Tables that the statement reads which was prepared last. */
  private read = new Set<string>();
  private gathered = new Map<string, Table>();

  constructor(sqlite3: Sqlite3, tables: readonly (Table | GatheredTable)[]) {
    this.version = sqlite3.version.libVersion;
    this.memory = new Memory(sqlite3);
    this.tables = new Map(tables.map((table) => [table.name, table]));
    this.database = new sqlite3.oo1.DB(':memory:');
    this.pointer = this.database.pointer as unknown as Pointer;
    this.modules = new VirtualTables(sqlite3, this.memory, this.pointer, () => this.running());
    for (const table of tables) this.modules.add(table);
    addFunctions(sqlite3, this.database, () => this.deadline - performance.now());
    guard(sqlite3, this.database, { isLate: () => performance.now() > this.deadline, onRead: (table) => void this.read.add(table) });
  }

  close(): void {
    this.database.close();
  }

  async query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.warnings = new Set();
    this.gathered = new Map();
    this.deadline = performance.now() + timeoutMs;
    let result: Omit<QueryResult, 'warnings'> = { columns: [], rows: [], truncated: false };
    try {
      await this.withStatement(sql, async (statement) => {
        await this.gather();
        result = this.rowsOf(statement, options.maxRows ?? DEFAULT_MAX_ROWS);
      });
      return { ...result, warnings: [...this.warnings] };
    } catch (error) {
      if (performance.now() > this.deadline) throw tookTooLong(timeoutMs, error);
      throw error;
    } finally {
      this.deadline = Number.POSITIVE_INFINITY;
    }
  }

  /** SQLite's message for SQL that does not prepare, undefined when it does. */
  async parses(sql: string): Promise<string | undefined> {
    try {
      await this.withStatement(sql, async () => undefined);
      return undefined;
    } catch (error) {
      if (error instanceof TickwardError) return error.message;
      throw error;
    }
  }

  /** There may be semicolons before and behind it, or nothing else. */
  private async withStatement(sql: string, use: (statement: Pointer) => Promise<void>): Promise<void> {
    demandOneStatement(sql);
    const { exports } = this.memory;
    const text = this.memory.allocate(sql);
    const out = exports.malloc(8);
    try {
      for (let position = text; this.memory.view().getUint8(position) !== 0; ) {
        this.refused = new Set();
        this.read = new Set();
        const code = exports.sqlite3_prepare_v2(this.pointer, position, -1, out, out + 4);
        if (code !== 0) throw this.error(sql, position - text);
        const statement = this.memory.view().getInt32(out, true);
        position = this.memory.view().getInt32(out + 4, true);
        if (statement === 0) continue;
        try {
          await use(statement);
        } finally {
          exports.sqlite3_finalize(statement);
        }
      }
    } finally {
      exports.free(out);
      exports.free(text);
      this.modules.forgetPlans();
    }
  }

  /** The rows of the tables that the statement reads and that have to be waited for. */
  private async gather(): Promise<void> {
    for (const name of this.read) {
      const table = this.tables.get(name);
      if (table === undefined || 'generate' in table || this.gathered.has(name)) continue;
      const { msLeft, warn } = this.running();
      this.gathered.set(name, await gathered(table, { msLeft, warn: (message) => warn(`${name}: ${message}`) }));
    }
  }

  private rowsOf(statement: Pointer, maxRows: number): Omit<QueryResult, 'warnings'> {
    const { exports } = this.memory;
    const columns = Array.from({ length: exports.sqlite3_column_count(statement) }, (_, index) => this.memory.cString(exports.sqlite3_column_name(statement, index)));
    const rows: Record<string, string>[] = [];
    for (let length = 0; ; ) {
      const code = exports.sqlite3_step(statement);
      if (code === DONE) return { columns, rows, truncated: false };
      if (code === INTERRUPT) throw new DeadlinePassed('interrupted');
      if (code !== ROW) throw this.error();
      if (rows.length >= maxRows) return { columns, rows, truncated: true };
      const values = columns.map((_, index) => this.valueOf(statement, index));
      length += values.reduce((sum, value) => sum + value.length, 0);
      if (length > MOST_TEXT) return { columns, rows, truncated: true };
      // fromEntries, because a column may be called __proto__.
      rows.push(Object.fromEntries(columns.map((column, index) => [column, values[index] ?? ''])));
    }
  }

  /** SQLite's own text of every value but reals is what osqueryi prints; NULL is ''. */
  private valueOf(statement: Pointer, index: number): string {
    const { exports } = this.memory;
    if (exports.sqlite3_column_type(statement, index) === FLOAT) return formatReal(exports.sqlite3_column_double(statement, index));
    const text = exports.sqlite3_column_text(statement, index);
    return text === 0 ? '' : this.memory.text(text, exports.sqlite3_column_bytes(statement, index));
  }

  private running(): Running {
    return {
      checkpoint: () => {
        if (performance.now() > this.deadline) throw new DeadlinePassed('the deadline of the query has passed');
      },
      msLeft: () => Math.max(1, Math.floor(Math.min(this.deadline - performance.now(), DEFAULT_TIMEOUT_MS))),
      warn: (message) => void this.warnings.add(message),
      refused: this.refused,
      gathered: this.gathered,
    };
  }

  private error(sql?: string, statementOffset = 0): TickwardError {
    const message = this.memory.cString(this.memory.exports.sqlite3_errmsg(this.pointer));
    const refused = [...this.refused].at(-1);
    if (message === 'no query solution' && refused !== undefined) return new TickwardError('QUERY', requiredMessage(refused), { hint: `give its path or directory: WHERE path = '…' or path LIKE '…/%'` });
    const offset = sql === undefined ? -1 : this.memory.exports.sqlite3_error_offset(this.pointer);
    const hint = this.hintOf(message, sql);
    const place = sql === undefined || offset < 0 ? {} : { place: placeOf(sql, statementOffset + offset) };
    if (READS_ONLY.test(message)) return new TickwardError('QUERY', `${message}: this engine only reads, so that no query can change the host`, { hint: 'use SELECT, WITH … SELECT or PRAGMA table_info(TABLE)' });
    return new TickwardError('QUERY', message, { ...(hint === undefined ? {} : { hint }), ...place });
  }

  private hintOf(message: string, sql = ''): string | undefined {
    const [, what, name = ''] = /^no such (table|column): (.+)$/s.exec(message) ?? [];
    if (what === 'table') return tablesFor(name, [...this.tables.keys()].toSorted());
    if (what === 'column') return columnsFor(sql, [...this.tables.values()]);
    if (message === 'out of memory') return 'narrow the query: SQLite may take 256 MiB';
    return message.startsWith('no such function: ') ? 'PRAGMA function_list shows the functions' : undefined;
  }
}

/** What a table of osquery is, for the embedded engine and for the extension alike: columns, constraints, generate. */

export type ColumnType = 'TEXT' | 'INTEGER' | 'BIGINT' | 'UNSIGNED BIGINT' | 'DOUBLE' | 'BLOB';

/** Constraint options as osquery publishes them (`op` bit set of the route info: 1 index, 2 required, 4 additional, 8 optimized, 16 hidden). */
export interface Column {
  name: string;
  type: ColumnType;
  description?: string;
  index?: true;
  required?: true;
  additional?: true;
  optimized?: true;
  hidden?: true;
  collate?: 'nocase' | 'version' | 'version_dpkg' | 'version_rhel';
}

/** SQLite's constraint operators, numbered as xBestIndex and osquery number them. */
export const Operator = {
  EQUALS: 2,
  GREATER_THAN: 4,
  LESS_THAN_OR_EQUALS: 8,
  LESS_THAN: 16,
  GREATER_THAN_OR_EQUALS: 32,
  MATCH: 64,
  LIKE: 65,
  GLOB: 66,
  REGEXP: 67,
} as const;
export type Operator = (typeof Operator)[keyof typeof Operator];

export type Value = string | number | bigint | null;

/** A row; a missing key is NULL. Numbers and text are converted to the column's type by the engine. */
export type Row = Record<string, Value | undefined>;

/** A row as bytes, for who hands it on as text: where in them each column lies. Until the next row is taken. */
export class RowBytes {
  /** UTF-8. At least seven more lie behind each column: they are copied by eights. */
  bytes: Uint8Array;
  /** Which place each of the table's columns has in `starts` and `ends`. */
  readonly places: Int32Array;
  /** What is NULL starts below 0. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;

  constructor(places: Int32Array, { bytes, starts, ends }: Pick<RowBytes, 'bytes' | 'starts' | 'ends'>) {
    this.bytes = bytes;
    this.places = places;
    this.starts = starts;
    this.ends = ends;
  }
}

export interface Constraint {
  op: Operator;
  /** Always text, as osquery hands it over. */
  value: string;
}

export interface QueryContext {
  /** The constraints on a column that the table may use; the engine filters again afterwards, so more rows than asked are harmless, fewer are not. */
  constraints(column: string): readonly Constraint[];
  /** Whether the query reads the column at all: skip what costs a system call and nobody reads. */
  uses(column: string): boolean;
  /** Throws when the query's deadline has passed. Call it in every loop that walks the host. */
  checkpoint(): void;
  /** How long the query may still take, for a program or a system call that is waited for. At least 1. */
  msLeft(): number;
  /** Says what could not be read: shown on stderr, never a silent hole. */
  warn(message: string): void;
}

interface TableShape {
  name: string;
  description: string;
  columns: readonly Column[];
}

export interface Table extends TableShape {
  generate(context: QueryContext): Iterable<Row>;
  /** The same rows, some of them as bytes, where that is faster. */
  generateBytes?(context: QueryContext): Iterable<Row | RowBytes>;
}

/** A table whose rows have to be waited for: all of them, once for a query that reads it. */
export interface GatheredTable extends TableShape {
  gather(context: Pick<QueryContext, 'msLeft' | 'warn'>): Promise<readonly Row[]>;
}

/** A gathered table for one query: rows are gathered now, if they have to be. */
export async function gathered(table: Table | GatheredTable, context: Pick<QueryContext, 'msLeft' | 'warn'>): Promise<Table> {
  if ('generate' in table) return table;
  const rows = await table.gather(context);
  return { name: table.name, description: table.description, columns: table.columns, generate: () => rows };
}

/** The distinct values asked for by equality on a column; empty when there is none. */
export function equals(context: QueryContext, column: string): string[] {
  return [...new Set(context.constraints(column).filter((constraint) => constraint.op === Operator.EQUALS).map((constraint) => constraint.value))];
}

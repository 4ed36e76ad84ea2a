/** Text in and out of SQLite's WebAssembly memory. The memory may grow in any call, so no view of it outlives one. */
import sqlite3InitModule from '@sqlite.org/sqlite-wasm';

export type Pointer = number;

/** The raw exports that are used; the package types them only in part. */
export interface Exports {
  malloc(size: number): Pointer;
  free(pointer: Pointer): void;
  sqlite3_malloc(size: number): Pointer;
  sqlite3_free(pointer: Pointer): void;
  sqlite3_prepare_v2(db: Pointer, sql: Pointer, length: number, statement: Pointer, tail: Pointer): number;
  sqlite3_step(statement: Pointer): number;
  sqlite3_finalize(statement: Pointer): number;
  sqlite3_column_count(statement: Pointer): number;
  sqlite3_column_name(statement: Pointer, index: number): Pointer;
  sqlite3_column_type(statement: Pointer, index: number): number;
  sqlite3_column_double(statement: Pointer, index: number): number;
  sqlite3_column_text(statement: Pointer, index: number): Pointer;
  sqlite3_column_bytes(statement: Pointer, index: number): number;
  sqlite3_errmsg(db: Pointer): Pointer;
  sqlite3_error_offset(db: Pointer): number;
  sqlite3_value_type(value: Pointer): number;
  sqlite3_value_text(value: Pointer): Pointer;
  sqlite3_value_bytes(value: Pointer): number;
  sqlite3_result_null(context: Pointer): void;
  sqlite3_result_int64(context: Pointer, value: bigint): void;
  sqlite3_result_double(context: Pointer, value: number): void;
  sqlite3_result_text(context: Pointer, text: Pointer, length: number, destructor: number): void;
  sqlite3_vtab_collation(info: Pointer, constraint: number): Pointer;
  sqlite3_vtab_in(info: Pointer, constraint: number, handle: number): number;
  sqlite3_vtab_in_first(value: Pointer, out: Pointer): number;
  sqlite3_vtab_in_next(value: Pointer, out: Pointer): number;
}

export type Sqlite3 = Awaited<ReturnType<typeof sqlite3InitModule>>;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class Memory {
  readonly exports: Exports;
  private readonly memory: { readonly buffer: ArrayBuffer };
  private scratch: Pointer;
  private scratchSize = 1 << 16;

  constructor(sqlite3: Sqlite3) {
    this.exports = sqlite3.wasm.exports as unknown as Exports;
    this.memory = (sqlite3.wasm as unknown as { memory: { readonly buffer: ArrayBuffer } }).memory;
    this.scratch = this.exports.malloc(this.scratchSize);
  }

  view(): DataView {
    return new DataView(this.memory.buffer);
  }

  bytes(pointer: Pointer, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, length);
  }

  text(pointer: Pointer, length: number): string {
    return length === 0 ? '' : decoder.decode(this.bytes(pointer, length));
  }

  /** Text up to its NUL. */
  cString(pointer: Pointer): string {
    const all = new Uint8Array(this.memory.buffer);
    return this.text(pointer, all.indexOf(0, pointer) - pointer);
  }

  /** A value of SQLite as text, undefined for NULL. */
  valueText(value: Pointer): string | undefined {
    const SQLITE_NULL = 5;
    if (this.exports.sqlite3_value_type(value) === SQLITE_NULL) return undefined;
    const pointer = this.exports.sqlite3_value_text(value);
    return this.text(pointer, this.exports.sqlite3_value_bytes(value));
  }

  /** The values of an IN that is handed over whole. */
  inValues(list: Pointer): (string | undefined)[] {
    const out = this.exports.malloc(8);
    const texts: (string | undefined)[] = [];
    try {
      for (let code = this.exports.sqlite3_vtab_in_first(list, out); code === 0; code = this.exports.sqlite3_vtab_in_next(list, out)) texts.push(this.valueText(this.view().getInt32(out, true)));
    } finally {
      this.exports.free(out);
    }
    return texts;
  }

  /** A copy with a NUL at its end, freed by `free`. */
  allocate(text: string, allocator: (size: number) => Pointer = this.exports.malloc): Pointer {
    const bytes = encoder.encode(text);
    const pointer = allocator(bytes.length + 1);
    const target = this.bytes(pointer, bytes.length + 1);
    target.set(bytes);
    target[bytes.length] = 0;
    return pointer;
  }

  resultText(context: Pointer, text: string): void {
    const SQLITE_TRANSIENT = -1;
    const most = text.length * 3;
    if (most > this.scratchSize) {
      this.exports.free(this.scratch);
      this.scratchSize = most;
      this.scratch = this.exports.malloc(most);
    }
    const { written } = encoder.encodeInto(text, this.bytes(this.scratch, this.scratchSize));
    this.exports.sqlite3_result_text(context, this.scratch, written, SQLITE_TRANSIENT);
  }
}

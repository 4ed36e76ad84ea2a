/** What a query may do: read, within bounds. */
import type { Pointer, Sqlite3 } from './memory.ts';

/** Virtual-machine steps between two looks at the clock: some 0.1 ms. */
const PROGRESS_STEPS = 5_000;
const HEAP_BYTES = 256 * 1024 * 1024;

// https://www.sqlite.org/c3ref/c_limit_attached.html and c_dbconfig_defensive.html
const LIMIT_LENGTH = 0;
const LIMIT_LIKE_PATTERN_LENGTH = 8;
const MOST_TEXT_BYTES = 32 * 1024 * 1024;
const MOST_PATTERN_BYTES = 5_000;
const DBCONFIG_DEFENSIVE = 1010;
const DBCONFIG_DQS_DML = 1013;

// Action codes of https://www.sqlite.org/c3ref/c_alter_table.html
const PRAGMA = 19;
const READ = 20;
const SELECT = 21;
const FUNCTION = 31;
const RECURSIVE = 33;
const OK = 0;
const DENY = 1;
const ALLOWED_PRAGMAS: ReadonlySet<string> = new Set(['table_info', 'table_xinfo', 'table_list', 'function_list', 'compile_options']);

interface Settings {
  sqlite3_db_config(db: Pointer, what: number, value: number, out: number): number;
  sqlite3_limit(db: Pointer, what: number, value: number): number;
  sqlite3_progress_handler(db: Pointer, steps: number, callback: () => number, argument: number): void;
  sqlite3_set_authorizer(db: Pointer, callback: (argument: number, action: number, first: string | null, second: string | null) => number, argument: number): number;
}

/** `isLate` is asked again and again while a query runs; `onRead` hears of each table that a query reads when it is prepared. */
export function guard(sqlite3: Sqlite3, database: InstanceType<Sqlite3['oo1']['DB']>, { isLate, onRead }: { isLate: () => boolean; onRead: (table: string) => void }): void {
  const settings = sqlite3.capi as unknown as Settings;
  const pointer = database.pointer as unknown as Pointer;
  // osquery takes "text" in double quotes as text; so do queries written for it.
  settings.sqlite3_db_config(pointer, DBCONFIG_DQS_DML, 1, 0);
  settings.sqlite3_db_config(pointer, DBCONFIG_DEFENSIVE, 1, 0);
  settings.sqlite3_limit(pointer, LIMIT_LENGTH, MOST_TEXT_BYTES);
  settings.sqlite3_limit(pointer, LIMIT_LIKE_PATTERN_LENGTH, MOST_PATTERN_BYTES);
  // The call for it is not among the exports of the package; the authorizer below lets nobody raise it.
  database.exec(`PRAGMA hard_heap_limit = ${HEAP_BYTES}`);
  settings.sqlite3_progress_handler(pointer, PROGRESS_STEPS, () => (isLate() ? 1 : 0), 0);
  settings.sqlite3_set_authorizer(pointer, (_argument, action, first, second) => (isAllowed(action, first, second, onRead) ? OK : DENY), 0);
}

function isAllowed(action: number, first: string | null, second: string | null, onRead: (table: string) => void): boolean {
  switch (action) {
    case READ:
      onRead(first ?? '');
      return true;
    case SELECT:
    case RECURSIVE:
      return true;
    case FUNCTION:
      return second?.toLowerCase() !== 'load_extension';
    case PRAGMA:
      return ALLOWED_PRAGMAS.has(first?.toLowerCase() ?? '');
    default:
      return false;
  }
}

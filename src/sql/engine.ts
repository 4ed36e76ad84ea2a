/** What an engine is: something that answers SQL in osquery's dialect and form. */

export interface QueryOptions {
  /** Default 30 s. */
  timeoutMs?: number;
  /** Default 100,000. */
  maxRows?: number;
}

export interface QueryResult {
  columns: string[];
  /** Every value as text, NULL as '': what `osqueryi --json` prints. */
  rows: Record<string, string>[];
  /** What a table could not read. */
  warnings: string[];
  /** There were more rows than `maxRows`. */
  truncated: boolean;
}

export type EngineName = 'osqueryd' | 'osqueryi' | 'embedded';

export interface Engine {
  readonly name: EngineName;
  available(): Promise<{ ok: true; detail: string } | { ok: false; reason: string }>;
  /** Throws QUERY with the engine's message, TIMEOUT, or UNSUPPORTED when it is not there any more. */
  query(sql: string, options?: QueryOptions): Promise<QueryResult>;
  close(): Promise<void>;
}

/** The engine that Tickward carries: real SQLite over the tables of this folder's neighbour, in a thread of its own, read-only and bounded in time, rows and memory. */
import type { Engine, QueryOptions, QueryResult } from '../engine.ts';
import type { TableSource } from './messages.ts';
import { Thread } from './thread.ts';

export type { TableSource };

export interface Embedded extends Engine {
  readonly name: 'embedded';
  /** SQLite's message for SQL that does not prepare, undefined when it does. */
  parses(sql: string): string | undefined;
}

/** Resolves when it can be asked. `tables` are added to the host's. */
export async function createEmbedded(options: { tables?: TableSource } = {}): Promise<Embedded> {
  const engine = new EmbeddedEngine(options.tables);
  await engine.available();
  return engine;
}

class EmbeddedEngine implements Embedded {
  readonly name = 'embedded';
  private readonly tables: TableSource | undefined;
  private thread: Thread;
  private turn: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(tables: TableSource | undefined) {
    this.tables = tables;
    this.thread = new Thread(tables);
  }

  async available(): Promise<{ ok: true; detail: string }> {
    return { ok: true, detail: `SQLite ${await this.living().ready}, in this program` };
  }

  /** Queries are answered in turn; the time of each counts from its own start. */
  query(sql: string, options: QueryOptions = {}): Promise<QueryResult> {
    const answer = this.turn.then(() => this.living().query(sql, options));
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  parses(sql: string): string | undefined {
    return this.living().parses(sql);
  }

  close(): Promise<void> {
    this.closed = true;
    return this.thread.end();
  }

  /** A query that had to be ended took its thread with it. */
  private living(): Thread {
    if (this.thread.ended && !this.closed) this.thread = new Thread(this.tables);
    return this.thread;
  }
}

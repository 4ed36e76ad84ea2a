/** What the thread of the engine and the program say to each other. */
import type { MessagePort } from 'node:worker_threads';
import { messageOf, TickwardError, type ErrorCode, type Place } from '../../model/errors.ts';
import type { QueryOptions, QueryResult } from '../engine.ts';

/** Tables from outside: a module with `open(data)`, which gives them, and what it needs. No function can cross into a thread. */
export interface TableSource {
  /** URL of the module. */
  module: string;
  /** Whatever structuredClone copies. */
  data: unknown;
}

export interface ThreadData {
  tables: TableSource | undefined;
  /** Where answers to `parse` go, and the number that wakes who waits for one. */
  port: MessagePort;
  signal: Int32Array;
}

export type Question = { kind: 'query'; sql: string; options: QueryOptions } | { kind: 'parse'; sql: string };

export interface PackedError {
  code: ErrorCode;
  message: string;
  hint?: string;
  place?: Place;
}

export type Answer = { kind: 'ready'; version: string } | { kind: 'rows'; result: QueryResult } | { kind: 'failed'; error: PackedError };

export function packed(thrown: unknown): PackedError {
  if (!(thrown instanceof TickwardError)) return { code: 'QUERY', message: messageOf(thrown) };
  const { code, message, hint, place } = thrown;
  return { code, message, ...(hint === undefined ? {} : { hint }), ...(place === undefined ? {} : { place }) };
}

export function unpacked({ code, message, ...details }: PackedError): TickwardError {
  return new TickwardError(code, message, details);
}

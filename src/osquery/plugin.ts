/** What an extension adds to osquery: a plugin of one of its registries. */
import type { EncodedRows, StringMap } from './types.ts';

export interface Plugin {
  registry: 'table' | 'logger' | 'config' | 'distributed';
  /** As osquery's flags and queries name it. */
  name: string;
  /** What osquery is told of it at the registration; nothing for all but tables. */
  routes: StringMap[];
  /** What is thrown becomes the status of the answer: its message is what osquery prints. */
  call(request: StringMap, context: CallContext): Promise<Answer> | Answer;
}

export interface CallContext {
  /** The whole call must be answered within this time; the extension answers with an error when it is over. */
  timeoutMs: number;
  /** Says what could not be done, in the extension's own log. */
  warn(message: string): void;
}

/** Rows, or a status of its own: code 0 is good. */
export type Answer = { rows: StringMap[] } | { encoded: EncodedRows } | { code: number; message: string };

export const DONE: Answer = { rows: [] };

/** The value of a key of a request. Throws what osquery's own plugins would say. */
export function needed(request: StringMap, key: string, plugin: string): string {
  const value = request[key];
  if (value === undefined) throw new TypeError(`${plugin} needs ${key} in the request`);
  return value;
}

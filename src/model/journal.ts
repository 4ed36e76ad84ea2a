/** The journal of responses: what was announced before it was done, so that it can be undone after a crash. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type JournalKind =
  | 'run-started' // who began it, with what, for what
  | 'run-known' // what was known of the case, and the playbook as it was
  | 'run-resumed'
  | 'answer' // of a person to a question of a step
  | 'step-started'
  | 'change'
  | 'step-done'
  | 'step-failed'
  | 'run-interrupted' // stopped, Ctrl-C, a lost terminal; nothing at all after a crash
  | 'run-finished'
  | 'alert-closed'
  | 'undo-started'
  | 'undone'
  | 'undo-failed';

export interface JournalEntry {
  run: string;
  /** Counts over the whole journal, from 1. */
  seq: number;
  /** ISO 8601. */
  time: string;
  step?: string;
  kind: JournalKind;
  data: JsonObject;
}

export interface Journal {
  /** On disk when it returns. */
  append(entry: Omit<JournalEntry, 'seq' | 'time'>): JournalEntry;
  /** Oldest first. */
  entries(run: string): JournalEntry[];
}

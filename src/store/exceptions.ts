/** Exceptions as people gave them. One that was removed stays on record: alerts say by which one they were suppressed. */
import type { DatabaseSync } from 'node:sqlite';
import type { AlertException } from '../model/exception.ts';
import { explained } from './database.ts';

export interface Exceptions {
  add(exception: AlertException): void;
  get(id: string): AlertException | undefined;
  /** Oldest first, with those that have expired or were removed. The same array as long as nothing changed, also by another process: to look costs some microseconds. */
  all(): readonly AlertException[];
  /** Gives false when it is not there or was removed before. */
  remove(id: string, removed: { time: string; by: string }): boolean;
}

export const EXCEPTIONS_SCHEMA = `
  CREATE TABLE exceptions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    removed TEXT, -- JSON
    document TEXT NOT NULL
  ) STRICT;
`;

export function createExceptions(database: DatabaseSync, path: string): Exceptions {
  const insert = database.prepare('INSERT INTO exceptions (id, document) VALUES (?, ?)');
  const byId = database.prepare('SELECT document, removed FROM exceptions WHERE id = ?');
  const every = database.prepare('SELECT document, removed FROM exceptions ORDER BY seq');
  // Rows are added and marked, never deleted: two counts tell every change.
  const state = database.prepare('SELECT count(*) AS added, count(removed) AS removed FROM exceptions');
  const mark = database.prepare('UPDATE exceptions SET removed = ? WHERE id = ? AND removed IS NULL');
  let known: { state: string; exceptions: readonly AlertException[] } | undefined;
  return {
    add: (exception) => explained(path, 'an exception', () => void insert.run(exception.id, JSON.stringify(exception))),
    get: (id) =>
      explained(path, 'exceptions', () => {
        const row = byId.get(id);
        return row === undefined ? undefined : exceptionOf(row);
      }),
    all: () =>
      explained(path, 'exceptions', () => {
        const now = JSON.stringify(state.get());
        if (known?.state !== now) known = { state: now, exceptions: every.all().map(exceptionOf) };
        return known.exceptions;
      }),
    remove: (id, removed) => explained(path, 'the removal of an exception', () => Number(mark.run(JSON.stringify(removed), id).changes) > 0),
  };
}

function exceptionOf({ document, removed }: Record<string, unknown>): AlertException {
  return { ...(JSON.parse(String(document)) as AlertException), ...(removed === null ? {} : { removed: JSON.parse(String(removed)) as { time: string; by: string } }) };
}

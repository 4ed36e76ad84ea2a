/** State that somebody wrote to, or that a failing disk gave back wrong. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** What was known of the directories is legible for SQLite, and not for us. */
export function spoilKnown(stateDir: string): void {
  const database = new DatabaseSync(join(stateDir, 'events.db'));
  database.exec("INSERT INTO baseline (folders, signatures) VALUES ('nonsense', x'00')");
  database.close();
}

/** SQLite itself can no longer read it. */
export function destroyKnown(stateDir: string): void {
  destroyTable(join(stateDir, 'events.db'), 'baseline');
}

export function destroyTable(path: string, table: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const root = Number(database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table)?.['rootpage']);
  const size = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
  database.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(size, 0xff), 0, size, (root - 1) * size);
  closeSync(file);
}

/** Who senses: one process of those that share a state directory. The lock is the kernel's (through SQLite), so it is free the moment its holder dies, however it dies. */
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

export interface SensorLock {
  release(): void;
}

const FILE = 'sensor.lock';

/** The lock, or undefined while another process holds it. */
export function acquireSensorLock(directory: string): SensorLock | undefined {
  const database = new DatabaseSync(join(directory, FILE), { timeout: 0 });
  try {
    // Rollback-journal mode: in WAL an exclusive transaction would still let others begin.
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch {
    database.close();
    return undefined;
  }
}

/** Who senses, and who gives alerts to the outputs: one process of those that share a state directory. The lock is the kernel's (through SQLite), so it is free the moment its holder dies, however it dies. */
import { readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { numbersOf } from '../model/device.ts';
import { explained, isBusy } from './database.ts';

export interface SensorLock {
  release(): void;
}

/** The lock of a directory, to be tried again and again: a try costs some 20 µs. */
export interface SensorLockFile {
  /** The lock, or undefined while another process holds it. Throws STATE when there can be no lock here. */
  acquire(): SensorLock | undefined;
  /** Also gives the lock back. */
  close(): void;
}

const FILE = 'sensor.lock';
const OUTPUTS_FILE = 'outputs.lock';

export function openSensorLock(directory: string): SensorLockFile {
  return openLock(join(directory, FILE), 'the lock of the sensor');
}

export function openOutputsLock(directory: string): SensorLockFile {
  return openLock(join(directory, OUTPUTS_FILE), 'the lock of the outputs');
}

function openLock(path: string, what: string): SensorLockFile {
  const database = explained(path, what, () => new DatabaseSync(path, { timeout: 0 }));
  return {
    acquire() {
      try {
        // Rollback-journal mode: in WAL an exclusive transaction would still let others begin.
        database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
        return { release: () => database.exec('ROLLBACK') };
      } catch (error) {
        if (isBusy(error)) return undefined;
        return explained(path, what, () => {
          throw error;
        });
      }
    },
    close: () => database.close(),
  };
}

/** The process that holds the lock, where /proc/locks tells: undefined for one of another PID namespace, or when nobody holds it. */
export function sensorLockHolder(directory: string): number | undefined {
  try {
    const { ino, dev } = statSync(join(directory, FILE), { bigint: true });
    return parseLocks(readFileSync('/proc/locks', 'utf8'), ino, dev);
  } catch {
    return undefined;
  }
}

/**
 * The holder of a write lock on an inode: `1: POSIX  ADVISORY  WRITE 1234 fe:00:5678 1073741826 1073742335` (proc_locks(5)), numbers of the device in hex.
 * Any user can lock a file with the same inode number on another file system. Where none is on the device that stat(2) has (btrfs, overlay), the only one of the number counts.
 */
export function parseLocks(text: string, inode: bigint, dev: bigint): number | undefined {
  const { major, minor } = numbersOf(dev);
  const locks = text.split('\n').flatMap((line) => {
    const [, kind, , access, pid, file = ''] = line.split(/\s+/);
    const [high = '', low = '', number] = file.split(':');
    return kind === 'POSIX' && access === 'WRITE' && number === String(inode) && Number(pid) > 0 ? [{ pid: Number(pid), isHere: hex(high) === major && hex(low) === minor }] : [];
  });
  return locks.find(({ isHere }) => isHere)?.pid ?? (locks.length === 1 ? locks[0]?.pid : undefined);
}

const hex = (text: string): bigint => BigInt(`0x${text}`);

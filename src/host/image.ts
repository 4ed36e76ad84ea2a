/** The program that a process runs, read from the process itself: also where its file is deleted or exchanged. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';

export interface Image extends Disposable {
  /** Open for reading. */
  readonly fd: number;
  /** Bytes. */
  readonly size: number;
  /** Names the file among all that are in use. */
  readonly id: string;
}

/** Throws the system error where the process is gone or not ours to look at. */
export function openImage(pid: number): Image {
  const fd = openSync(`/proc/${pid}/exe`, constants.O_RDONLY | constants.O_NONBLOCK);
  const { dev, ino, size } = fstatSync(fd);
  return { fd, size, id: `${dev}:${ino}`, [Symbol.dispose]: () => closeSync(fd) };
}

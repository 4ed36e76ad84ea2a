/** Reading a file to its end and on, as `tail -F` does: through rotation by renaming and by cutting short, and while it is away. */
import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { printable } from '../model/text.ts';

export interface TailOptions {
  /** End at the end of the file; else wait for more until the signal. */
  once: boolean;
  signal: AbortSignal;
  onNotice(notice: { level: 'info' | 'warn'; message: string }): void;
}

/** Bytes read at a time. */
const CHUNK = 256 * 1024;

/** How often it looks for more, in ms. */
const LOOK_MS = 250;

/** What was read: bytes, valid until the next is asked for; `end`, for now; `other`: what follows is of another file, or of this one anew. */
export type Piece = Buffer | 'end' | 'other';

/** Throws NOT_FOUND, BAD_INPUT for what is no file, and FAILED when it cannot be read. */
export async function* tail(path: string, { once, signal, onNotice }: TailOptions): AsyncGenerator<Piece> {
  const file = await openRegular(path);
  if (file === undefined && once) throw new TickwardError('NOT_FOUND', `there is no file ${printable(path)}`, { hint: 'check the path' });
  if (file === undefined) onNotice({ level: 'warn', message: `there is no file ${printable(path)} yet: waiting for it` });
  const reading = new Reading(path, file);
  const looking = new Looking(path, onNotice);
  let next: FileHandle | undefined;
  try {
    while (!signal.aborted) {
      yield* reading.rest(signal);
      yield 'end';
      if (once || !(await paused(signal))) return;
      next = await looking.next(reading);
      if (next === undefined) continue;
      // What was written to the old one until the new one was there.
      if (next !== reading.file) yield* reading.rest(signal);
      yield 'other';
      await reading.turnTo(next);
    }
  } finally {
    // Whoever reads may leave at any piece, also between two files.
    for (const each of new Set([reading.file, next])) await each?.close();
  }
}

/** A file and how far it was read. */
class Reading {
  file: FileHandle | undefined;
  position = 0;
  private readonly path: string;
  private readonly buffer = Buffer.allocUnsafe(CHUNK);

  constructor(path: string, file: FileHandle | undefined) {
    this.path = path;
    this.file = file;
  }

  async *rest(signal: AbortSignal): AsyncGenerator<Buffer> {
    while (this.file !== undefined && !signal.aborted) {
      const length = await this.read(this.file);
      if (length === 0) return;
      this.position += length;
      yield this.buffer.subarray(0, length);
    }
  }

  async turnTo(next: FileHandle): Promise<void> {
    if (next !== this.file) await this.file?.close();
    [this.file, this.position] = [next, 0];
  }

  private async read(file: FileHandle): Promise<number> {
    try {
      return (await file.read(this.buffer, 0, CHUNK, this.position)).bytesRead;
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }
}

/** Whether the file at the path is still the one that is read. */
class Looking {
  private readonly path: string;
  private readonly onNotice: TailOptions['onNotice'];
  private trouble: string | undefined;

  constructor(path: string, onNotice: TailOptions['onNotice']) {
    this.path = path;
    this.onNotice = onNotice;
  }

  /** The file to read from its start: another one, or the same that was cut short. Undefined to go on where it is. */
  async next({ file, position }: Reading): Promise<FileHandle | undefined> {
    try {
      const found = await this.look(file, position);
      this.trouble = undefined;
      return found;
    } catch (error) {
      const message = `${messageOf(error)}: waiting for it to be readable`;
      if (message !== this.trouble) this.onNotice({ level: 'warn', message });
      this.trouble = message;
      return undefined;
    }
  }

  private async look(file: FileHandle | undefined, position: number): Promise<FileHandle | undefined> {
    const own = await file?.stat({ bigint: true });
    const there = await stat(this.path, { bigint: true }).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (there === undefined) return undefined;
    if (file !== undefined && own?.ino === there.ino && own.dev === there.dev) {
      if (own.size >= BigInt(position)) return undefined;
      this.onNotice({ level: 'info', message: `${printable(this.path)} was cut short: reading it from its start` });
      return file;
    }
    // Who rotates a log may make the new one (`create` of logrotate) before who writes it is told: that one goes on in the old until then.
    if (file !== undefined && there.isFile() && there.size === 0n) return undefined;
    const other = await openRegular(this.path);
    if (other !== undefined && file !== undefined) this.onNotice({ level: 'info', message: `${printable(this.path)} is another file now: reading it from its start` });
    return other;
  }
}

/** Undefined where there is none. A FIFO is not waited for. */
async function openRegular(path: string): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unreadable(path, error);
  }
  const found = await file.stat();
  if (found.isFile()) return file;
  await file.close();
  throw new TickwardError('BAD_INPUT', `${printable(path)} is ${found.isDirectory() ? 'a directory' : found.isFIFO() ? 'a pipe' : 'a device'}, no file to read and follow`, { hint: found.isDirectory() ? 'name one of its files' : `hand it over as stdin: --from - < ${printable(path)}` });
}

function unreadable(path: string, error: unknown): TickwardError {
  return new TickwardError('FAILED', `${printable(path)} cannot be read: ${messageOf(error)}`, { hint: 'check its permissions, or run as a user that may read it', cause: error });
}

/** False when there is no more waiting. */
async function paused(signal: AbortSignal): Promise<boolean> {
  try {
    await setTimeout(LOOK_MS, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

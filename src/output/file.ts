/**
 * Alerts as lines of JSON in a file that an agent (Filebeat, Elastic Agent) follows: only ever appended to, never cut, and renamed when it is large.
 * A renamed file keeps its inode, so that a reader goes on where it was.
 */
import { constants } from 'node:fs';
import { lstat, open, rename, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { foreignness, refuseForeignDirectory } from '../host/trust.ts';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import type { Alert } from '../model/event.ts';
import { printable, printableJson } from '../model/text.ts';
import { alertDocument } from './document.ts';
import type { FileOutput, Sink } from './types.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const PRIVATE = 0o600;
const NEWLINE = Buffer.from('\n');

/** Throws BAD_INPUT and REFUSED for a path that cannot be used safely. */
export function createFileSink(options: FileOutput, uid: number): Sink {
  if (!isAbsolute(options.path)) throw new TickwardError('BAD_INPUT', `the output ${printable(options.path)} is no absolute path`, { hint: 'write it from / on' });
  refuseForeignDirectory(dirname(options.path), uid);
  return new AlertFile(options, uid);
}

class AlertFile implements Sink {
  readonly name: string;
  readonly concurrency = 1;
  readonly retries = true;
  private readonly options: FileOutput;
  private readonly uid: number;
  private handle: FileHandle | undefined;
  private size = 0;
  /** The last line has no end: a write that a full disk cut, here or before the start. */
  private torn = false;

  constructor(options: FileOutput, uid: number) {
    this.options = options;
    this.uid = uid;
    this.name = `the file ${printable(options.path)}`;
  }

  async check(): Promise<void> {
    try {
      await this.current();
    } catch (error) {
      throw error instanceof TickwardError ? error : new TickwardError('FAILED', `${printable(this.options.path)} cannot be written: ${messageOf(error)}`, { hint: 'check the path and its permissions', cause: error });
    }
  }

  async deliver(alert: Alert): Promise<void> {
    const line = Buffer.from(`${printableJson(alertDocument(alert))}\n`);
    let file = await this.current();
    if (this.size > 0 && this.size + line.length > this.options.maxBytes) {
      await this.rotate();
      file = await this.current();
    }
    await this.append(file, this.torn ? Buffer.concat([NEWLINE, line]) : line);
  }

  async close(): Promise<void> {
    const { handle } = this;
    this.handle = undefined;
    await handle?.close();
  }

  /** The file that has the name now: another program may have renamed it (logrotate). */
  private async current(): Promise<FileHandle> {
    if (this.handle !== undefined) {
      const [own, named] = [await this.handle.stat(), await this.named()];
      if (named?.ino === own.ino && named.dev === own.dev) {
        this.size = own.size;
        return this.handle;
      }
      await this.close();
    }
    this.handle = await this.opened();
    return this.handle;
  }

  private async named(): Promise<{ ino: number; dev: number } | undefined> {
    try {
      return await lstat(this.options.path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  private async opened(): Promise<FileHandle> {
    const { path } = this.options;
    let handle: FileHandle;
    try {
      handle = await open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, PRIVATE);
    } catch (error) {
      if (errnoOf(error) === 'ELOOP') throw refusal(path, 'is a link');
      throw error;
    }
    try {
      const stat = await handle.stat();
      const foreign = foreignness(stat, this.uid) ?? (stat.nlink > 1 ? `is one of ${stat.nlink} names of the same file` : undefined);
      if (foreign !== undefined) throw refusal(path, foreign);
      this.size = stat.size;
      this.torn = stat.size > 0 && !(await endsWithNewline(handle, stat.size));
      return handle;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  private async append(file: FileHandle, bytes: Buffer): Promise<void> {
    const { bytesWritten } = await file.write(bytes);
    this.size += bytesWritten;
    this.torn = bytesWritten < bytes.length;
    if (this.torn) throw new TickwardError('FAILED', 'only a part of the line was written: the disk is full', { hint: 'make room on that file system' });
  }

  private async rotate(): Promise<void> {
    const { path, keep } = this.options;
    for (let number = keep - 1; number >= 1; number -= 1) await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    await renameIfThere(path, `${path}.1`);
    await this.close();
  }
}

async function endsWithNewline(handle: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.equals(NEWLINE);
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function refusal(path: string, why: string): TickwardError {
  return new TickwardError('REFUSED', `${printable(path)} ${why}: nothing is written to it`, { hint: 'look at it and move it away' });
}

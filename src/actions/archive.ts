/** An archive for people who come later: tar (POSIX ustar) under zstd, with a manifest of what is in it. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { sha256Text } from '../host/exchange.ts';
import { attempt } from '../host/paths.ts';
import { syncPath } from '../host/files.ts';

/** One file of the archive. */
export interface Item {
  /** A plain name of ours: letters, digits, `/`, `.`, `_`, `@` and `-`, at most 100. Names of the host stand in `source`. */
  name: string;
  /** Where it is from, as data. */
  source: string;
  content: Buffer;
  /** What is not in it. */
  cut?: string;
}

export interface ManifestEntry {
  name: string;
  source: string;
  size: number;
  sha256: string | null;
  cut?: string;
}

export interface Archived {
  /** Of the file on disk. */
  sha256: string;
  size: number;
  entries: ManifestEntry[];
}

const BLOCK = 512;
const MODE = 0o400;

/** Written beside its name and on disk before it has it. Once `limit` bytes are in it, what follows is left out, and the manifest says so. */
export async function writeArchive(path: string, items: AsyncIterable<Item>, limit: number, readme: string): Promise<Archived> {
  const part = `${path}.part`;
  const fd = attempt(path, () => openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600));
  const hash = createHash('sha256');
  let size = 0;
  const disk = new Writable({
    write(chunk: Buffer, _encoding, done) {
      try {
        hash.update(chunk);
        size += chunk.length;
        for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  const entries: ManifestEntry[] = [];
  try {
    await pipeline(Readable.from(pieces(items, limit, readme, entries), { objectMode: false }), createZstdCompress(), disk);
    fsyncSync(fd);
    attempt(path, () => linkSync(part, path));
  } catch (error) {
    return attempt(path, () => {
      throw error;
    });
  } finally {
    closeSync(fd);
    unlinkSync(part);
  }
  syncPath(path.slice(0, path.lastIndexOf('/')));
  return { sha256: hash.digest('hex'), size, entries };
}

async function* pieces(items: AsyncIterable<Item>, limit: number, readme: string, entries: ManifestEntry[]): AsyncGenerator<Buffer> {
  const now = Math.floor(Date.now() / 1000);
  yield* file('README.txt', Buffer.from(readme), now);
  let total = 0;
  for await (const { name, source, content, cut } of items) {
    if (total + content.length > limit) {
      entries.push({ name, source, size: content.length, sha256: null, cut: `left out: the archive holds ${limit} bytes at most` });
      continue;
    }
    total += content.length;
    entries.push({ name, source, size: content.length, sha256: sha256Text(content), ...(cut === undefined ? {} : { cut }) });
    yield* file(name, content, now);
  }
  yield* file('manifest.json', Buffer.from(`${JSON.stringify(entries, null, 2)}\n`), now);
  yield Buffer.alloc(2 * BLOCK);
}

function* file(name: string, content: Buffer, time: number): Generator<Buffer> {
  yield headerOf(name, content.length, time);
  if (content.length > 0) yield content;
  const rest = content.length % BLOCK;
  if (rest > 0) yield Buffer.alloc(BLOCK - rest);
}

/** Fields and their places by tar(5), "POSIX ustar Archives": numbers in octal, the checksum counted with blanks in its own place. */
function headerOf(name: string, size: number, time: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => void header.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1');
  header.write(name, 0, 100, 'latin1');
  octal(MODE, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(time, 136, 12);
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write('root', 265, 'latin1');
  header.write('root', 297, 'latin1');
  header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** What a file is and what is in it, for showing: links are followed as the kernel follows them when it runs the file, and nothing in its place can hang, flood or change anything. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { errnoOf } from '../model/errors.ts';
import { modeText } from '../model/mode.ts';
import { bytesOfText, textOfBytes } from '../model/text.ts';
import { isoOf } from '../model/timestamp.ts';

export type InspectedKind = 'file' | 'directory' | 'fifo' | 'socket' | 'device' | 'kernel' | 'missing' | 'unreadable';

export interface Inspected {
  /** As it was asked for. */
  path: string;
  /** Where its links lead in the end. */
  real: string;
  /** `kernel`: below /proc or /sys, where reading can have effects. `unreadable`: there, but not for this user, or its links lead in a circle. */
  kind: InspectedKind;
  size: number;
  /** Octal with a leading zero. */
  mode: string;
  uid: number;
  gid: number;
  /** ISO 8601; the birth is null where the file system does not keep it. */
  mtime: string | null;
  ctime: string | null;
  btime: string | null;
  /** null for what is no readable file, and for more than `MOST_HASHED`. */
  sha256: string | null;
  md5: string | null;
  /** The first bytes, of an ELF program only so many that it can be told; empty for what is no readable file. */
  head: Buffer;
}

/** Reading and hashing 64 MiB takes a tenth of a second. */
export const MOST_HASHED = 64 * 1024 ** 2;
const CHUNK = 64 * 1024;
/** Reused: files are read one at a time, and a new one for each would be garbage. */
const chunk = Buffer.allocUnsafe(CHUNK);
/** elf(5) */
const ELF = Buffer.from('\u007fELF');
const BINARY_HEAD = 4_096;

const NOTHING = { size: 0, mode: '', uid: -1, gid: -1, mtime: null, ctime: null, btime: null, sha256: null, md5: null, head: Buffer.alloc(0) };

/** The path is absolute, in the form of `textOfBytes`; `headBytes` of its start are kept, and a file of more than `mostHashed` bytes is not hashed. */
export function inspect(path: string, headBytes: number, mostHashed = MOST_HASHED): Inspected {
  let real = path;
  let stat: BigIntStats;
  try {
    real = textOfBytes(realpathSync(bytesOfText(path), { encoding: 'buffer' }));
    stat = statSync(bytesOfText(real), { bigint: true });
  } catch (error) {
    return { ...NOTHING, path, real, kind: ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '') ? 'missing' : 'unreadable' };
  }
  const found: Inspected = { ...NOTHING, ...factsOf(stat), path, real, kind: kindOf(stat, real) };
  return found.kind === 'file' ? { ...found, ...readOnce(real, stat, headBytes, Math.min(mostHashed, MOST_HASHED)) } : found;
}

/** What `ls -l` shows of a file. Numbers are small enough for Node's own. */
function factsOf(stat: BigIntStats): Pick<Inspected, 'size' | 'mode' | 'uid' | 'gid' | 'mtime' | 'ctime' | 'btime'> {
  return {
    size: Number(stat.size),
    mode: modeText(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: isoOf(stat.mtimeMs),
    ctime: isoOf(stat.ctimeMs),
    btime: stat.birthtimeMs > 0n ? isoOf(stat.birthtimeMs) : null,
  };
}

function kindOf(stat: BigIntStats, real: string): InspectedKind {
  if (/^\/(?:proc|sys)\//.test(real)) return 'kernel';
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  return stat.isFIFO() ? 'fifo' : stat.isSocket() ? 'socket' : 'device';
}

function readOnce(real: string, expected: BigIntStats, headBytes: number, mostHashed: number): Pick<Inspected, 'kind' | 'head' | 'sha256' | 'md5'> {
  let fd: number | undefined;
  try {
    fd = openSync(bytesOfText(real), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW);
    const stat = fstatSync(fd, { bigint: true });
    // Exchanged since it was looked at.
    if (stat.ino !== expected.ino || stat.dev !== expected.dev || !stat.isFile()) return { kind: 'unreadable', head: Buffer.alloc(0), sha256: null, md5: null };
    return { kind: 'file', ...hashed(fd, headBytes, Number(stat.size) <= mostHashed) };
  } catch {
    return { kind: 'unreadable', head: Buffer.alloc(0), sha256: null, md5: null };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** A file that grows while it is read is hashed up to the limit and then not at all. */
function hashed(fd: number, headBytes: number, whole: boolean): Pick<Inspected, 'head' | 'sha256' | 'md5'> {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  const head: Buffer[] = [];
  let wanted = headBytes;
  let position = 0;
  for (let count = -1; count !== 0 && position <= MOST_HASHED; ) {
    if (!whole && position >= wanted) break;
    count = readSync(fd, chunk, 0, CHUNK, position);
    const part = chunk.subarray(0, count);
    if (position < wanted) head.push(Buffer.from(part.subarray(0, wanted - position)));
    if (position === 0 && part.subarray(0, ELF.length).equals(ELF)) wanted = Math.min(headBytes, BINARY_HEAD);
    if (whole) {
      sha256.update(part);
      md5.update(part);
    }
    position += count;
  }
  const isWhole = whole && position <= MOST_HASHED;
  return { head: Buffer.concat(head).subarray(0, wanted), sha256: isWhole ? sha256.digest('hex') : null, md5: isWhole ? md5.digest('hex') : null };
}

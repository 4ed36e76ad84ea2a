/** osquery's `file`: what stat says, of the target for links that lead somewhere. */
import { lstatSync, readlinkSync, statSync, type BigIntStats } from 'node:fs';
import { errnoOf } from '../../model/errors.ts';
import { modeText } from '../../model/mode.ts';
import type { Row, Table } from '../../model/table.ts';
import { legible, textOfBytes } from '../../model/text.ts';
import { askedPaths, NAMESPACE_COLUMNS, type AskedPath } from './paths.ts';

export const file: Table = {
  name: 'file',
  description: 'Interactive filesystem attributes and metadata.',
  columns: [
    { name: 'path', type: 'TEXT', index: true, required: true, optimized: true },
    { name: 'directory', type: 'TEXT', required: true, optimized: true },
    { name: 'filename', type: 'TEXT' },
    { name: 'inode', type: 'BIGINT' },
    { name: 'uid', type: 'BIGINT' },
    { name: 'gid', type: 'BIGINT' },
    { name: 'mode', type: 'TEXT' },
    { name: 'device', type: 'BIGINT' },
    { name: 'size', type: 'BIGINT' },
    { name: 'block_size', type: 'INTEGER' },
    { name: 'atime', type: 'BIGINT' },
    { name: 'mtime', type: 'BIGINT' },
    { name: 'ctime', type: 'BIGINT' },
    { name: 'btime', type: 'BIGINT' },
    { name: 'hard_links', type: 'INTEGER' },
    { name: 'symlink', type: 'INTEGER' },
    { name: 'type', type: 'TEXT' },
    { name: 'symlink_target_path', type: 'TEXT' },
    ...NAMESPACE_COLUMNS,
  ],
  *generate(context) {
    for (const asked of askedPaths(context)) {
      try {
        const row = rowOf(asked);
        if (row !== undefined) yield row;
      } catch (error) {
        if (errnoOf(error) === 'EACCES') context.warn(`no permission to look at ${asked.path}`);
      }
    }
  },
};

function rowOf({ bytes, path, directory, filename }: AskedPath): Row | undefined {
  const own = lstatSync(bytes, { bigint: true, throwIfNoEntry: false });
  if (own === undefined) return undefined;
  const isLink = own.isSymbolicLink();
  const target = isLink ? followed(bytes) : own;
  const stat = target ?? own;
  return {
    path,
    directory,
    filename,
    inode: stat.ino,
    uid: stat.uid,
    gid: stat.gid,
    mode: modeText(stat.mode),
    device: stat.rdev,
    size: stat.size,
    block_size: stat.blksize,
    atime: stat.atimeMs / 1000n,
    mtime: stat.mtimeMs / 1000n,
    ctime: stat.ctimeMs / 1000n,
    btime: stat.birthtimeMs / 1000n,
    hard_links: stat.nlink,
    symlink: isLink ? 1 : 0,
    type: target === undefined ? 'unknown' : typeOf(target),
    symlink_target_path: isLink ? legible(textOfBytes(readlinkSync(bytes, { encoding: 'buffer' }))) : '',
  };
}

/** undefined for a link that leads nowhere, or in a circle. */
function followed(path: Buffer): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function typeOf(stat: BigIntStats): string {
  if (stat.isFile()) return 'regular';
  if (stat.isDirectory()) return 'directory';
  if (stat.isBlockDevice()) return 'block';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isFIFO()) return 'fifo';
  return stat.isSocket() ? 'socket' : 'unknown';
}

/** osquery's `hash`: digests of regular files. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errnoOf } from '../../model/errors.ts';
import type { QueryContext, Table } from '../../model/table.ts';
import { askedPaths, NAMESPACE_COLUMNS, type AskedPath } from './paths.ts';

const ALGORITHMS = ['md5', 'sha1', 'sha256'] as const;
const PIECE = 1024 * 1024;

export const hash: Table = {
  name: 'hash',
  description: 'Filesystem hash data.',
  columns: [
    { name: 'path', type: 'TEXT', index: true, required: true, optimized: true },
    { name: 'directory', type: 'TEXT', required: true, optimized: true },
    ...ALGORITHMS.map((name) => ({ name, type: 'TEXT' as const, collate: 'nocase' as const })),
    ...NAMESPACE_COLUMNS,
  ],
  *generate(context) {
    for (const asked of askedPaths(context)) {
      const { path, directory } = asked;
      const digests = digestsOf(asked, context);
      if (digests !== undefined) yield { path, directory, ...digests };
    }
  },
};

/** Opened without blocking, so that a FIFO gives nothing instead of hanging. One that is too large (osquery reads none of more than 50 MB) takes half of the time that is left, and has no digests: it keeps none of the others from theirs. */
function digestsOf({ bytes, path }: AskedPath, context: QueryContext): Partial<Record<string, string>> | undefined {
  let fd: number;
  try {
    fd = openSync(bytes, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'EACCES') context.warn(`no permission to read ${path}`);
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return undefined;
    const end = performance.now() + context.msLeft() / 2;
    const hashes = ALGORITHMS.filter((name) => context.uses(name)).map((name) => ({ name, hash: createHash(name) }));
    const piece = Buffer.allocUnsafe(PIECE);
    for (let length = readSync(fd, piece); length > 0; length = readSync(fd, piece)) {
      context.checkpoint();
      if (performance.now() > end) {
        context.warn(`${path} has ${stat.size} bytes: too many to read them all in the time there is, so it has no digests here`);
        return {};
      }
      for (const each of hashes) each.hash.update(piece.subarray(0, length));
    }
    return Object.fromEntries(hashes.map((each) => [each.name, each.hash.digest('hex')]));
  } finally {
    closeSync(fd);
  }
}

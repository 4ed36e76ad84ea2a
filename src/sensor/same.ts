/** Whether what is there now is the file that was known, and as it was. */
import type { Signature } from '../model/baseline.ts';
import type { FileAction } from '../model/event.ts';
import type { Seen } from './document.ts';

/**
 * Some file systems (ext4) give the inode of one that was removed to the next: that one was made after the last change of the
 * one before. Within a tick of the kernel's clock that does not show, and some file systems do not tell it, or not of the last change as exactly: then it is the same.
 */
export function isSame(known: Signature | undefined, stat: Seen['stat']): boolean {
  if (known === undefined || stat === undefined || known.inode !== stat.ino) return false;
  return stat.birthtimeNs <= known.changed + granularityOf(known) || stat.birthtimeNs > stat.ctimeNs;
}

/** FAT keeps the last change to two seconds, others to one; when it was made more exactly. */
function granularityOf({ changed }: Signature): bigint {
  return changed % 1_000_000_000n === 0n ? 2_000_000_000n : 0n;
}

/** What must have happened to it; undefined for nothing. */
export function differenceOf(known: Signature | undefined, stat: Seen['stat']): FileAction | undefined {
  if (stat === undefined || stat.isDirectory()) return known === undefined ? undefined : 'deletion';
  if (known === undefined || known.inode !== stat.ino) return 'creation';
  return known.changed === stat.ctimeNs ? undefined : 'modification';
}

/** Of what was there for a moment there is nothing to compare with later. */
export function signatureOf(stat: Seen['stat']): Signature {
  return stat === undefined ? { inode: 0n, changed: 0n } : { inode: stat.ino, changed: stat.ctimeNs };
}

/** What a rename may leave in the place of a file (RENAME_WHITEOUT of renameat2(2)): a device that is none, for systemd a mask. */
export function isWhiteout(stat: NonNullable<Seen['stat']>): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

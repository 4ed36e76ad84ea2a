/** A small file in the state directory that is there whole or not at all; the directory is ours alone, so that nobody lays links in the way. */
import { closeSync, constants, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

/** Mode 0600, and on disk when it returns. Throws the system error. */
export function writeWhole(path: string, text: string): void {
  const part = `${path}.new`;
  const fd = openSync(part, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(part, path);
}

/** Gives a file of the system another content, all at once: whoever reads it sees the old or the new one, with the same owner, mode and attributes. */
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { exchange, MOST_BYTES, sha256Text } from '../host/exchange.ts';
import { openFile, readOpen, type FileState, type OpenFile } from '../host/files.ts';
import { setTimes, writeXattrs } from '../host/inode.ts';
import { readMounts } from '../host/mounts.ts';
import { show } from '../host/paths.ts';
import { errnoOf, messageOf, TickwardError } from '../model/errors.ts';
import { protectionsOf, withoutProtection, xattrsOf } from './attributes.ts';

export interface Content {
  text: string;
  sha256: string;
  state: FileState;
}

/** Throws REFUSED for what is no plain file, or has other names. Bytes that are no UTF-8 are kept (latin1). */
export function readContent(path: string): Content {
  using file = openFile(path);
  return contentOf(file);
}

/** Why a file could not get another content, as far as that is known before it is tried; undefined where nothing speaks against it. */
export function obstacleToRewrite(path: string): string | undefined {
  if (readMounts().some((mount) => mount.path === path)) return `${show(path)} cannot be exchanged: it is a mount of its own, as in a container (change it where the container is defined)`;
  try {
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return `${show(path)} lies in a directory that cannot be written: ${messageOf(error)}${errnoOf(error) === 'EROFS' ? ' (mount -o remount,rw)' : ''}`;
  }
}

/**
 * `change` gives the new content from the old one, `undefined` to leave it. `announce` is called before the file is touched. An immutable attribute is taken off for as long as
 * it takes. `mtime_ns`: the modification time that it gets. False where nothing was to change. Refuses when somebody else writes it at the same time.
 */
export function rewrite(path: string, change: (content: Content) => string | undefined, announce: (content: Content) => void, mtimeOf: (sha256: string) => string | undefined = () => undefined): boolean {
  using file = openFile(path);
  const before = contentOf(file);
  const text = change(before);
  if (text === undefined || text === before.text) return false;
  const protections = protectionsOf([Buffer.from(path)]);
  announce(before);
  withoutProtection(protections, () => {
    const content = Buffer.from(text, 'latin1');
    const mtime = mtimeOf(sha256Text(content));
    const xattrs = xattrsOf(file.fd) ?? {};
    exchange(Buffer.from(path), before, content, before.state, (fd) => {
      writeXattrs(fd, xattrs);
      if (mtime !== undefined) setTimes(fd, { atime_ns: before.state.atime_ns, mtime_ns: mtime });
    });
  });
  return true;
}

function contentOf(file: OpenFile): Content {
  if (file.state.size > MOST_BYTES) throw new TickwardError('REFUSED', `${show(file.path)} is left as it is: it has ${file.state.size} bytes, more than a file of its kind`, { hint: 'look at it, then shorten it by hand' });
  const content = readOpen(file.fd, MOST_BYTES);
  return { text: content.toString('latin1'), sha256: sha256Text(content), state: file.state };
}
